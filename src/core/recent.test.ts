import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecent } from './recent.ts';

test('remembers the newest keys up to its size, each with its last value', () => {
  const step = fc.record({ key: fc.nat({ max: 9 }), value: fc.nat(), forget: fc.boolean() });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (size, steps) => {
      const recent = createRecent<number, number>(size);
      const model = new Map<number, number>();
      for (const { key, value, forget } of steps) {
        if (forget) {
          recent.delete(key);
          model.delete(key);
        } else {
          expect(recent.set(key, value)).toBe(value);
          model.set(key, value);
          const [oldest] = model.keys();
          if (model.size > size && oldest !== undefined) model.delete(oldest);
        }
        expect(recent.size).toBe(model.size);
        for (let other = 0; other < 10; other += 1) expect(recent.get(other)).toBe(model.get(other));
      }
    }),
  );
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Few } from './few.ts';

test('is the set that it stands for, however many there are', () => {
  const ids = fc.integer({ min: 1, max: 40 });
  const step = fc.record({ type: fc.constantFrom('add', 'delete'), id: ids });
  fc.assert(
    fc.property(fc.array(ids), fc.array(step, { maxLength: 200 }), (given, steps) => {
      const few = new Few(given);
      const set = new Set(given);
      for (const { type, id } of steps) {
        if (type === 'delete') expect(few.delete(id)).toBe(set.delete(id));
        else {
          few.add(id);
          set.add(id);
        }
        expect(few.has(id)).toBe(set.has(id));
        expect([few.size, ...few]).toEqual([set.size, ...set]);
      }
    }),
  );
});

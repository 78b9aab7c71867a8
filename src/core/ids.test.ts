import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_ID, MAX_NODE, createIdSource, firstIdAt, isId, parseId, timeOfId } from './ids.ts';

const NOW = Date.UTC(2026, 5, 1);

describe('an id source', () => {
  test('gives positive integers below 2^53 that grow, whatever the clock does and however many are asked for at once', () => {
    const year = 365 * 24 * 3_600_000;
    const leap = fc.oneof(
      fc.constant(0),
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.integer({ min: -100 * year, max: year }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.record({ leap, burst: fc.integer({ min: 1, max: 600 }) }), { maxLength: 20 }),
        fc.nat({ max: MAX_NODE }),
        (moves, node) => {
          let time = NOW;
          const source = createIdSource({ now: () => time, node });
          let last = 0;
          for (const { leap: by, burst } of moves) {
            time += by;
            for (let at = 0; at < burst; at += 1) {
              const id = source.next();
              if (!(Number.isSafeInteger(id) && id > last)) throw new Error(`${id} after ${last}`);
              last = id;
            }
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(MAX_ID).toBe(2 ** 53 - 1);
  });

  test('stays below 2^53 to the end of its time, and then gives none rather than a wrong one', () => {
    let time = Date.UTC(2059, 9, 1);
    const source = createIdSource({ now: () => time, node: MAX_NODE });
    for (let at = 0; at < 1_000; at += 1) expect(isId(source.next())).toBe(true);
    time = Date.UTC(2060, 0, 1);
    for (let at = 0; at < 3; at += 1) expect(() => source.next()).toThrow(/is the clock right/);
  });

  test('gives positive ids from a clock that was never set', () => {
    const source = createIdSource({ now: () => 0 });
    expect(isId(source.next())).toBe(true);
  });

  test('goes on after the newest id of an earlier run, in its own milliseconds', () => {
    const first = createIdSource({ now: () => NOW });
    const ids = Array.from({ length: 700 }, () => first.next());
    const second = createIdSource({ now: () => NOW - 60_000 });
    second.startAfter(ids.at(-1) ?? 0);
    expect(second.next()).toBeGreaterThan(ids.at(-1) ?? 0);
    second.startAfter(ids[0] ?? 0);
    expect(second.next()).toBeGreaterThan(ids.at(-1) ?? 0);
  });

  test('of different nodes never gives the same id', () => {
    const sources = [0, 1, MAX_NODE].map((node) => createIdSource({ now: () => NOW, node }));
    const ids = sources.flatMap((source) => Array.from({ length: 1_000 }, () => source.next()));
    expect(new Set(ids).size).toBe(3_000);
  });

  test.each([-1, 0.5, MAX_NODE + 1, Number.NaN])('refuses node %s', (node) => {
    expect(() => createIdSource({ now: () => NOW, node })).toThrow(/node must be 0 to 31/);
  });
});

describe('the time in an id', () => {
  test('is when it was given, and the first id of a time is not above any id of that time', () => {
    let time = NOW;
    const source = createIdSource({ now: () => time });
    for (let at = 0; at < 100; at += 1, time += at) {
      const id = source.next();
      expect(timeOfId(id)).toBe(time);
      expect(firstIdAt(time)).toBeLessThanOrEqual(id);
      expect(firstIdAt(time + 1)).toBeGreaterThan(id);
    }
    expect(firstIdAt(0)).toBe(1);
  });
});

describe('an id from outside', () => {
  test.each(['1', '9007199254740991', '4503599627370496'])('%s is one', (value) => {
    expect(parseId(value)).toBe(Number(value));
    expect(isId(Number(value))).toBe(true);
  });

  test.each([
    '',
    '0',
    '-1',
    '+1',
    '01',
    '1.0',
    '1e3',
    ' 1',
    '1 ',
    '1\n',
    '0x1',
    '9007199254740992',
    '99999999999999999',
    '١',
    'NaN',
  ])('%j is none', (value) => {
    expect(parseId(value)).toBeUndefined();
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, '1', 1n, null, undefined])('the value %s is none', (value) => {
    expect(isId(value)).toBe(false);
  });
});

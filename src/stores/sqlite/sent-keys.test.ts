import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstIdAt } from '../../core/index.ts';
import { openDatabase } from './database.ts';
import { MIGRATIONS } from './schema.ts';
import { KEY_LIFETIME_MS, createSentKeys, hashKey } from './sent-keys.ts';
import { query } from './statements.ts';
import { createWriteBehind } from './write-behind.ts';

const NOW = Date.UTC(2026, 0, 1);

function opened(maxKeys?: number) {
  const db = openDatabase(':memory:');
  for (const { sql } of MIGRATIONS) db.exec(sql);
  const behind = createWriteBehind({ db });
  return { db, behind, keys: createSentKeys({ db, behind, ...(maxKeys !== undefined && { maxKeys }) }) };
}

describe('the hash of a key', () => {
  test.each<[string, (at: number) => string]>([
    ['counted from 1', (at) => `${at}`],
    ['with a prefix', (at) => `conversation-12-${at}`],
    ['of time and count', (at) => `${NOW + (at >> 3)}-${at & 7}`],
    [
      'as UUIDs',
      (at) =>
        `0190f5c0-${(at >>> 16).toString(16).padStart(4, '0')}-7000-8000-${(at * 2_654_435_761).toString(16).padStart(12, '0')}`,
    ],
    ['short', (at) => String.fromCharCode(32 + (at % 90), 32 + (Math.floor(at / 90) % 90), 32 + Math.floor(at / 8_100))],
  ])('tells keys %s apart, and is a number that a chunk can hold', (_, key) => {
    const hashes = new Set<number>();
    for (let at = 0; at < 100_000; at += 1) hashes.add(hashKey(key(at)));
    expect(hashes.size).toBe(100_000);
    expect([...hashes].every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true);
  });
});

describe('sent keys', () => {
  test('are found until they are a day old, whatever was written, forgotten and restored', () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('add' as const),
          user: fc.nat({ max: 2 }),
          key: fc.nat({ max: 200 }),
          count: fc.integer({ min: 1, max: 40 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constantFrom('write' as const, 'reset' as const, 'prune' as const),
          user: fc.constant(0),
          key: fc.constant(0),
          count: fc.constant(0),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('wait' as const),
          user: fc.constant(0),
          key: fc.constant(0),
          count: fc.integer({ min: 1, max: 14 }),
        }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(30, 1_000_000), (steps, maxKeys) => {
        const { behind, keys } = opened(maxKeys);
        let now = NOW;
        let id = 0;
        /** What the log would tell again after a restart. */
        const log: { user: number; hash: number; id: number }[] = [];
        const model = new Map<string, number>();
        for (const { do: what, user, key, count } of steps) {
          if (what === 'wait') now += (count * KEY_LIFETIME_MS) / 10;
          else if (what === 'write') behind.writeSome(2);
          else if (what === 'prune') keys.prune(now);
          else if (what === 'reset') {
            behind.reset();
            keys.reset();
            for (const entry of log) if (entry.id > behind.restoreFrom) keys.add(1, entry.user, entry.hash, entry.id, now);
          } else {
            for (let at = 0; at < count; at += 1) {
              id = Math.max(id + 1, firstIdAt(now));
              const hash = hashKey(`${key + at}`);
              log.push({ user, hash, id });
              model.set(`${user} ${hash}`, id);
              keys.add(1, user, hash, id, now);
            }
          }
        }
        for (let user = 0; user < 3; user += 1) {
          for (let key = 0; key < 240; key += 7) {
            const hash = hashKey(`${key}`);
            const expected = model.get(`${user} ${hash}`);
            const alive = expected !== undefined && expected >= firstIdAt(now - KEY_LIFETIME_MS);
            expect(keys.find(1, user, hash, now)).toBe(alive ? expected : undefined);
            expect(keys.find(2, user, hash, now)).toBeUndefined();
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('are removed from the file when they are a day old', async () => {
    const { db, behind, keys } = opened();
    const rows = () => query<{ count: number }>(db, 'SELECT count(*) AS count FROM key_chunk').get()?.count;
    for (let at = 0; at < 300; at += 1) keys.add(1, 1, hashKey(`${at}`), firstIdAt(NOW) + at, NOW);
    behind.writeSome(10);
    expect(rows()).toBe(5);
    keys.prune(NOW + KEY_LIFETIME_MS);
    expect(rows()).toBe(5);
    keys.prune(NOW + KEY_LIFETIME_MS + 1);
    expect(rows()).toBe(0);
    await db.close();
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { MIGRATIONS } from './schema.ts';
import { createWriteBehind } from './write-behind.ts';
import type { Unwritten } from './write-behind.ts';

/** An item that knows how far it was written. */
interface Item extends Unwritten {
  newest: number;
  written: number;
}

function newItem(): Item {
  const item: Item = {
    newest: 0,
    written: 0,
    unwritten: false,
    write() {
      item.written = item.newest;
    },
  };
  return item;
}

function opened() {
  const db = openDatabase(':memory:');
  for (const { sql } of MIGRATIONS) db.exec(sql);
  return { db, behind: createWriteBehind({ db }) };
}

describe('writing behind', () => {
  test('an item changed many times is written once, with all of it', async () => {
    const { db, behind } = opened();
    const item = newItem();
    for (let id = 1; id <= 5; id += 1) {
      item.newest = id;
      behind.add(item, id);
    }
    expect(behind.size).toBe(1);
    expect(behind.writeSome(10)).toBe(false);
    expect([item.written, behind.size, behind.restoreFrom]).toEqual([5, 0, 5]);
    expect(behind.writeSome(10)).toBe(false);
    await db.close();
  });

  test('what was written is what a restart need not read again: at no moment is a place claimed that is not all written', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), item: fc.nat({ max: 6 }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('some' as const), item: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('now' as const), item: fc.nat({ max: 6 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { behind } = opened();
        const items = Array.from({ length: 7 }, newItem);
        const changes: { id: number; item: Item }[] = [];
        for (const { do: what, item: number } of steps) {
          const item = items[number % items.length];
          if (item === undefined) continue;
          if (what === 'some') behind.writeSome(number);
          else if (what === 'now') behind.writeNow(item);
          else {
            item.newest = changes.length + 1;
            changes.push({ id: item.newest, item });
            behind.add(item, item.newest);
          }
          const lost = changes.filter(({ id, item: changed }) => id <= behind.restoreFrom && changed.written < id);
          expect(lost).toEqual([]);
          expect(behind.size).toBe(items.filter(({ unwritten }) => unwritten).length);
        }
        while (behind.writeSome(1));
        while (behind.size > 0) behind.writeSome(1);
        expect(items.every(({ newest, written }) => newest === written)).toBe(true);
      }),
    );
  });

  test('is forgotten when a transaction was undone, back to what the file says', async () => {
    const { db, behind } = opened();
    const item = newItem();
    behind.add(item, 7);
    await db.transaction(() => behind.writeSome(10));
    behind.add(item, 9);
    await db.transaction(() => behind.writeSome(10));
    expect(behind.restoreFrom).toBe(9);
    await db
      .transaction(() => {
        behind.add(item, 11);
        behind.writeSome(10);
        throw new Error('no');
      }, behind.reset)
      .catch(() => undefined);
    expect([behind.restoreFrom, behind.size]).toEqual([9, 0]);
    await db.close();
  });
});

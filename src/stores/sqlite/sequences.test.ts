import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { createNamespaces } from './namespaces.ts';
import { toConversation } from './rows.ts';
import type { ConversationRow } from './rows.ts';
import { MIGRATIONS } from './schema.ts';
import { CHUNK, createSequences, decodeNumbers, encodeNumbers } from './sequences.ts';
import type { Sequence } from './sequences.ts';
import { query, statement } from './statements.ts';
import { createWriteBehind } from './write-behind.ts';

const CONVERSATION = 5;

/** One conversation over a real database, whose log the test writes itself. */
function opened() {
  const db = openDatabase(':memory:');
  for (const { sql } of MIGRATIONS) db.exec(sql);
  const namespaces = createNamespaces({ db });
  const behind = createWriteBehind({ db });
  const sequences = createSequences({ db, namespaces, behind, onRestore() {} });
  db.exec(
    `INSERT INTO conversation (id, namespace, kind, name, notice, creator, created_at, version) VALUES (${CONVERSATION}, 1, 'group', '', '', 0, 0, 1)`,
  );
  namespaces.ensure('default');
  const row = query<ConversationRow>(db, 'SELECT * FROM conversation').get();
  if (row === undefined) throw new Error('there is no conversation');
  const insert = statement(
    db,
    "INSERT INTO message (id, conversation, idx, sender, kind, state, door, session) VALUES (?, ?, ?, ?, 0, 0, '', 0)",
  );
  sequences.create(row, toConversation(row, 'default'));
  let lastId = 100;
  return {
    db,
    behind,
    sequences,
    sequence(): Sequence {
      const sequence = sequences.get(CONVERSATION);
      if (sequence === undefined) throw new Error('the conversation is gone');
      return sequence;
    },
    append(sender: number): number {
      const sequence = this.sequence();
      const index = sequence.lastIndex + 1;
      // Ids have holes.
      lastId += 3;
      insert.run(lastId, CONVERSATION, index, sender);
      sequences.append(sequence, lastId, index, sender);
      return lastId;
    },
  };
}

type Step = { readonly do: 'append' | 'write' | 'trim' | 'restore'; readonly count: number };

describe('a sequence', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('append' as const),
        count: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 100, max: 300 })),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), count: fc.constant(1) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), count: fc.nat({ max: 1_000 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('restore' as const), count: fc.constant(1) }) },
  );

  test('answers as the plain list of its ids, whatever was written, removed and restored', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.array(fc.nat({ max: 3_000 }), { minLength: 8, maxLength: 8 }),
        (steps, places) => {
          const setting = opened();
          /** Id at each index; those below `first` are removed. */
          const ids: number[] = [0];
          let first = 1;
          for (const { do: what, count } of steps) {
            if (what === 'append') for (let at = 0; at < count; at += 1) ids.push(setting.append(1));
            else if (what === 'write') setting.behind.writeSome(10);
            else if (what === 'restore') {
              setting.behind.reset();
              setting.sequences.restore();
            } else {
              const before = Math.max(first, 1 + (count % ids.length));
              if (before > first) setting.sequences.trim(setting.sequence(), before, ids[before - 1] ?? 0);
              first = before;
            }
          }
          const { sequences } = setting;
          const sequence = setting.sequence();
          const last = ids.length - 1;
          expect(sequences.head(sequence)).toMatchObject({ lastIndex: last, lastId: ids.at(-1), firstIndex: first });
          expect(sequences.idsBetween(sequence, 1, Number.MAX_SAFE_INTEGER)).toEqual(ids.slice(first));
          const borders = [0, 1, first - 1, first, CHUNK, CHUNK + 1, 2 * CHUNK, last - 1, last, last + 1];
          for (const [at, index] of [...borders, ...places.map((place) => place % (last + 2))].entries()) {
            expect(sequences.idAt(sequence, index)).toBe(index >= first && index <= last ? ids[index] : 0);
            const to = index + (places[at % places.length] ?? 0);
            expect(sequences.idsBetween(sequence, index, to)).toEqual(ids.slice(Math.max(first, index), Math.max(first, to + 1)));
            for (const id of [(ids[index] ?? 0) - 1, ids[index] ?? 0, (ids[index] ?? 0) + 1]) {
              const newest = ids.findLastIndex((one, place) => place >= first && one <= id);
              expect(sequences.indexUpTo(sequence, id)).toBe(newest < 0 ? first - 1 : newest);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('counts what members have sent, and goes on counting after a restart', () => {
    const setting = opened();
    setting.db.exec(
      `INSERT INTO membership (conversation, user, namespace, role, joined_at, delivered_index, read_index) VALUES (${CONVERSATION}, 1, 1, 'member', 0, 0, 0)`,
    );
    const { sequences, behind } = setting;
    for (let at = 0; at < 5; at += 1) setting.append(1);
    setting.append(9);
    expect([1, 2].map((user) => sequences.authored(setting.sequence(), user))).toEqual([5, 0]);
    behind.writeSome(10);
    setting.append(1);
    behind.reset();
    sequences.restore();
    expect(sequences.authored(setting.sequence(), 1)).toBe(6);
  });
});

test('numbers below 2^53 are kept exactly', () => {
  const number = fc.maxSafeNat();
  fc.assert(
    fc.property(fc.array(number), (numbers) => {
      expect(decodeNumbers(encodeNumbers(numbers))).toEqual(numbers);
    }),
  );
});

import { DatabaseSync, StatementSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createClock } from '../../../test/support/clock.ts';
import type { Operation, Store } from '../../core/index.ts';
import { openSqliteStore } from '../sqlite.ts';
import { READ_KEYS } from './accounts.ts';
import { READ_LARGE, READ_LISTED } from './activity.ts';
import { MIGRATIONS } from './schema.ts';

const ME = 1;
const ORIGIN = { door: 'test', session: 0 };
const NAMESPACE = 'default';

interface Cost {
  readonly statements: number;
  readonly rows: number;
}

/** What the database was asked while something was done, and how many rows it gave. */
async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const { all, get } = StatementSync.prototype;
  let statements = 0;
  let rows = 0;
  const spies = [
    vi.spyOn(StatementSync.prototype, 'all').mockImplementation(function (this: StatementSync, ...values) {
      const found = all.apply(this, values);
      statements += 1;
      rows += found.length;
      return found;
    }),
    vi.spyOn(StatementSync.prototype, 'get').mockImplementation(function (this: StatementSync, ...values) {
      const found = get.apply(this, values);
      statements += 1;
      if (found !== undefined) rows += 1;
      return found;
    }),
  ];
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return { statements, rows };
}

function creating(users: readonly number[]): Operation {
  const members = users.map((user) => ({ user, role: 'member' as const }));
  return { type: 'create', namespace: NAMESPACE, kind: 'group', name: '', notice: '', creator: 0, members, origin: ORIGIN };
}

/** A store in which I have `mine` chats, one every ten minutes with a message in each, among `others` of other people. */
async function storeWith(mine: number, others: number): Promise<Store> {
  const clock = createClock();
  const store = await openSqliteStore({ folder: ':memory:', now: clock.now });
  onTestFinished(() => store.close());
  await store.commit(
    Array.from({ length: 500 }, (_, at) => ({ type: 'user', namespace: NAMESPACE, id: at + 1, name: `User ${at + 1}` }) as const),
  );
  await store.commit(Array.from({ length: others }, (_, at) => creating([2 + (at % 400), 402 + (at % 90)])));
  for (let at = 0; at < mine; at += 1) {
    const [created] = await store.commit([creating([ME, 2 + (at % 400)])]);
    if (created?.type !== 'create') throw new Error('no chat was made');
    await store.commit([
      {
        type: 'append',
        namespace: NAMESPACE,
        sender: 2 + (at % 400),
        conversation: created.conversation.id,
        peer: 0,
        version: 1,
        content: { kind: 'text', text: 'hello' },
        origin: ORIGIN,
      },
    ]);
    clock.advance(600_000);
  }
  return store;
}

async function costOfList(store: Store): Promise<Cost> {
  return costOf(async () => {
    const page = await store.summaries(NAMESPACE, ME, 0, 10);
    expect(page).toHaveLength(10);
    expect(page.map(({ unread }) => unread)).toEqual(Array.from({ length: 10 }, () => 1));
    await store.rosters(
      page.map(({ head }) => head.conversation.id),
      100,
    );
  });
}

describe('a page of the list of chats costs what it shows', () => {
  test('among ten chats of other people as among five thousand, with fifteen of my own as with three hundred', async () => {
    const cost = await costOfList(await storeWith(15, 10));
    expect(await costOfList(await storeWith(15, 5_000))).toEqual(cost);
    expect(await costOfList(await storeWith(300, 10))).toEqual(cost);
    // Of each chat: its newest message, its members with their accounts, and whether anything is gone.
    expect(cost.statements).toBeLessThanOrEqual(10 * 8 + 3);
    expect(cost.rows).toBeLessThanOrEqual(10 * 8 + 10);
  });

  test('by plans that look nothing through', () => {
    const db = new DatabaseSync(':memory:');
    for (const { sql } of MIGRATIONS) db.exec(sql);
    const planOf = (sql: string): string[] =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...Array.from(sql.matchAll(/\?/g), () => 1))
        .map(({ detail }) => String(detail));
    expect(planOf(READ_LISTED)).toEqual([
      expect.stringMatching(
        /^SEARCH m USING (COVERING )?INDEX membership_listed \(namespace=\? AND user=\? AND listed>\? AND \(listed,conversation\)<\(\?,\?\)\)$/,
      ),
      expect.stringMatching(/^SEARCH c USING INTEGER PRIMARY KEY/),
    ]);
    expect(planOf(READ_LARGE)).toEqual([
      expect.stringMatching(/^SEARCH m USING (COVERING )?INDEX membership_listed \(namespace=\? AND user=\? AND listed=\?\)/),
      expect.stringMatching(/^SEARCH c USING INTEGER PRIMARY KEY/),
    ]);
    expect(planOf(READ_KEYS)).toEqual([
      expect.stringMatching(/^SEARCH user_key USING PRIMARY KEY \(namespace=\? AND \(key,user\)>\(\?,\?\) AND key<\?\)$/),
    ]);
    db.close();
  });
});

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { newFolder } from '../../../test/support/sqlite-places.ts';
import { openDatabase } from './database.ts';
import { query, statement } from './statements.ts';

async function withTable() {
  const db = openDatabase(':memory:');
  db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT');
  const insert = statement(db, 'INSERT INTO t (a) VALUES (?)');
  const rows = () =>
    query<{ a: number }>(db, 'SELECT a FROM t ORDER BY a')
      .all()
      .map(({ a }) => a);
  return { db, insert, rows };
}

describe('what was erased', () => {
  test('is not in the log either when the transaction that empties it resolves', async () => {
    const folder = newFolder();
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const db = openDatabase(folder);
    const log = (): string => readFileSync(join(folder, 'switchboard.db-wal')).toString('latin1');
    db.exec('CREATE TABLE t (a TEXT) STRICT');
    const insert = statement(db, 'INSERT INTO t (a) VALUES (?)');
    await db.transaction(() => insert.run('a secret word'));
    expect(log()).toContain('a secret word');
    const remove = statement(db, "DELETE FROM t WHERE a = 'a secret word'");
    let shown: string | undefined;
    const erased = db.transaction(() => {
      remove.run();
      db.erased();
      db.emptyLog();
    });
    // Whoever is to be told of it waits for the log as well.
    void db.durable()?.then(() => (shown = log()));
    await erased;
    await setImmediate();
    expect([log(), shown ?? '']).toEqual(['', '']);
    expect(db.isLogStale()).toBe(false);
    await db.transaction(() => insert.run('another'));
    expect(log()).toContain('another');
    await db.close();
  });
});

describe('a transaction', () => {
  test('returns what its work returns, once it is stored', async () => {
    const { db, insert, rows } = await withTable();
    expect(await db.transaction(() => insert.run(1) + insert.run(2))).toBe(2);
    expect(rows()).toEqual([1, 2]);
    expect(db.durable()).toBeUndefined();
    await db.close();
  });

  test('on disk is durable when it resolves: nothing is left to wait for', async () => {
    const folder = newFolder();
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const db = openDatabase(folder);
    db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT');
    const insert = statement(db, 'INSERT INTO t (a) VALUES (?)');
    for (let at = 1; at <= 30; at += 1) {
      const done = db.transaction(() => insert.run(at));
      const waiting = db.durable();
      await done;
      expect(db.durable()).toBeUndefined();
      // Whoever asks while the disk is at it waits for the very same sync.
      await waiting;
    }
    await db.close();
  });

  test('whose work throws leaves nothing, puts memory back before anybody can look, and the next one works', async () => {
    const { db, insert, rows } = await withTable();
    const seen: string[] = [];
    const failed = db
      .transaction(
        () => {
          insert.run(1);
          void Promise.resolve().then(() => seen.push('looked'));
          throw new Error('no');
        },
        () => seen.push(`undone with ${rows().length} rows`),
      )
      .catch((error: unknown) => seen.push(String(error)));
    await failed;
    await setImmediate();
    expect(seen).toEqual(['undone with 0 rows', 'looked', 'Error: no']);
    await db.transaction(() => insert.run(2));
    expect(rows()).toEqual([2]);
    await db.close();
  });

  test('that the database refuses is undone as a whole', async () => {
    const { db, insert, rows } = await withTable();
    let undone = 0;
    const work = () => [1, 2, 1].map((value) => insert.run(value));
    await expect(db.transaction(work, () => (undone += 1))).rejects.toThrow(/UNIQUE/);
    expect([undone, rows()]).toEqual([1, []]);
    await db.close();
  });

  test('after memory could not be put back answers nothing any more: nobody knows what is true', async () => {
    const { db, insert } = await withTable();
    const broken = db.transaction(
      () => {
        throw new Error('no');
      },
      () => {
        throw new Error('nor back');
      },
    );
    await expect(broken).rejects.toThrow(/Restart the server/);
    await expect(db.transaction(() => insert.run(1))).rejects.toThrow(/Restart the server/);
    await expect(db.durable()).rejects.toThrow(/Restart the server/);
    await db.close();
  });
});

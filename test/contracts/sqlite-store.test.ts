import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Conversation, Id, Store } from '../../src/core/index.ts';
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import { MIGRATIONS } from '../../src/stores/sqlite/schema.ts';
import { createClock } from '../support/clock.ts';
import { copyFolder, folderPlace, memoryPlace, newFolder } from '../support/sqlite-places.ts';
import { storeContract } from './store.contract.ts';
import {
  ORIGIN,
  apply,
  createGroup,
  creating,
  send,
  sendMany,
  sending,
  succeeded,
  text,
  unreadOf,
  wholeHistory,
} from './store/subject.ts';

storeContract('SQLite in memory', { place: memoryPlace, restarts: [], runs: 100 });
storeContract('SQLite on disk', { place: folderPlace, restarts: ['reopen', 'crash'], runs: 30 });

/** A folder that goes away with the test. */
function ownFolder(make: () => string = newFolder): string {
  const folder = make();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store that is closed with the test, if the test has not closed it. */
async function open(folder: string, now?: () => number): Promise<Store> {
  const store = await openSqliteStore({ folder, ...(now && { now }) });
  onTestFinished(() => store.close().catch(() => undefined));
  return store;
}

/** What another program sees in the file. */
function inspect<R>(folder: string, look: (db: DatabaseSync) => R): R {
  const db = new DatabaseSync(join(folder, 'switchboard.db'));
  try {
    return look(db);
  } finally {
    db.close();
  }
}

function numberFrom(db: DatabaseSync, sql: string, ...values: number[]): number {
  return Number(Object.values(db.prepare(sql).get(...values) ?? {})[0]);
}

describe('the data folder', () => {
  test('is made for its owner alone and holds one database in write-ahead mode', async () => {
    const folder = join(ownFolder(), 'a', 'b');
    await open(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(readdirSync(folder).toSorted()).toEqual(['lock.db', 'switchboard.db', 'switchboard.db-shm', 'switchboard.db-wal']);
    expect(inspect(folder, (db) => db.prepare('PRAGMA journal_mode').get())).toEqual({ journal_mode: 'wal' });
  });

  test('has files that are their owner’s alone, where the folder is open to others and where they were', async () => {
    const folder = ownFolder();
    chmodSync(folder, 0o755);
    const first = await open(folder);
    const modes = () => readdirSync(folder).map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8));
    expect(new Set(modes())).toEqual(new Set(['600']));
    const group = await createGroup(first, [1]);
    await first.close();
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
    const second = await open(folder);
    expect(new Set(modes())).toEqual(new Set(['600']));
    expect(await second.head(group.id)).toBeDefined();
  });

  test('belongs to one store at a time', async () => {
    const folder = ownFolder();
    const first = await open(folder);
    await expect(openSqliteStore({ folder })).rejects.toThrow(/in use by another Switchboard/);
    const group = await createGroup(first, [1]);
    await first.close();
    const second = await open(folder);
    expect(await second.head(group.id)).toBeDefined();
  });

  test('is free again when its process is killed, with all it had acknowledged', async () => {
    const folder = ownFolder();
    const program = `
      import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, '../../src/stores/sqlite.ts'))};
      const store = await openSqliteStore({ folder: process.argv[1] });
      for (let at = 1; at <= 50; at += 1) await store.commit([{ type: 'user', namespace: 'default', id: at }]);
      process.stdout.write('stored');
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    await expect(openSqliteStore({ folder })).rejects.toThrow(/in use/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await open(folder);
    expect(await store.user('default', 50)).toMatchObject({ id: 50 });
  });

  test('is let go of when what lies in it is no database', async () => {
    const folder = ownFolder();
    const path = join(folder, 'switchboard.db');
    const foreign = 'This is a letter, and not a database. '.repeat(200);
    writeFileSync(path, foreign);
    await expect(openSqliteStore({ folder })).rejects.toThrow(/not a database/);
    expect(readFileSync(path, 'utf8')).toBe(foreign);
    rmSync(path);
    await open(folder);
  });
});

describe('the schema', () => {
  test.each([
    ['a migration that was changed', "UPDATE migration SET checksum = 'other'", /Migration 1 \(core\) differs/],
    [
      'a schema of a newer version',
      "INSERT INTO migration VALUES (99, 'future', 'x', 0)",
      /written by a newer version \(schema 99/,
    ],
  ])('%s is refused, and the file is left as it is', async (_, sql, message) => {
    const folder = ownFolder();
    const store = await open(folder);
    await createGroup(store, [1]);
    await store.close();
    inspect(folder, (db) => db.exec(sql));
    const before = readFileSync(join(folder, 'switchboard.db'));
    for (let attempt = 0; attempt < 2; attempt += 1) await expect(openSqliteStore({ folder })).rejects.toThrow(message);
    expect(readFileSync(join(folder, 'switchboard.db')).equals(before)).toBe(true);
    expect(readdirSync(folder).toSorted()).toEqual(['lock.db', 'switchboard.db']);
  });

  test('is applied once and remembered', async () => {
    const folder = ownFolder();
    for (let start = 0; start < 3; start += 1) await (await open(folder)).close();
    expect(inspect(folder, (db) => db.prepare('SELECT number, name, length(checksum) AS length FROM migration').all())).toEqual(
      MIGRATIONS.map(({ number, name }) => ({ number, name, length: 64 })),
    );
  });
});

describe('an abrupt stop', () => {
  test('with the end of the write-ahead log torn leaves a beginning of what was committed, whole in itself', async () => {
    const folder = ownFolder();
    const first = await open(folder);
    const group = await createGroup(first, [1, 2]);
    await first.close();
    const store = await open(folder);
    for (let batch = 0; batch < 12; batch += 1) await sendMany(store, group, [1, 1, 2], 30);
    const size = statSync(join(folder, 'switchboard.db-wal')).size;
    const counts: number[] = [];
    for (const part of [1, 0.95, 0.8, 0.6, 0.4]) {
      const left = ownFolder(() => copyFolder(folder));
      truncateSync(join(left, 'switchboard.db-wal'), Math.floor(size * part));
      const again = await open(left);
      const messages = await wholeHistory(again, group.id);
      counts.push(messages.length);
      expect(messages.length % 30).toBe(0);
      expect(messages.map(({ index }) => index)).toEqual(messages.map((_, at) => at + 1));
      expect(await unreadOf(again, group.id, 1)).toBe(messages.length / 3);
      expect((await again.events(0, 1_000)).filter(({ type }) => type === 'message.sent')).toHaveLength(messages.length);
      expect((await send(again, group, 1)).index).toBe(messages.length + 1);
    }
    expect(counts[0]).toBe(360);
    expect(counts).toEqual(counts.toSorted((one, other) => other - one));
    expect(counts.at(-1)).toBeLessThan(360);
  });

  describe('while the index is being written', () => {
    afterEach(() => vi.useRealTimers());

    test('in the middle of a pass loses nothing, at any of its steps', async () => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const folder = ownFolder();
      const store = await open(folder);
      const groups: Conversation[] = [];
      for (const outcome of await store.commit(Array.from({ length: 90 }, () => creating([1, 2]))))
        groups.push(succeeded(creating([]), outcome).conversation);
      const keyed = (at: number) =>
        sending(groups[at % 90] ?? missing(), 1 + (at % 2), { key: `key ${at}`, content: text(`${at}`) });
      let sent = 0;
      for (let round = 0; round < 8; round += 1) {
        await store.commit(Array.from({ length: 150 }, () => keyed(sent++)));
        // One step of the pass gets its turn between two commits.
        if (round % 4 === 0) vi.advanceTimersByTime(3_000);
        await store.commit([keyed(sent++)]);
        const again = await open(ownFolder(() => copyFolder(folder)));
        const each = groups.map((_, at) =>
          Array.from({ length: sent }, (__, number) => number).filter((number) => number % 90 === at),
        );
        for (const [at, numbers] of each.entries()) {
          const { id } = groups[at] ?? missing();
          expect((await wholeHistory(again, id)).map(({ content }) => content?.text)).toEqual(numbers.map(String));
          expect(await unreadOf(again, id, 1)).toBe(numbers.filter((number) => number % 2 === 1).length);
        }
        const repeats = await again.commit(Array.from({ length: sent }, (_, number) => keyed(number)));
        expect(repeats.every((outcome) => outcome.type === 'append' && outcome.duplicate)).toBe(true);
        await again.close();
      }
    });
  });
});

describe('erasure', () => {
  const SECRET = 'the sun rises in the west';

  function traces(folder: string): string[] {
    return inspect(folder, (db) => {
      const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
      return tables.flatMap(({ name }) =>
        db
          .prepare(`SELECT * FROM ${String(name)}`)
          .all()
          .flatMap((row) => (JSON.stringify(Object.values(row).map(String)).includes(SECRET) ? [String(name)] : [])),
      );
    });
  }

  test.each([
    ['short', SECRET],
    ['long', `${SECRET} `.repeat(2_000)],
  ])('of a %s text that was recalled, expired, trimmed or deleted leaves no trace in rows or file', async (_, secret) => {
    const folder = ownFolder();
    const clock = createClock();
    const store = await open(folder, clock.now);
    const group = await createGroup(store, [1]);
    const trimmed = await createGroup(store, [1]);
    const deleted = await createGroup(store, [1]);
    const content = text(secret);
    const write = async (conversation: Conversation, rest = {}): Promise<Id> => {
      const { id } = await send(store, conversation, 1, { content, ...rest });
      await apply(store, { type: 'edit', message: id, user: 1, content: text(`${secret}!`), origin: ORIGIN });
      return id;
    };
    const recalled = await write(group);
    await write(group, { expiresAfter: 1_000 });
    await write(trimmed);
    await write(deleted, { expiresAfter: 1_000_000 });
    await send(store, group, 1, { content: text('kept') });
    await store.close();
    expect([...new Set(traces(folder))].toSorted()).toEqual(['message', 'revision']);

    const again = await open(folder, clock.now);
    clock.advance(1_000);
    await again.commit([
      { type: 'recall', message: recalled, user: 1, origin: ORIGIN },
      { type: 'expire', now: clock.now(), limit: 10 },
      { type: 'trim', conversation: trimmed.id, before: 2 },
      { type: 'delete', conversation: deleted.id, user: 1, origin: ORIGIN },
    ]);
    await again.close();
    expect(traces(folder)).toEqual([]);
    expect(readFileSync(join(folder, 'switchboard.db')).includes(SECRET)).toBe(false);
    expect(readFileSync(join(folder, 'switchboard.db')).includes('kept')).toBe(true);
    expect(inspect(folder, (db) => numberFrom(db, 'SELECT count(*) FROM expiry'))).toBe(0);
  });

  describe('of a deleted conversation', () => {
    afterEach(() => vi.useRealTimers());

    test('goes on in slices between the commits of others, takes every row and no other', async () => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const folder = ownFolder();
      const store = await open(folder);
      const group = await createGroup(store, [1, 2]);
      const other = await createGroup(store, [1, 2]);
      for (let round = 0; round < 4; round += 1) {
        await sendMany(store, group, [1, 2], 1_000);
        await sendMany(store, other, [1, 2], 100);
      }
      await apply(store, { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN });
      const rows = (table: string, id: Id) =>
        inspect(folder, (db) => numberFrom(db, `SELECT count(*) FROM ${table} WHERE conversation = ?`, id));
      expect(rows('message', group.id)).toBe(4_000);
      vi.advanceTimersByTime(3_000);
      await send(store, other, 1);
      const left = rows('message', group.id);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(4_000);
      while (rows('message', group.id) > 0) await setImmediate();
      await store.close();
      for (const table of ['message', 'chunk', 'membership', 'gone', 'erasure'])
        expect([table, rows(table, group.id)]).toEqual([table, 0]);
      expect(rows('message', other.id)).toBe(401);
      const again = await open(folder);
      expect(await wholeHistory(again, other.id)).toHaveLength(401);
    });
  });
});

describe('the write-ahead log', () => {
  test('starts over while writes go on, again and again', async () => {
    const folder = ownFolder();
    const store = await open(folder);
    const group = await createGroup(store, [1]);
    const { id } = await send(store, group, 1);
    const long = 'x'.repeat(60_000);
    const watcher = new DatabaseSync(join(folder, 'switchboard.db'));
    onTestFinished(() => watcher.close());
    const look = watcher.prepare('PRAGMA wal_checkpoint(NOOP)');
    let restarts = 0;
    let pages = 0;
    // Each edit dirties some 130 kB of pages, so the log would pass 16 MB after 130; a slow disk may take a few times that.
    for (let edits = 0; restarts < 3 && edits < 5_000; edits += 1) {
      await apply(store, { type: 'edit', message: id, user: 1, content: text(`${edits} ${long}`), origin: ORIGIN });
      const now = Number(look.get()?.['log']);
      if (now < pages) restarts += 1;
      pages = now;
      if (edits % 10 === 0) await setImmediate();
    }
    expect(restarts).toBe(3);
  });
});

function missing(): never {
  throw new Error('the test asked for a conversation it has not made');
}

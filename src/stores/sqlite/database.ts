/**
 * The database file and when it is durable.
 *
 * A transaction is committed without SQLite's own sync (`synchronous=NORMAL` in WAL mode); then the write-ahead log is synced by us and only
 * then does `transaction` resolve: the same guarantee as `synchronous=FULL`, with the wait off the event loop whenever the disk is slow.
 * While syncs are fast they run in the loop, which is cheapest (docs/adr/0005-where-the-writer-lives.md has the figures).
 * What is committed but not yet synced must not be shown: readers pass through `durable()`.
 */
import { chmodSync, closeSync, existsSync, fdatasync, fdatasyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { createCheckpointer } from './checkpoint.ts';
import type { Checkpointer } from './checkpoint.ts';
import { scrubAtClose, scrubAtStart, wantScrub } from './scrub.ts';

/** A sync faster than this may run in the event loop: no client notices. Milliseconds, moving average. */
const INLINE_SYNC_MS = 0.3;

/** How long the log may keep what was erased. An empty log grows anew, which costs the commits after it; so recalls share one. Milliseconds. */
const ERASED_STAYS_MS = 10 * 60_000;

/** Pages kept in memory, in KiB: the hot ends of every tree of a busy server. */
const CACHE_KIB = 65_536;

export type Row = Record<string, SQLInputValue>;

export interface Database {
  prepare(sql: string): StatementSync;
  exec(sql: string): void;
  /**
   * Runs `work` in one transaction and resolves when it is on disk. Whatever `work` throws undoes everything and, before anybody can look,
   * calls `undone`, which puts memory back.
   */
  transaction<T>(work: () => T, undone?: () => void): Promise<T>;
  /** Resolves when everything committed so far is on disk; undefined when it already is. */
  durable(): Promise<void> | undefined;
  readonly bytes: () => number;
  /** Something was erased: the write-ahead log, which keeps what was there before, is emptied within ten minutes (`isLogStale`). */
  erased(): void;
  /** What was erased has been in the log for long enough: `emptyLog` is due. */
  isLogStale(): boolean;
  /** Inside a transaction: it resolves, and what follows it is shown, when the log is empty. */
  emptyLog(): void;
  /** When the file is closed, or before it is opened again, everything is overwritten in it that belongs to nothing. */
  scrubLater(): void;
  close(): Promise<void>;
}

/** The data folder cannot be used; the message says what to do. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/** Opens `switchboard.db` in the folder, or a database in memory for ':memory:'. One process at a time owns a folder. */
export function openDatabase(folder: string): Database {
  if (folder === ':memory:') {
    const db = new DatabaseSync(':memory:');
    return wrap(db, undefined, [db]);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'switchboard.db');
  keepPrivate(folder);
  const opened: { close(): void }[] = [takeFolder(folder)];
  try {
    scrubAtStart(path);
    opened.push({ close: () => scrubAtClose(path) });
    const db = new DatabaseSync(path);
    opened.push(db);
    db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0');
    db.exec(`PRAGMA cache_size=-${CACHE_KIB}; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY`);
    // What is erased is overwritten in the file, not only forgotten. Sending deletes nothing and costs the same.
    db.exec('PRAGMA secure_delete=ON');
    // The first read makes the -wal file, which then stays for the life of the connection; nothing is written yet.
    db.exec('SELECT count(*) FROM sqlite_schema');
    return wrap(db, path, opened);
  } catch (error) {
    for (const other of opened.toReversed()) other.close();
    throw error;
  }
}

/** Files that SQLite makes of its own accord get the permissions of the database they belong to. */
const OWN_FILES = ['lock.db', 'switchboard.db'] as const;

/**
 * The files are their owner's alone, also in a folder that is open to others. Existing ones are not opened here: closing a file gives up
 * every lock that this process holds on it.
 */
function keepPrivate(folder: string): void {
  for (const name of OWN_FILES) {
    const path = join(folder, name);
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
      if ((mode & 0o077) !== 0 && process.platform !== 'win32') chmodSync(file, 0o600);
    }
  }
}

/** Holds an exclusive lock in the folder for the life of the process; the kernel lets go of it however the process ends. */
function takeFolder(folder: string): DatabaseSync {
  const lock = new DatabaseSync(join(folder, 'lock.db'));
  try {
    lock.exec('PRAGMA busy_timeout=0; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    const text =
      cause instanceof Error && /locked|busy/i.test(cause.message) ? 'is in use by another Switchboard' : 'cannot be locked';
    throw new DataFolderError(`The data folder ${folder} ${text}. Stop it, or choose another folder with --data.`, { cause });
  }
  return lock;
}

/** `opened`: what `close` closes, the first last. */
function wrap(db: DatabaseSync, path: string | undefined, opened: readonly { close(): void }[]): Database {
  const wal = path === undefined ? undefined : openSync(`${path}-wal`, 'r+');
  const checkpointer: Checkpointer | undefined =
    path === undefined ? undefined : createCheckpointer({ path, waiting: createLogMeter(db) });
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  let syncing: Promise<void> | undefined;
  let averageSync = 1;
  let failed: Error | undefined;
  /** Since when there is something in the log that was erased. */
  let erasedAt: number | undefined;
  let wantsEmpty = false;

  function measured(startedAt: number): void {
    averageSync += (performance.now() - startedAt - averageSync) / 8;
  }

  /** A failed sync leaves it unknown what is on disk: nothing is ever acknowledged again until a restart has read the truth. */
  function fail(cause: unknown): Error {
    failed = new Error('The disk failed to save. Restart the server when the disk works again.', { cause });
    return failed;
  }

  function syncInline(fd: number): void {
    const startedAt = performance.now();
    try {
      fdatasyncSync(fd);
    } catch (cause) {
      throw fail(cause);
    }
    measured(startedAt);
  }

  function syncAside(fd: number): Promise<void> {
    const startedAt = performance.now();
    const done = new Promise<void>((resolve, reject) => {
      fdatasync(fd, (error) => {
        measured(startedAt);
        syncing = undefined;
        if (error === null) resolve();
        else reject(fail(error));
      });
    });
    done.catch(() => undefined);
    syncing = done;
    return done;
  }

  /** Readers wait as for a sync: nobody is told that something is gone while the log still has it. */
  async function emptied(empty: Checkpointer['empty']): Promise<void> {
    wantsEmpty = false;
    const since = erasedAt;
    erasedAt = undefined;
    const done = empty().then((isEmpty) => {
      syncing = undefined;
      // Another time.
      if (!isEmpty) erasedAt ??= since;
    });
    syncing = done;
    await done;
  }

  function run<T>(work: () => T, undone: () => void): T {
    begin.run();
    try {
      const value = work();
      commit.run();
      return value;
    } catch (error) {
      if (db.isTransaction) rollback.run();
      try {
        undone();
      } catch (cause) {
        throw fail(cause);
      }
      throw error;
    }
  }

  return {
    prepare: (sql) => db.prepare(sql),
    exec: (sql) => db.exec(sql),
    async transaction(work, undone = () => undefined) {
      if (failed !== undefined) throw failed;
      const held = checkpointer?.held();
      if (held !== undefined) await held;
      if (syncing !== undefined) await syncing;
      const value = run(work, undone);
      checkpointer?.committed();
      if (wal === undefined) return value;
      const empties = wantsEmpty;
      if (empties || averageSync < INLINE_SYNC_MS) syncInline(wal);
      else await syncAside(wal);
      if (empties && checkpointer !== undefined) await emptied(checkpointer.empty);
      return value;
    },
    durable: () => (failed === undefined ? syncing : Promise.reject(failed)),
    bytes() {
      const row = db
        .prepare('SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes')
        .get();
      return Number(row?.['bytes'] ?? 0);
    },
    erased() {
      erasedAt ??= performance.now();
    },
    isLogStale: () => erasedAt !== undefined && performance.now() - erasedAt > ERASED_STAYS_MS,
    emptyLog() {
      wantsEmpty = true;
    },
    scrubLater() {
      if (path !== undefined) wantScrub(path);
    },
    async close() {
      await syncing?.catch(() => undefined);
      await checkpointer?.close();
      if (wal !== undefined) closeSync(wal);
      for (const other of opened.toReversed()) other.close();
    },
  };
}

/** Bytes of the write-ahead log that are not in the database file yet. */
function createLogMeter(db: DatabaseSync): () => number {
  const look = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  const pageSize = Number(db.prepare('PRAGMA page_size').get()?.['page_size'] ?? 0);
  return () => {
    const row = look.get();
    return (Number(row?.['log'] ?? 0) - Number(row?.['checkpointed'] ?? 0)) * pageSize;
  };
}

/** Whether a data folder holds a database already. */
export function hasDatabase(folder: string): boolean {
  return existsSync(join(folder, 'switchboard.db'));
}

import { close, fdatasync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { CREATE_LOG, INSERT_LOG, commitRows } from './row.ts';
import type { Row, Writer, WriterDeps } from './row.ts';

/** Pages in the write-ahead log after which it is copied into the database: SQLite's own default is 1000. */
const CHECKPOINT_PAGES = 1000;

/**
 * Variant (c): `synchronous=NORMAL` commit on the event loop, then an asynchronous fdatasync of the `-wal` file on the
 * libuv pool before the rows are reported. Rows that arrive meanwhile wait for the next round.
 * With `checkpointInWorker` the event loop never checkpoints (a checkpoint syncs twice); a worker's own connection does.
 */
export function createAsyncSyncWriter({ path, onDurable }: WriterDeps, checkpointInWorker: boolean): Writer {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL');
  database.exec(CREATE_LOG);
  const insert = database.prepare(INSERT_LOG);
  let checkpointer: Worker | undefined;
  if (checkpointInWorker) {
    database.exec('PRAGMA wal_autocheckpoint=0');
    checkpointer = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), { workerData: { path } });
  }
  const wal = openSync(`${path}-wal`, 'r+');
  let waiting: Row[] = [];
  let busy = false;
  let pagesSinceCheckpoint = 0;
  const flush = (): void => {
    const rows = waiting;
    waiting = [];
    commitRows(database, insert, rows);
    fdatasync(wal, (error) => {
      if (error) throw error;
      onDurable(rows);
      pagesSinceCheckpoint += Math.ceil(rows.length / 16) + 1;
      if (checkpointer && pagesSinceCheckpoint > CHECKPOINT_PAGES) {
        pagesSinceCheckpoint = 0;
        checkpointer.postMessage('checkpoint');
      }
      if (waiting.length > 0) setImmediate(flush);
      else busy = false;
    });
  };
  return {
    append(row) {
      waiting.push(row);
      if (busy) return;
      busy = true;
      setImmediate(flush);
    },
    async close() {
      await checkpointer?.terminate();
      await new Promise((done) => close(wal, done));
      database.close();
    },
  };
}

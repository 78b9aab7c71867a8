import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { unpackRows } from './pack.ts';
import { CREATE_LOG, INSERT_LOG, commitRows } from './row.ts';
import type { Row } from './row.ts';

const database = new DatabaseSync(String(workerData.path));
database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
database.exec(CREATE_LOG);
const insert = database.prepare(INSERT_LOG);
parentPort?.on('message', (batch: ArrayBuffer | readonly Row[]) => {
  commitRows(database, insert, batch instanceof ArrayBuffer ? unpackRows(batch) : batch);
  parentPort?.postMessage(0);
});

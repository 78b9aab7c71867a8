/** The checkpoint thread: one connection of its own, one checkpoint per message. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const path: unknown = workerData;
const db = new DatabaseSync(String(path));
db.exec('PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0');
const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');

parentPort?.on('message', () => {
  try {
    checkpoint.all();
  } finally {
    parentPort?.postMessage('done');
  }
});

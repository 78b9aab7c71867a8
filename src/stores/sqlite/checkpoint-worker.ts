/** The checkpoint thread: one connection of its own, one checkpoint per message, which says what is to become of the log. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const path: unknown = workerData;
const db = new DatabaseSync(String(path));
db.exec('PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0');
const move = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
const empty = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');

parentPort?.on('message', (mode: unknown) => {
  let emptied = false;
  try {
    if (mode === 'truncate') emptied = empty.get()?.['busy'] === 0;
    else move.all();
  } finally {
    parentPort?.postMessage(emptied);
  }
});

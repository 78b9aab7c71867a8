import { DatabaseSync } from 'node:sqlite';
import { CREATE_LOG, INSERT_LOG, commitRows } from './row.ts';
import type { Row, Writer, WriterDeps } from './row.ts';

/** Variant (a): the rows of one event-loop turn go into one `synchronous=FULL` transaction on the event loop itself. */
export function createInLoopWriter({ path, onDurable }: WriterDeps): Writer {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
  database.exec(CREATE_LOG);
  const insert = database.prepare(INSERT_LOG);
  let waiting: Row[] = [];
  const flush = (): void => {
    const rows = waiting;
    waiting = [];
    commitRows(database, insert, rows);
    onDurable(rows);
  };
  return {
    append(row) {
      if (waiting.push(row) === 1) setImmediate(flush);
    },
    async close() {
      database.close();
    },
  };
}

import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** One message as the log table keeps it. `due` is when it should have arrived, in milliseconds of the monotonic clock; it is not stored. */
export interface Row {
  readonly conversation: number;
  readonly index: number;
  readonly sender: number;
  readonly body: string;
  readonly due: number;
}

/** Takes rows one at a time, as messages arrive, and reports them once they are on disk. */
export interface Writer {
  append(row: Row): void;
  close(): Promise<void>;
}

export interface WriterDeps {
  readonly path: string;
  /** Called with the rows of one commit after that commit is durable. */
  readonly onDurable: (rows: readonly Row[]) => void;
}

export const CREATE_LOG =
  'CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, idx INTEGER NOT NULL, sender INTEGER NOT NULL, body TEXT NOT NULL) STRICT';
export const INSERT_LOG = 'INSERT INTO log (conversation, idx, sender, body) VALUES (?, ?, ?, ?)';

/** Inserts `rows` in one transaction; when it returns the commit has been done as durably as the connection's `synchronous` says. */
export function commitRows(database: DatabaseSync, insert: StatementSync, rows: readonly Row[]): void {
  database.exec('BEGIN IMMEDIATE');
  for (const row of rows) insert.run(row.conversation, row.index, row.sender, row.body);
  database.exec('COMMIT');
}

/** Milliseconds of CLOCK_MONOTONIC, the clock that the C load generators stamp with. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

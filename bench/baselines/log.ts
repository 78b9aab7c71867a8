import { DatabaseSync } from 'node:sqlite';

/** What a bare log keeps of a message. */
export interface LogRow {
  readonly receiver: string;
  readonly sender: string;
  readonly content: string;
}

export interface Log {
  /** Appends the rows in one transaction; they are on disk when it returns. */
  append(rows: readonly LogRow[]): void;
  close(): void;
}

/** A bare append-only SQLite table, WAL, synchronous=FULL: the least that durable storage can cost. */
export function openLog(path: string): Log {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
  database.exec(
    'CREATE TABLE log (id INTEGER PRIMARY KEY, receiver INTEGER NOT NULL, sender INTEGER NOT NULL, content TEXT NOT NULL) STRICT',
  );
  const insert = database.prepare('INSERT INTO log (receiver, sender, content) VALUES (?, ?, ?)');
  return {
    append(rows) {
      database.exec('BEGIN IMMEDIATE');
      for (const row of rows) insert.run(row.receiver, row.sender, row.content);
      database.exec('COMMIT');
    },
    close: () => database.close(),
  };
}

/**
 * Typed access to prepared statements: a row's type is named once, where its SQL is written. This is the one file of the store where the
 * database's word is taken for the shape of what it returns.
 */
import type { SQLInputValue } from 'node:sqlite';
import type {
  ChatFact,
  Content,
  DeskPart,
  DeskSetting,
  JsonObject,
  MemberChange,
  Person,
  SessionFact,
} from '../../core/index.ts';
import type { Database } from './database.ts';

/** JSON of ours in a column, as what was written there. */
export function parseColumn<K extends keyof JsonColumns>(_column: K, text: string): JsonColumns[K] {
  return JSON.parse(text) as JsonColumns[K];
}

/** Columns that hold JSON, and what is written there. */
interface JsonColumns {
  content: Pick<Content, 'resource' | 'location' | 'attachments'>;
  scopes: readonly string[];
  members: MemberChange;
  chat: ChatFact;
  desk: DeskPart;
  person: Person;
  extra: JsonObject;
  session: SessionFact;
}

/** One of the desk's settings, as it was written. */
export function parseSetting(row: { readonly kind: string; readonly name: string; readonly value: string }): DeskSetting {
  return { kind: row.kind, name: row.name, value: JSON.parse(row.value) as unknown } as DeskSetting;
}

export interface Query<R> {
  all(...values: SQLInputValue[]): readonly R[];
  get(...values: SQLInputValue[]): R | undefined;
}

export interface Statement {
  /** Returns the number of rows changed. */
  run(...values: SQLInputValue[]): number;
}

export function query<R extends object>(db: Pick<Database, 'prepare'>, sql: string): Query<R> {
  return db.prepare(sql) as unknown as Query<R>;
}

export function statement(db: Pick<Database, 'prepare'>, sql: string): Statement {
  const prepared = db.prepare(sql);
  return { run: (...values) => Number(prepared.run(...values).changes) };
}

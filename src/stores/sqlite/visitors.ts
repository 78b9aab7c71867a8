/** Anonymous visitors who have said who they are: each is one person, for good. Everything that writes runs inside the batch's transaction. */
import type { Identification } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import { query, statement } from './statements.ts';

export interface Visitors {
  personOf(namespace: number, visitor: number): number | undefined;
  /** The visitor is this person, and what the visitor has is still to be given. */
  bind(namespace: number, visitor: number, person: number): void;
  /** Everything was given. */
  finish(namespace: number, visitor: number): void;
  /** Those of whom something is still to be given. */
  unfinished(): readonly Identification[];
}

/** Identifications carried on at a time; the next look finds the rest. */
const MAX_UNFINISHED = 100;

export function createVisitors(deps: { db: Database; namespaces: Namespaces }): Visitors {
  const { db, namespaces } = deps;
  const read = query<{ person: number }>(db, 'SELECT person FROM visitor WHERE namespace = ? AND user = ?');
  const write = statement(db, 'INSERT INTO visitor (namespace, user, person, open) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING');
  const close = statement(db, 'UPDATE visitor SET open = 0 WHERE namespace = ? AND user = ? AND open = 1');
  const readOpen = query<{ namespace: number; user: number; person: number }>(
    db,
    `SELECT namespace, user, person FROM visitor WHERE open = 1 LIMIT ${MAX_UNFINISHED}`,
  );
  return {
    personOf: (namespace, visitor) => read.get(namespace, visitor)?.person,
    bind: (namespace, visitor, person) => void write.run(namespace, visitor, person),
    finish: (namespace, visitor) => void close.run(namespace, visitor),
    unfinished: () =>
      readOpen.all().map(({ namespace, user, person }) => {
        return { namespace: namespaces.name(namespace), visitor: user, user: person };
      }),
  };
}

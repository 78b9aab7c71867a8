/** Reads message rows by id: the one query every part of the store shares. */
import type { Database } from './database.ts';
import type { MessageRow } from './rows.ts';
import { query } from './statements.ts';

export interface MessageRows {
  get(id: number): MessageRow | undefined;
}

export function createMessageRows(deps: { db: Database }): MessageRows {
  return query<MessageRow>(
    deps.db,
    'SELECT id, conversation, idx, sender, kind, state, text, data, key, expires_at, edited_at, desk FROM message WHERE id = ?',
  );
}

/** Reads message rows by id: the one query every part of the store shares. */
import type { Database } from './database.ts';
import type { OpenHandovers } from './open-handovers.ts';
import type { MessageRow } from './rows.ts';
import { query } from './statements.ts';

export interface MessageRows {
  get(id: number): MessageRow | undefined;
}

export function createMessageRows(deps: { db: Database; handovers: Pick<OpenHandovers, 'see'> }): MessageRows {
  const { db, handovers } = deps;
  const byId = query<MessageRow>(
    db,
    'SELECT id, conversation, idx, sender, kind, state, text, data, key, expires_at, edited_at, desk FROM message WHERE id = ?',
  );
  return {
    get(id) {
      const row = byId.get(id);
      return row && handovers.see(row);
    },
  };
}

/** A member of a conversation turns out to be somebody else. Runs inside the batch's transaction. */
import type { Database } from './database.ts';
import type { MessageRows } from './message-rows.ts';
import { hashKey } from './sent-keys.ts';
import type { SentKeys } from './sent-keys.ts';
import type { Sequence, Sequences } from './sequences.ts';
import { statement } from './statements.ts';
import type { WriteBehind } from './write-behind.ts';

export interface Handover {
  /** Membership, cursors, messages and their keys of one user are another's from now on; who is a member already keeps their own cursors. */
  give(sequence: Sequence, from: number, to: number): void;
}

export function createHandover(deps: {
  db: Database;
  sequences: Sequences;
  behind: WriteBehind;
  rows: MessageRows;
  sentKeys: Pick<SentKeys, 'add'>;
  now: () => number;
}): Handover {
  const { db, sequences, behind, rows, sentKeys, now } = deps;
  const giveMember = statement(db, 'UPDATE OR IGNORE membership SET user = ? WHERE conversation = ? AND user = ?');
  const removeMember = statement(db, 'DELETE FROM membership WHERE conversation = ? AND user = ?');
  const giveMessage = statement(db, 'UPDATE message SET sender = ?1 WHERE id = ?2 AND sender = ?3');
  const giveGone = statement(db, 'UPDATE gone SET sender = ? WHERE conversation = ? AND sender = ?');
  return {
    give(sequence, from, to) {
      const { id } = sequence.conversation;
      behind.writeNow(sequence);
      sequence.authored.clear();
      giveMember.run(to, id, from);
      removeMember.run(id, from);
      for (const message of sequences.idsBetween(sequence, sequence.firstIndex, sequence.lastIndex)) {
        if (giveMessage.run(to, message, from) === 0) continue;
        const key = rows.get(message)?.key;
        if (key != null) sentKeys.add(sequence.namespace, to, hashKey(key), message, now());
      }
      giveGone.run(to, id, from);
    },
  };
}

/**
 * A member of a conversation turns out to be somebody else. Membership and cursors are theirs at once; messages are rewritten in slices, the newest
 * first, and read as theirs from the first moment on: nobody sees a part of it. What is left is written down, so that it goes on after a crash.
 * Everything here runs inside the batch's transaction.
 */
import type { Database } from './database.ts';
import type { MessageRows } from './message-rows.ts';
import { hashKey } from './sent-keys.ts';
import type { SentKeys } from './sent-keys.ts';
import type { Sequence, Sequences } from './sequences.ts';
import type { HandoverRow, OpenHandovers } from './open-handovers.ts';
import { statement } from './statements.ts';
import type { WriteBehind } from './write-behind.ts';

/** Messages looked through in one transaction: some milliseconds. */
const MESSAGES_AT_ONCE = 250;

export interface Handover {
  /** Membership, cursors, messages and their keys of one user are another's from now on; who is a member already keeps their own cursors. */
  give(sequence: Sequence, from: number, to: number): void;
  /** Rewrites some more of what a user has given. */
  goOn(giver: number): void;
  /** Something of what a user has given is still to be rewritten. */
  isOpen(giver: number): boolean;
}

export function createHandover(deps: {
  db: Database;
  open: OpenHandovers;
  sequences: Sequences;
  behind: WriteBehind;
  rows: MessageRows;
  sentKeys: Pick<SentKeys, 'add'>;
  now: () => number;
}): Handover {
  const { db, open, sequences, behind, rows, sentKeys, now } = deps;
  const giveMember = statement(db, 'UPDATE OR IGNORE membership SET user = ? WHERE conversation = ? AND user = ?');
  const removeMember = statement(db, 'DELETE FROM membership WHERE conversation = ? AND user = ?');
  const giveMessage = statement(db, 'UPDATE message SET sender = ?1 WHERE id = ?2 AND sender = ?3');
  const giveGone = statement(db, 'UPDATE gone SET sender = ? WHERE conversation = ? AND sender = ?');

  /** Rewrites the newest `limit` of what is left, and writes down where the rest begins. Returns how many were looked through. */
  function giveSome(handover: HandoverRow, limit: number): number {
    const { conversation, giver, receiver, below } = handover;
    const sequence = sequences.get(conversation);
    const from = sequence === undefined ? below : Math.max(sequence.firstIndex, below - limit);
    if (sequence !== undefined) {
      for (const message of sequences.idsBetween(sequence, from, below - 1)) {
        if (giveMessage.run(receiver, message, giver) === 0) continue;
        const key = rows.get(message)?.key;
        if (key != null) sentKeys.add(sequence.namespace, receiver, hashKey(key), message, now());
      }
    }
    if (sequence === undefined || from <= sequence.firstIndex) open.remove(conversation);
    else open.set({ ...handover, below: from });
    return Math.max(0, below - from);
  }

  return {
    give(sequence, from, to) {
      const { id } = sequence.conversation;
      behind.writeNow(sequence);
      sequence.authored.clear();
      giveMember.run(to, id, from);
      removeMember.run(id, from);
      giveGone.run(to, id, from);
      giveSome({ conversation: id, giver: from, receiver: to, below: sequence.lastIndex + 1 }, MESSAGES_AT_ONCE);
    },
    goOn(giver) {
      let left = MESSAGES_AT_ONCE;
      for (const handover of open.of(giver)) {
        if (left <= 0) return;
        left -= giveSome(handover, left);
      }
    },
    isOpen: (giver) => open.of(giver).length > 0,
  };
}

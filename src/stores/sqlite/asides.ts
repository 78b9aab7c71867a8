/**
 * Asides of support chats: sequences of their own beside the chat's, for those of its members whose role is the audience. Every function
 * that writes runs inside the batch's transaction: there is no moment at which an aside has a member that it must not have.
 */
import { timeOfId } from '../../core/index.ts';
import type { Conversation, IdSource } from '../../core/index.ts';
import { UNLISTED } from './activity.ts';
import type { Database } from './database.ts';
import type { Sequence, Sequences } from './sequences.ts';
import { toConversation } from './rows.ts';
import type { ConversationRow } from './rows.ts';
import { query, statement } from './statements.ts';
import type { WriteBehind } from './write-behind.ts';

export interface Asides {
  /** The aside of a chat for an audience, made on first use. */
  ensure(chat: Sequence, audience: string): Sequence;
  /** The members of a chat have changed. */
  membersChanged(chat: Sequence): void;
  /** A user has another role, or is new. */
  roleChanged(namespace: number, user: number): void;
  of(conversation: number): readonly Conversation[];
}

export function createAsides(deps: {
  db: Database;
  ids: IdSource;
  sequences: Sequences;
  behind: WriteBehind;
  namespaces: { name(number: number): string };
}): Asides {
  const { db, ids, sequences, behind, namespaces } = deps;
  const insert = statement(
    db,
    `INSERT INTO conversation (id, namespace, kind, name, notice, creator, created_at, version, listed, aside_of, audience)
     VALUES (?, ?, 'support', '', '', 0, ?, 1, ${UNLISTED}, ?, ?)`,
  );
  const readRow = query<ConversationRow>(db, 'SELECT * FROM conversation WHERE id = ?');
  const readOne = query<{ id: number }>(db, 'SELECT id FROM conversation WHERE aside_of = ? AND audience = ?');
  const readAll = query<{ id: number }>(db, 'SELECT id FROM conversation WHERE aside_of = ? ORDER BY id');
  const readWanted = query<{ user: number }>(
    db,
    `SELECT m.user FROM membership m JOIN user u ON u.namespace = m.namespace AND u.id = m.user
     WHERE m.conversation = ? AND u.role = ?`,
  );
  const readPresent = query<{ user: number }>(db, 'SELECT user FROM membership WHERE conversation = ?');
  const readChatsOf = query<{ aside: number; chat: number }>(
    db,
    `SELECT c.id AS aside, c.aside_of AS chat FROM membership m JOIN conversation c ON c.aside_of = m.conversation
     WHERE m.namespace = ? AND m.user = ?`,
  );
  const insertMember = statement(
    db,
    `INSERT INTO membership (conversation, user, namespace, role, joined_at, delivered_index, read_index, listed)
     VALUES (?, ?, ?, 'member', ?, ?, ?, ${UNLISTED})`,
  );
  const removeMember = statement(db, 'DELETE FROM membership WHERE conversation = ? AND user = ?');

  function sync(aside: Sequence): void {
    const { id, aside: which } = aside.conversation;
    if (which === undefined) return;
    const wanted = new Set(readWanted.all(which.of, which.audience).map(({ user }) => user));
    const present = new Set(readPresent.all(id).map(({ user }) => user));
    const joined = wanted.difference(present);
    if (joined.size > 0) behind.writeNow(aside);
    const at = joined.size > 0 ? timeOfId(ids.next()) : 0;
    for (const user of joined) insertMember.run(id, user, aside.namespace, at, aside.lastIndex, aside.lastIndex);
    for (const user of present.difference(wanted)) {
      aside.authored.delete(user);
      removeMember.run(id, user);
    }
  }

  function asidesOf(conversation: number): Sequence[] {
    return readAll.all(conversation).flatMap(({ id }) => sequences.get(id) ?? []);
  }

  return {
    ensure(chat, audience) {
      const known = sequences.get(readOne.get(chat.conversation.id, audience)?.id ?? 0);
      if (known !== undefined) return known;
      const id = ids.next();
      insert.run(id, chat.namespace, timeOfId(id), chat.conversation.id, audience);
      const row = readRow.get(id);
      if (row === undefined) throw new Error('an aside just written is not there');
      const aside = sequences.create(row, toConversation(row, namespaces.name(row.namespace)));
      sync(aside);
      return aside;
    },
    membersChanged(chat) {
      for (const aside of asidesOf(chat.conversation.id)) sync(aside);
    },
    roleChanged(namespace, user) {
      for (const { aside } of readChatsOf.all(namespace, user)) {
        const sequence = sequences.get(aside);
        if (sequence !== undefined) sync(sequence);
      }
    },
    of: (conversation) => asidesOf(conversation).map((sequence) => sequence.conversation),
  };
}

/**
 * Asides of support chats: sequences of their own beside the chat's, for those of its members whose role is the audience. Every function
 * that writes runs inside the batch's transaction: there is no moment at which an aside has a member that it must not have.
 */
import { UNMARKED, joinMarks, markAside, timeOfId } from '../../core/index.ts';
import type { AsideCursors, ChatAside, IdSource } from '../../core/index.ts';
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
  of(conversation: number): readonly ChatAside[];
  /** How far the readers of an aside have come. */
  cursors(aside: number): AsideCursors;
  /** A user has come to an index of an aside; whether that is farther than what was known. */
  mark(aside: number, cursor: 'delivered' | 'read', user: number, index: number): boolean;
  /** Two users are one from now on. */
  joined(aside: number, users: readonly number[]): void;
  /** An aside is deleted. */
  removed(aside: number): void;
}

interface CursorsRow {
  readonly delivered_index: number;
  readonly delivered_by: number;
  readonly delivered_others: number;
  readonly read_index: number;
  readonly read_by: number;
  readonly read_others: number;
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
  const readCursors = query<CursorsRow>(db, 'SELECT * FROM aside_cursor WHERE aside = ?');
  const writeCursors = statement(
    db,
    `INSERT OR REPLACE INTO aside_cursor (aside, delivered_index, delivered_by, delivered_others, read_index, read_by, read_others)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const removeCursors = statement(db, 'DELETE FROM aside_cursor WHERE aside = ?');

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

  function cursors(aside: number): AsideCursors {
    const row = readCursors.get(aside);
    if (row === undefined) return UNMARKED;
    return {
      delivered: { index: row.delivered_index, by: row.delivered_by, others: row.delivered_others },
      read: { index: row.read_index, by: row.read_by, others: row.read_others },
    };
  }

  function keep(aside: number, { delivered, read }: AsideCursors): void {
    writeCursors.run(aside, delivered.index, delivered.by, delivered.others, read.index, read.by, read.others);
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
    of: (conversation) =>
      asidesOf(conversation).map((sequence) => ({
        conversation: sequence.conversation,
        cursors: cursors(sequence.conversation.id),
      })),
    cursors,
    mark(aside, cursor, user, index) {
      const before = cursors(aside);
      const after = markAside(before, cursor, user, index);
      if (after !== before) keep(aside, after);
      return after !== before;
    },
    joined(aside, users) {
      if (readCursors.get(aside) !== undefined) keep(aside, joinMarks(cursors(aside), users));
    },
    removed: (aside) => void removeCursors.run(aside),
  };
}

/** Read and delivered cursors, and the unread counts derived from them. */
import { ChatError } from '../../core/index.ts';
import type { ConversationKind, CursorMove, DeliverUpTo, MoveCursor, Origin, Outcome, PassOver } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { DeskCursors } from './desk-cursors.ts';
import type { Feed } from './feed.ts';
import type { Namespaces } from './namespaces.ts';
import type { MessageRows } from './message-rows.ts';
import { toMembership } from './rows.ts';
import type { MembershipRow } from './rows.ts';
import type { Sequence, Sequences } from './sequences.ts';
import { query, statement } from './statements.ts';

export interface Cursors {
  move(operation: MoveCursor): Outcome;
  deliver(operation: DeliverUpTo): Outcome;
  /** Members who have not read this far have nothing left to read there: called before messages up to the index are removed. */
  passOver(sequence: Sequence, index: number): void;
  /** The same for some members with a user id above `after`. */
  passSome(operation: PassOver): Outcome;
  /** Messages by others after the read cursor that are still there: exact, by subtraction. */
  unread(sequence: Sequence, membership: MembershipRow): number;
  /** The same for many members of one conversation: whether anything is gone at all is asked once. */
  unreadIn(sequence: Sequence): (membership: MembershipRow) => number;
}

interface Moving {
  readonly countMembers: number;
  readonly desk?: boolean | undefined;
  readonly origin: Origin;
}

export function createCursors(deps: {
  db: Database;
  namespaces: Namespaces;
  sequences: Sequences;
  feed: Feed;
  rows: MessageRows;
  desk: DeskCursors;
  now: () => number;
}): Cursors {
  const { db, namespaces, sequences, feed, rows, desk, now } = deps;
  const readMember = query<MembershipRow>(db, 'SELECT * FROM membership WHERE conversation = ? AND user = ?');
  const setRead = statement(
    db,
    `UPDATE membership SET read_index = ?1, authored_read = ?2, delivered_index = max(delivered_index, ?1)
     WHERE conversation = ?3 AND user = ?4`,
  );
  const setDelivered = statement(db, 'UPDATE membership SET delivered_index = ? WHERE conversation = ? AND user = ?');
  const membersUpTo = query<{ count: number }>(
    db,
    'SELECT count(*) AS count FROM (SELECT 1 FROM membership WHERE conversation = ? LIMIT ?)',
  );
  const countGone = query<{ count: number }>(
    db,
    'SELECT count(*) AS count FROM gone WHERE conversation = ? AND idx > ? AND sender <> ?',
  );
  // Due and not erased yet: the sweep keeps them few.
  const countDue = query<{ count: number }>(
    db,
    `SELECT count(*) AS count FROM expiry e CROSS JOIN message m ON m.id = e.message
     WHERE e.at <= ? AND m.conversation = ? AND m.idx > ? AND m.sender <> ?`,
  );
  const readGone = query<{ idx: number }>(db, 'SELECT idx FROM gone WHERE conversation = ? LIMIT 1');
  const readDue = query<{ at: number }>(db, 'SELECT at FROM expiry WHERE at <= ? LIMIT 1');
  const readBehind = query<MembershipRow>(db, 'SELECT * FROM membership WHERE conversation = ? AND read_index < ?');
  const readMembers = query<MembershipRow>(
    db,
    'SELECT * FROM membership WHERE conversation = ? AND user > ? ORDER BY user LIMIT ?',
  );
  const readConversations = query<{ conversation: number; kind: ConversationKind }>(
    db,
    `SELECT m.conversation, c.kind FROM membership m JOIN conversation c ON c.id = m.conversation
     WHERE m.namespace = ? AND m.user = ? AND c.aside_of IS NULL`,
  );

  /** How many of the member's own messages lie at or before an index: counted from whichever known end is nearer. */
  function authoredUpTo(sequence: Sequence, member: MembershipRow, index: number): number {
    const total = sequences.authored(sequence, member.user);
    if (index >= sequence.lastIndex) return total;
    const fromRead = index - member.read_index;
    const fromEnd = sequence.lastIndex - index;
    if (fromRead <= fromEnd) return member.authored_read + authoredBetween(sequence, member.user, member.read_index + 1, index);
    return total - authoredBetween(sequence, member.user, index + 1, sequence.lastIndex);
  }

  function authoredBetween(sequence: Sequence, user: number, from: number, to: number): number {
    let count = 0;
    for (const id of sequences.idsBetween(sequence, from, to)) if (rows.get(id)?.sender === user) count += 1;
    return count;
  }

  function place(sequence: Sequence, upTo: number): number | undefined {
    if (upTo === 0) return sequence.lastIndex;
    const row = rows.get(upTo);
    return row?.conversation === sequence.conversation.id ? row.idx : undefined;
  }

  function moveTo(
    sequence: Sequence,
    member: MembershipRow,
    cursor: 'read' | 'delivered',
    index: number,
    { countMembers: limit, origin, desk: asDesk = false }: Moving,
  ): CursorMove {
    const { conversation } = sequence;
    const { user } = member;
    const current = cursor === 'read' ? member.read_index : member.delivered_index;
    const forward = index > current;
    if (forward && cursor === 'read') setRead.run(index, authoredUpTo(sequence, member, index), conversation.id, user);
    else if (forward) setDelivered.run(index, conversation.id, user);
    const told = conversation.kind === 'support' ? desk.moved(sequence, user, cursor, index, asDesk) : undefined;
    // Whose own cursor moves in an aside is of no use to anybody: what is told is how far its readers have come.
    if (told?.moved !== true && (!forward || conversation.aside !== undefined)) {
      const message = sequences.idAt(sequence, Math.max(index, current));
      return { cursor, id: 0, conversation, membership: toMembership(member), message, members: 0, moved: false };
    }
    const message = sequences.idAt(sequence, index);
    const { namespace } = sequence;
    const type = `message.${cursor}` as const;
    const id = feed.add({ type, namespace, conversation: conversation.id, user, message, index, origin });
    if (cursor === 'read') sequences.changed(sequence, id);
    const stands = cursor === 'read' ? { read_index: index } : { delivered_index: index };
    const membership = toMembership(readMember.get(conversation.id, user) ?? { ...member, ...stands });
    return {
      cursor,
      id,
      conversation,
      membership,
      message,
      members: membersUpTo.get(conversation.id, limit)?.count ?? 0,
      moved: true,
      ...told?.told,
    };
  }

  /** The member, or an operator who reads without being one. */
  function memberOf(sequence: Sequence, { user, desk: asDesk = false }: MoveCursor): MembershipRow | undefined {
    const member = readMember.get(sequence.conversation.id, user);
    if (member !== undefined || !asDesk || sequence.conversation.kind !== 'support') return member;
    const { deliveredIndex, readIndex } = desk.standIn(sequence);
    const cursors = { delivered_index: deliveredIndex, read_index: readIndex, authored_read: 0, authored: 0 };
    const { conversation, namespace } = sequence;
    return { conversation: conversation.id, user, namespace, role: 'member', joined_at: 0, listed: 0, ...cursors };
  }

  /** Messages by others that were ever sent after the read cursor. `member` is as it is stored at this moment. */
  function byOthersAfter(sequence: Sequence, member: MembershipRow): number {
    const own = (sequence.authored.get(member.user) ?? member.authored) - member.authored_read;
    return sequence.lastIndex - member.read_index - own;
  }

  /** Those of them that have expired. */
  function goneAfter(sequence: Sequence, member: MembershipRow): number {
    const { id } = sequence.conversation;
    const gone = countGone.get(id, member.read_index, member.user)?.count ?? 0;
    return gone + (countDue.get(now(), id, member.read_index, member.user)?.count ?? 0);
  }

  function unread(sequence: Sequence, member: MembershipRow): number {
    const sent = byOthersAfter(sequence, member);
    return sent === 0 ? 0 : sent - goneAfter(sequence, member);
  }

  return {
    move(operation) {
      const sequence = sequences.get(operation.conversation);
      const member = sequence === undefined ? undefined : memberOf(sequence, operation);
      const index = sequence === undefined ? undefined : place(sequence, operation.upTo);
      if (sequence === undefined || member === undefined || index === undefined) {
        return { type: 'refused', reason: new ChatError('not_found', 'There is no such message in a conversation of yours.') };
      }
      return { type: 'cursor', ...moveTo(sequence, member, operation.cursor, index, operation) };
    },
    deliver(operation) {
      const moves: CursorMove[] = [];
      for (const { conversation, kind } of readConversations.all(namespaces.number(operation.namespace), operation.user)) {
        if (!operation.kinds.includes(kind)) continue;
        const sequence = sequences.get(conversation);
        const member = readMember.get(conversation, operation.user);
        if (sequence === undefined || member === undefined || member.delivered_index >= sequence.lastIndex) continue;
        const index = sequences.indexUpTo(sequence, operation.upTo);
        const move = moveTo(sequence, member, 'delivered', index, operation);
        if (move.moved) moves.push(move);
      }
      return { type: 'deliver', moves };
    },
    passOver(sequence, index) {
      for (const member of readBehind.all(sequence.conversation.id, index)) {
        setRead.run(index, authoredUpTo(sequence, member, index), member.conversation, member.user);
      }
      desk.forget(sequence.conversation.id);
    },
    passSome({ conversation, before, after, limit }) {
      const sequence = sequences.get(conversation);
      const members = sequence === undefined ? [] : readMembers.all(conversation, after, limit);
      for (const member of members) {
        const index = Math.min(before - 1, sequence?.lastIndex ?? 0);
        if (sequence === undefined || member.read_index >= index) continue;
        setRead.run(index, authoredUpTo(sequence, member, index), conversation, member.user);
      }
      return { type: 'pass-over', next: members.at(-1)?.user ?? after, more: members.length === limit };
    },
    unread,
    unreadIn(sequence) {
      const { id } = sequence.conversation;
      let complete: boolean | undefined;
      return (member) => {
        const sent = byOthersAfter(sequence, member);
        if (sent === 0) return 0;
        complete ??= readGone.get(id) === undefined && readDue.get(now()) === undefined;
        return complete ? sent : sent - goneAfter(sequence, member);
      };
    },
  };
}

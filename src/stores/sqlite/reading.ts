/** Reading messages and conversations: history pages, resume, lists. Nothing here writes. */
import type {
  Conversation,
  ConversationKind,
  ConversationSummary,
  HistoryPage,
  HistoryQuery,
  Membership,
  Message,
  ResumeEntry,
  ResumePage,
  ResumeQuery,
  Roster,
} from '../../core/index.ts';
import type { Activity } from './activity.ts';
import type { Cursors } from './cursors.ts';
import type { Database } from './database.ts';
import type { Feed } from './feed.ts';
import type { MessageRows } from './message-rows.ts';
import type { Namespaces } from './namespaces.ts';
import { toConversation, toMembership, toMessage, toUser } from './rows.ts';
import type { ConversationRow, MembershipRow, UserRow } from './rows.ts';
import type { Sequence, Sequences } from './sequences.ts';
import { query } from './statements.ts';

export interface Reading {
  history(query: HistoryQuery): HistoryPage;
  resume(query: ResumeQuery): ResumePage;
  membership(conversation: number, user: number): Membership | undefined;
  members(conversation: number, after: number, limit: number): readonly Membership[];
  memberCount(conversation: number): number;
  conversationsOf(namespace: string, user: number, kinds?: readonly ConversationKind[]): readonly number[];
  acquaintancesAmong(
    namespace: string,
    user: number,
    among: readonly number[],
    kinds: readonly ConversationKind[],
  ): readonly number[];
  summaries(namespace: string, user: number, before: number, limit: number): readonly ConversationSummary[];
  summary(conversation: number, user: number): ConversationSummary | undefined;
  rooms(namespace: string, after: number, limit: number): readonly Conversation[];
  rosters(conversations: readonly number[], limit: number): readonly Roster[];
  unread(conversation: number, users: readonly number[]): ReadonlyMap<number, number>;
  /** The newest message that has not expired. */
  lastMessage(conversation: number): Message | undefined;
}

export function createReading(deps: {
  db: Database;
  namespaces: Namespaces;
  sequences: Sequences;
  cursors: Cursors;
  rows: MessageRows;
  feed: Feed;
  activity: Pick<Activity, 'newest'>;
  now: () => number;
}): Reading {
  const { db, namespaces, sequences, cursors, rows, feed, activity, now } = deps;
  const readMember = query<MembershipRow>(db, 'SELECT * FROM membership WHERE conversation = ? AND user = ?');
  const readMembers = query<MembershipRow>(
    db,
    'SELECT * FROM membership WHERE conversation = ? AND user > ? ORDER BY user LIMIT ?',
  );
  const countMembers = query<{ count: number }>(db, 'SELECT count(*) AS count FROM membership WHERE conversation = ?');
  // Asides are in no list: only the desk knows of them.
  const readIds = query<{ conversation: number }>(
    db,
    `SELECT m.conversation FROM membership m JOIN conversation c ON c.id = m.conversation
     WHERE m.namespace = ? AND m.user = ? AND c.aside_of IS NULL`,
  );
  const readIdsOfKinds = query<{ conversation: number }>(
    db,
    `SELECT m.conversation FROM membership m JOIN conversation c ON c.id = m.conversation
     WHERE m.namespace = ? AND m.user = ? AND c.aside_of IS NULL AND c.kind IN (SELECT value FROM json_each(?))`,
  );
  /** Of each of the users the conversations are walked, and the other is looked up in them: a user who is in very many makes no page dear. */
  const readAcquainted = query<{ user: number }>(
    db,
    `SELECT asked.value AS user FROM json_each(?4) asked WHERE EXISTS (
       SELECT 1 FROM membership theirs
       CROSS JOIN membership own ON own.conversation = theirs.conversation AND own.user = ?2
       CROSS JOIN conversation c ON c.id = theirs.conversation AND c.kind IN (SELECT value FROM json_each(?3))
       WHERE theirs.namespace = ?1 AND theirs.user = asked.value)
     GROUP BY asked.value ORDER BY asked.value`,
  );
  const readHeads = query<{ id: number; kind: ConversationKind; last_id: number; last_change: number; cut_id: number }>(
    db,
    `SELECT c.id, c.kind, c.last_id, c.last_change, c.cut_id
     FROM membership m JOIN conversation c ON c.id = m.conversation
     WHERE m.namespace = ? AND m.user = ? AND c.aside_of IS NULL`,
  );
  const countGone = query<{ count: number }>(
    db,
    'SELECT count(*) AS count FROM gone WHERE conversation = ? AND idx BETWEEN ? AND ?',
  );
  /** Both rows of a member: the columns of the user that the membership has as well come under names of their own. */
  const readRoster = query<MembershipRow & Omit<UserRow, 'id' | 'role'> & { user_role: UserRow['role'] }>(
    db,
    `SELECT u.*, u.role AS user_role, m.* FROM membership m JOIN user u ON u.namespace = m.namespace AND u.id = m.user
     WHERE m.conversation = ? ORDER BY m.user LIMIT ?`,
  );
  const readRooms = query<ConversationRow>(
    db,
    "SELECT * FROM conversation WHERE namespace = ? AND kind = 'room' AND id > ? ORDER BY id LIMIT ?",
  );

  /** Messages from an index on in one direction, expired ones left out, until there are enough. */
  function collect(sequence: Sequence, from: number, step: 1 | -1, limit: number): { messages: Message[]; next: number } {
    const messages: Message[] = [];
    const time = now();
    let index = from;
    while (messages.length < limit && index >= sequence.firstIndex && index <= sequence.lastIndex) {
      const span = Math.min(limit - messages.length, 128);
      const ids =
        step === 1
          ? sequences.idsBetween(sequence, index, index + span - 1)
          : sequences.idsBetween(sequence, index - span + 1, index).toReversed();
      if (ids.length === 0) break;
      const before = messages.length;
      for (const id of ids) {
        const row = rows.get(id);
        if (row === undefined) continue;
        const message = toMessage(row, time);
        if (message.state !== 'expired') messages.push(message);
      }
      index += step * ids.length;
      if (messages.length === before) index = passGone(sequence, index, step);
    }
    return { messages, next: index };
  }

  /** The next index after a run of expired messages, which may be long where all messages expire: counted in growing strides, not read. */
  function passGone(sequence: Sequence, from: number, step: 1 | -1): number {
    let index = from;
    for (let stride = 256; ; stride *= 2) {
      const end = index + step * (stride - 1);
      const gone = countGone.get(sequence.conversation.id, Math.min(index, end), Math.max(index, end))?.count;
      if (gone !== stride) return index;
      index += step * stride;
    }
  }

  function page(
    sequence: Sequence,
    before: { messages: Message[]; next: number },
    after: { messages: Message[]; next: number },
  ): HistoryPage {
    return {
      messages: [...before.messages.toReversed(), ...after.messages],
      moreBefore: before.next >= sequence.firstIndex,
      moreAfter: after.next <= sequence.lastIndex,
    };
  }

  function entriesOf(sequence: Sequence, after: number, limit: number): { place: number; change: boolean }[] {
    const found: { place: number; change: boolean }[] = [];
    if (sequence.lastId > after) {
      const from = sequences.indexUpTo(sequence, after) + 1;
      for (const place of sequences.idsBetween(sequence, from, from + limit - 1)) found.push({ place, change: false });
    }
    if (sequence.lastChange > after) {
      for (const { id } of feed.changes(sequence.conversation.id, after, limit)) found.push({ place: id, change: true });
    }
    return found;
  }

  function candidates(resume: ResumeQuery): Sequence[] {
    const found: Sequence[] = [];
    const add = (id: number, newest: number, change: number): void => {
      const known = sequences.peek(id);
      if (Math.max(known?.lastId ?? newest, known?.lastChange ?? change) <= resume.after) return;
      const sequence = known ?? sequences.get(id);
      if (sequence !== undefined) found.push(sequence);
    };
    if (resume.conversations !== undefined) {
      for (const id of resume.conversations) add(id, Number.MAX_SAFE_INTEGER, 0);
      return found;
    }
    for (const head of readHeads.all(namespaces.number(resume.namespace), resume.user)) {
      if (resume.kinds.includes(head.kind)) add(head.id, head.last_id, head.last_change);
    }
    return found;
  }

  function isCut(resume: ResumeQuery): boolean {
    if (resume.after === 0) return false;
    const cutIds =
      resume.conversations?.map((id) => sequences.get(id)?.cutId ?? 0) ??
      readHeads
        .all(namespaces.number(resume.namespace), resume.user)
        .filter((head) => resume.kinds.includes(head.kind))
        .map((head) => sequences.peek(head.id)?.cutId ?? head.cut_id);
    return cutIds.some((cutId) => cutId > resume.after);
  }

  function toEntry(sequence: Sequence, place: number, change: boolean): ResumeEntry | undefined {
    const { conversation } = sequence;
    if (!change) {
      const row = rows.get(place);
      if (row === undefined) return undefined;
      const message = toMessage(row, now());
      return message.state === 'expired' ? undefined : { type: 'message', conversation, message, senderName: '', from: 0 };
    }
    const [event] = feed.changes(conversation.id, place - 1, 1);
    if (event === undefined) return undefined;
    const { id, user } = event;
    if (event.type === 'message.read') {
      return { type: 'read', id, conversation, user, index: event.idx, message: event.message, everybody: true, from: 0 };
    }
    const row = rows.get(event.message);
    if (row === undefined) return undefined;
    const message = toMessage(row, now());
    if (message.state === 'expired') return undefined;
    return {
      type: 'change',
      id,
      change: message.state === 'recalled' ? 'recalled' : 'edited',
      conversation,
      message,
      user,
      from: 0,
    };
  }

  function lastOf(sequence: Sequence): Message | undefined {
    return collect(sequence, sequence.lastIndex, -1, 1).messages[0];
  }

  function summaryOf(sequence: Sequence, member: MembershipRow): ConversationSummary {
    const lastMessage = lastOf(sequence);
    return {
      head: sequences.head(sequence),
      membership: toMembership(member),
      unread: cursors.unread(sequence, member),
      ...(lastMessage && { lastMessage }),
    };
  }

  function rosterOf(conversation: number, limit: number): Roster {
    const sequence = sequences.get(conversation);
    if (sequence === undefined) return { conversation, members: [], more: false };
    const unread = cursors.unreadIn(sequence);
    const found = readRoster.all(conversation, limit + 1);
    return {
      conversation,
      members: found.slice(0, limit).map((row) => ({
        membership: toMembership(row),
        user: toUser({ ...row, id: row.user, role: row.user_role }, namespaces.name(row.namespace)),
        unread: unread(row),
      })),
      more: found.length > limit,
    };
  }

  return {
    history({ conversation, before, after, around, limit }) {
      const sequence = sequences.get(conversation);
      if (sequence === undefined) return { messages: [], moreBefore: false, moreAfter: false };
      const nothing = (next: number): { messages: Message[]; next: number } => ({ messages: [], next });
      if (around !== undefined) {
        const index = sequences.indexUpTo(sequence, around);
        // The older half holds the message itself.
        const half = Math.ceil(limit / 2);
        const older = collect(sequence, index, -1, half);
        const newer = collect(sequence, index + 1, 1, limit - older.messages.length);
        return page(sequence, older, newer);
      }
      if (after !== undefined) {
        const from = sequences.indexUpTo(sequence, after) + 1;
        return page(sequence, nothing(from - 1), collect(sequence, from, 1, limit));
      }
      const from = before === undefined ? sequence.lastIndex : sequences.indexUpTo(sequence, before - 1);
      return page(sequence, collect(sequence, from, -1, limit), nothing(from + 1));
    },
    resume(input) {
      const merged: { place: number; change: boolean; sequence: Sequence }[] = [];
      for (const sequence of candidates(input)) {
        for (const { place, change } of entriesOf(sequence, input.after, input.limit + 1))
          merged.push({ place, change, sequence });
      }
      merged.sort((one, other) => one.place - other.place);
      const entries: ResumeEntry[] = [];
      for (const { place, change, sequence } of merged.slice(0, input.limit)) {
        const entry = toEntry(sequence, place, change);
        if (entry !== undefined) entries.push(entry);
      }
      const next = merged.slice(0, input.limit).at(-1)?.place ?? input.after;
      return { entries, next, more: merged.length > input.limit, cut: isCut(input) };
    },
    membership(conversation, user) {
      const row = readMember.get(conversation, user);
      return row === undefined ? undefined : toMembership(row);
    },
    members: (conversation, after, limit) => readMembers.all(conversation, after, limit).map(toMembership),
    memberCount: (conversation) => countMembers.get(conversation)?.count ?? 0,
    conversationsOf(namespace, user, kinds) {
      const number = namespaces.number(namespace);
      const found = kinds === undefined ? readIds.all(number, user) : readIdsOfKinds.all(number, user, JSON.stringify(kinds));
      return found.map((row) => row.conversation);
    },
    acquaintancesAmong: (namespace, user, among, kinds) =>
      readAcquainted.all(namespaces.number(namespace), user, JSON.stringify(kinds), JSON.stringify(among)).map((row) => row.user),
    summaries(namespace, user, before, limit) {
      const summaries: ConversationSummary[] = [];
      for (const member of activity.newest(namespace, user, before, limit)) {
        const sequence = sequences.get(member.conversation);
        if (sequence !== undefined) summaries.push(summaryOf(sequence, member));
      }
      return summaries;
    },
    summary(conversation, user) {
      const sequence = sequences.get(conversation);
      const member = readMember.get(conversation, user);
      return sequence === undefined || member === undefined ? undefined : summaryOf(sequence, member);
    },
    rosters: (conversations, limit) => conversations.map((conversation) => rosterOf(conversation, limit)),
    unread(conversation, users) {
      const sequence = sequences.get(conversation);
      const counts = new Map<number, number>();
      if (sequence === undefined) return counts;
      const unread = cursors.unreadIn(sequence);
      for (const user of users) {
        const member = readMember.get(conversation, user);
        if (member !== undefined) counts.set(user, unread(member));
      }
      return counts;
    },
    lastMessage(conversation) {
      const sequence = sequences.get(conversation);
      return sequence && lastOf(sequence);
    },
    rooms: (namespace, after, limit) =>
      readRooms.all(namespaces.number(namespace), after, limit).map((row) => toConversation(row, namespace)),
  };
}

/**
 * The outbox: every committed fact in commit order. A message sent is told by its own row in the log, so that no second copy of it
 * is written, kept in step or erased; everything else has a row in `event`. Both share one id space, and ids are given out inside the
 * single writer, so id order is commit order.
 */
import { MAX_ID, timeOfId } from '../../core/index.ts';
import type {
  ChatFact,
  Conversation,
  DomainEvent,
  EventType,
  FeedEntry,
  IdSource,
  MemberChange,
  Origin,
  SessionFact,
} from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import type { MessageRows } from './message-rows.ts';
import { originColumns, toMessage } from './rows.ts';
import type { MessageRow } from './rows.ts';
import type { Sequences } from './sequences.ts';
import { parseColumn, query, statement } from './statements.ts';

export interface NewEvent {
  readonly type: Exclude<EventType, 'message.sent'>;
  readonly namespace: number;
  readonly conversation: number;
  readonly user: number;
  readonly message: number;
  readonly index: number;
  readonly origin: Origin;
  readonly members?: MemberChange;
  readonly chat?: ChatFact;
  readonly session?: SessionFact;
}

export interface EventRow {
  readonly id: number;
  readonly type: EventType;
  readonly namespace: number;
  readonly conversation: number;
  readonly user: number;
  readonly message: number;
  readonly idx: number;
  readonly door: string;
  readonly session: number;
  readonly trace: string | null;
  readonly data: string | null;
}

/** A message and through what it came. */
type SentRow = MessageRow & Omit<EventRow, 'data'>;

export interface Feed {
  /** Adds a fact; inside a transaction. Returns its id. */
  add(event: NewEvent): number;
  read(after: number, limit: number): readonly DomainEvent[];
  /** The same with the messages, as they read now. */
  entries(after: number, limit: number): readonly FeedEntry[];
  /** Forgets facts up to a place that nobody resumes by, `limit` at most. Returns whether there are more. */
  trim(upTo: number, limit: number): boolean;
  /** Up to where facts were forgotten. */
  floor(): number;
  /** Facts after a place, counted up to a limit. */
  depth(after: number, limit: number): number;
  /** A row as the fact it is. */
  toEvent(row: EventRow): DomainEvent;
  /** Edits, recalls and reads of a conversation after a place, ascending. */
  changes(conversation: number, after: number, limit: number): readonly EventRow[];
  /** Forgets edits, recalls and reads of a conversation up to a place, `limit` at most. Returns whether there are more. */
  forget(conversation: number, upTo: number, limit: number): boolean;
  newest(): number;
}

export function createFeed(deps: {
  db: Database;
  ids: IdSource;
  namespaces: Namespaces;
  sequences: () => Sequences;
  rows: MessageRows;
  now: () => number;
}): Feed {
  const { db, ids, namespaces, sequences, rows, now } = deps;
  const insert = statement(
    db,
    `INSERT INTO event (id, type, namespace, conversation, user, message, idx, door, session, trace, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const readEvents = query<EventRow>(db, 'SELECT * FROM event WHERE id > ? AND id <= ? ORDER BY id LIMIT ?');
  const readMessages = query<SentRow>(
    db,
    `SELECT id, 'message.sent' AS type, 0 AS namespace, conversation, sender AS user, id AS message, idx, door, session, trace,
       sender, kind, state, text, data, key, expires_at, edited_at, desk
     FROM message WHERE id > ? ORDER BY id LIMIT ?`,
  );
  const readErasing = query<{ conversation: number }>(db, 'SELECT conversation FROM erasure');
  const readChanges = query<EventRow>(
    db,
    `SELECT * FROM event WHERE conversation = ? AND id > ? AND type IN ('message.edited', 'message.recalled', 'message.read')
     ORDER BY id LIMIT ?`,
  );
  const forgetChanges = statement(
    db,
    `DELETE FROM event WHERE id IN (SELECT id FROM event WHERE conversation = ? AND id <= ?
       AND type IN ('message.edited', 'message.recalled', 'message.read') LIMIT ?)`,
  );
  const oldFacts = `SELECT id FROM event WHERE id <= ?
    AND type NOT IN ('message.edited', 'message.recalled', 'message.read') ORDER BY id LIMIT ?`;
  const readTrimmed = query<{ id: number | null }>(db, `SELECT max(id) AS id FROM (${oldFacts})`);
  const trimFacts = statement(db, `DELETE FROM event WHERE id IN (${oldFacts})`);
  const readFloor = query<{ value: number }>(db, "SELECT value FROM progress WHERE name = 'feed-floor'");
  const writeFloor = statement(db, "INSERT OR REPLACE INTO progress (name, value) VALUES ('feed-floor', ?)");
  const readNewest = query<{ id: number | null }>(
    db,
    // The newest message of a conversation may have been removed: its head remembers it.
    `SELECT max(id) AS id FROM (SELECT max(id) AS id FROM message UNION ALL SELECT max(id) FROM event
       UNION ALL SELECT max(id) FROM conversation UNION ALL SELECT max(last_id) FROM conversation)`,
  );
  const countAfter = query<{ count: number }>(
    db,
    `SELECT (SELECT count(*) FROM (SELECT 1 FROM message WHERE id > ?1 LIMIT ?2))
          + (SELECT count(*) FROM (SELECT 1 FROM event WHERE id > ?1 LIMIT ?2)) AS count`,
  );

  function toEvent(row: EventRow): DomainEvent {
    return fact(row, namespaces.name(row.namespace), row.data);
  }

  function fact(row: Omit<EventRow, 'data'>, namespace: string, data: string | null): DomainEvent {
    return {
      id: row.id,
      type: row.type,
      namespace,
      conversation: row.conversation,
      user: row.user,
      message: row.message,
      index: row.idx,
      at: timeOfId(row.id),
      origin: { door: row.door, session: row.session, ...(row.trace !== null && { trace: row.trace }) },
      ...(data !== null && dataOf(row.type, data)),
    };
  }

  /** What is said in asides is no fact for other systems: nobody but the desk knows of them. */
  function isTold(conversation: Conversation | undefined): boolean {
    return conversation?.aside === undefined;
  }

  function toSent(row: SentRow, erasing: ReadonlySet<number>): FeedEntry | undefined {
    const conversation = sequences().get(row.conversation)?.conversation;
    if (conversation === undefined || !isTold(conversation) || erasing.has(row.conversation)) return undefined;
    return { event: fact(row, conversation.namespace, null), message: toMessage(row, now()) };
  }

  function toChanged(row: EventRow): FeedEntry | undefined {
    if (row.conversation !== 0 && !isTold(sequences().get(row.conversation)?.conversation)) return undefined;
    const message = row.message === 0 ? undefined : rows.get(row.message);
    return { event: toEvent(row), ...(message !== undefined && { message: toMessage(message, now()) }) };
  }

  /** One step over the log and the events beside it; those that nobody is told of are left out. Undefined: there is nothing more. */
  function step(after: number, limit: number): { entries: FeedEntry[]; next: number } | undefined {
    const sent = readMessages.all(after, limit);
    const lastSent = sent.length < limit ? MAX_ID : (sent.at(-1)?.id ?? MAX_ID);
    const changed = readEvents.all(after, lastSent, limit);
    const until = changed.length < limit ? lastSent : (changed.at(-1)?.id ?? lastSent);
    const erasing = new Set(readErasing.all().map(({ conversation }) => conversation));
    const entries: FeedEntry[] = [];
    const add = (entry: FeedEntry | undefined): void => void (entry !== undefined && entries.push(entry));
    let at = 0;
    for (const row of sent) {
      if (row.id > until) break;
      for (let other = changed[at]; other !== undefined && other.id < row.id; other = changed[(at += 1)]) add(toChanged(other));
      add(toSent(row, erasing));
    }
    for (const row of changed.slice(at)) add(toChanged(row));
    if (sent.length === 0 && changed.length === 0) return undefined;
    return { entries, next: until === MAX_ID ? Math.max(sent.at(-1)?.id ?? 0, changed.at(-1)?.id ?? 0) : until };
  }

  function entriesAfter(after: number, limit: number): FeedEntry[] {
    const entries: FeedEntry[] = [];
    for (let from = after; entries.length < limit;) {
      const found = step(from, limit);
      if (found === undefined) break;
      entries.push(...found.entries);
      from = found.next;
    }
    return entries.slice(0, limit);
  }

  return {
    add(event) {
      const id = ids.next();
      const told = event.members ?? event.chat ?? event.session;
      const data = told === undefined ? null : JSON.stringify(told);
      const { type, namespace, conversation, user, message, index, origin } = event;
      insert.run(id, type, namespace, conversation, user, message, index, ...originColumns(origin), data);
      return id;
    },
    read: (after, limit) => entriesAfter(after, limit).map(({ event }) => event),
    toEvent,
    entries: entriesAfter,
    trim(upTo, limit) {
      const floor = readTrimmed.get(upTo, limit)?.id;
      if (floor == null) return false;
      writeFloor.run(Math.max(floor, readFloor.get()?.value ?? 0));
      return trimFacts.run(upTo, limit) === limit;
    },
    floor: () => readFloor.get()?.value ?? 0,
    depth: (after, limit) => Math.min(limit, countAfter.get(after, limit)?.count ?? 0),
    changes: (conversation, after, limit) => readChanges.all(conversation, after, limit),
    forget: (conversation, upTo, limit) => forgetChanges.run(conversation, upTo, limit) === limit,
    newest: () => readNewest.get()?.id ?? 0,
  };
}

function dataOf(type: EventType, data: string): Pick<DomainEvent, 'members' | 'chat' | 'session'> {
  if (type.startsWith('chat.')) return { chat: parseColumn('chat', data) };
  return type.startsWith('user.') ? { session: parseColumn('session', data) } : { members: parseColumn('members', data) };
}

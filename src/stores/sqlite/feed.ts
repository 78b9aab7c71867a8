/**
 * The outbox: every committed fact in commit order. A message sent is told by its own row in the log, so that no second copy of it
 * is written, kept in step or erased; everything else has a row in `event`. Both share one id space, and ids are given out inside the
 * single writer, so id order is commit order.
 */
import { timeOfId } from '../../core/index.ts';
import type { ChatFact, DomainEvent, EventType, IdSource, MemberChange, Origin } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import { originColumns } from './rows.ts';
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
}

interface EventRow {
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

export interface Feed {
  /** Adds a fact; inside a transaction. Returns its id. */
  add(event: NewEvent): number;
  read(after: number, limit: number): readonly DomainEvent[];
  /** Facts after a place, counted up to a limit. */
  depth(after: number, limit: number): number;
  /** Edits, recalls and reads of a conversation after a place, ascending. */
  changes(conversation: number, after: number, limit: number): readonly EventRow[];
  /** Forgets edits, recalls and reads of a conversation up to a place, `limit` at most. Returns whether there are more. */
  forget(conversation: number, upTo: number, limit: number): boolean;
  newest(): number;
}

export function createFeed(deps: { db: Database; ids: IdSource; namespaces: Namespaces; sequences: () => Sequences }): Feed {
  const { db, ids, namespaces, sequences } = deps;
  const insert = statement(
    db,
    `INSERT INTO event (id, type, namespace, conversation, user, message, idx, door, session, trace, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // What is said in asides is no fact for other systems: nobody but the desk knows of them.
  const notAside = (table: string): string =>
    `NOT EXISTS (SELECT 1 FROM conversation c WHERE c.id = ${table}.conversation AND c.aside_of IS NOT NULL)`;
  const readEvents = query<EventRow>(db, `SELECT * FROM event WHERE id > ? AND ${notAside('event')} ORDER BY id LIMIT ?`);
  const readMessages = query<EventRow>(
    db,
    `SELECT id, 'message.sent' AS type, 0 AS namespace, conversation, sender AS user, id AS message, idx, door, session, trace, NULL AS data
     FROM message WHERE id > ? AND conversation NOT IN (SELECT conversation FROM erasure) AND ${notAside('message')} ORDER BY id LIMIT ?`,
  );
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
    const namespace =
      row.namespace === 0 ? sequences().get(row.conversation)?.conversation.namespace : namespaces.name(row.namespace);
    return {
      id: row.id,
      type: row.type,
      namespace: namespace ?? '',
      conversation: row.conversation,
      user: row.user,
      message: row.message,
      index: row.idx,
      at: timeOfId(row.id),
      origin: { door: row.door, session: row.session, ...(row.trace !== null && { trace: row.trace }) },
      ...(row.data !== null && dataOf(row.type, row.data)),
    };
  }

  return {
    add(event) {
      const id = ids.next();
      const told = event.members ?? event.chat;
      const data = told === undefined ? null : JSON.stringify(told);
      const { type, namespace, conversation, user, message, index, origin } = event;
      insert.run(id, type, namespace, conversation, user, message, index, ...originColumns(origin), data);
      return id;
    },
    read(after, limit) {
      const rows = [...readMessages.all(after, limit), ...readEvents.all(after, limit)];
      rows.sort((one, other) => one.id - other.id);
      return rows.slice(0, limit).map(toEvent);
    },
    depth: (after, limit) => Math.min(limit, countAfter.get(after, limit)?.count ?? 0),
    changes: (conversation, after, limit) => readChanges.all(conversation, after, limit),
    forget: (conversation, upTo, limit) => forgetChanges.run(conversation, upTo, limit) === limit,
    newest: () => readNewest.get()?.id ?? 0,
  };
}

function dataOf(type: EventType, data: string): Pick<DomainEvent, 'members' | 'chat'> {
  return type.startsWith('chat.') ? { chat: parseColumn('chat', data) } : { members: parseColumn('members', data) };
}

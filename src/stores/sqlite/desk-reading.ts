/**
 * Reading support chats: lists, counts, the queue. Nothing here writes. Every list is read from an index that has its order, from where the page
 * begins: one range per status and widget that is asked for, merged here, so that a page costs the same for any number of chats.
 */
import type { ChatEntry, ChatFilter, ChatQuery } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { ChatRow, DeskChats } from './desk-chats.ts';
import type { Namespaces } from './namespaces.ts';
import type { Reading } from './reading.ts';
import type { Sequences } from './sequences.ts';
import { query } from './statements.ts';
import type { Query } from './statements.ts';

export interface DeskReading {
  chats(query: ChatQuery): readonly ChatEntry[];
  count(filter: ChatFilter): number;
  queue(namespace: string, source: string, department: string, limit: number): readonly number[];
}

type Condition = readonly [sql: string, ...values: (string | number)[]];

/** One range of an index, with what else must hold. */
interface Range {
  readonly index: string;
  readonly conditions: readonly Condition[];
}

/** Ranges merged for one list: beyond it, in a list of very many widgets, the index of the order is read and filtered. */
const MAX_RANGES = 64;

export function createDeskReading(deps: {
  db: Database;
  namespaces: Namespaces;
  sequences: Sequences;
  chats: DeskChats;
  reading: Pick<Reading, 'lastMessage'>;
}): DeskReading {
  const { db, namespaces, sequences, chats, reading } = deps;
  const readQueue = query<{ conversation: number }>(
    db,
    `SELECT conversation FROM support_chat INDEXED BY support_chat_queues
     WHERE namespace = ? AND source = ? AND department = ? AND queued IS NOT NULL ORDER BY queued LIMIT ?`,
  );
  const readStatuses = query<{ status: string }>(db, 'SELECT DISTINCT status FROM chat_count WHERE namespace = ?');
  /** Queries by their text: there are as many as ways to filter. */
  const lists = new Map<string, Query<ChatRow>>();
  const sums = new Map<string, Query<{ chats: number | null }>>();

  function prepared<R extends object>(known: Map<string, Query<R>>, sql: string): Query<R> {
    const found = known.get(sql) ?? query<R>(db, sql);
    known.set(sql, found);
    return found;
  }

  /** Of the same lists, what a range does not say by itself. */
  function rest({ department, unread, closed, client }: ChatFilter): Condition[] {
    return [
      ...(client === undefined ? [] : [['client = ?', client] as const]),
      ...(closed === undefined ? [] : [[`status ${closed ? '=' : '<>'} 'closed'`] as const]),
      ...(department === undefined ? [] : [['department = ?', department] as const]),
      ...(unread === undefined ? [] : [[`unread = ${unread ? 1 : 0}`] as const]),
    ];
  }

  function waitingRanges({ sources, operator, statuses }: ChatQuery): Range[] {
    const others: Condition[] = [['queued IS NOT NULL']];
    if (operator !== undefined) others.push(['operator = ?', operator]);
    if (statuses !== undefined) others.push(among('status', statuses));
    if (sources === undefined || sources.length > MAX_RANGES) {
      const some = sources === undefined ? [] : [among('source', sources)];
      return [{ index: 'support_chat_queue', conditions: [...others, ...some] }];
    }
    return sources.map((source) => ({ index: 'support_chat_queues', conditions: [...others, ['source = ?', source]] }));
  }

  function recentRanges(number: number, { sources, operator, statuses, client, unread, closed }: ChatQuery): Range[] {
    const listed: Condition = ['listed = 1'];
    const bySource = sources === undefined ? [] : [among('source', sources)];
    const byStatus = statuses === undefined ? [] : [among('status', statuses)];
    if (client !== undefined) {
      return [{ index: 'support_chat_client', conditions: [...bySource, ...byStatus] }];
    }
    const byOperator: Condition[] = operator === undefined ? [] : [['operator = ?', operator]];
    if (unread === true && operator === undefined) {
      return [{ index: 'support_chat_unread', conditions: [listed, ['unread = 1'], ...bySource, ...byStatus] }];
    }
    const words = statuses ?? readStatuses.all(number).map(({ status }) => status);
    if (operator !== undefined) {
      const wanted = words.filter((status) => closed === undefined || closed === (status === 'closed'));
      return wanted.map((status) => ({
        index: 'support_chat_operator',
        conditions: [listed, ...byOperator, ['status = ?', status], ...bySource],
      }));
    }
    if (sources !== undefined && sources.length * words.length <= MAX_RANGES) {
      return sources.flatMap((source) =>
        words.map((status) => ({
          index: 'support_chat_source',
          conditions: [listed, ['source = ?', source], ['status = ?', status]] as const,
        })),
      );
    }
    if (statuses === undefined) return [{ index: 'support_chat_all', conditions: [listed, ...bySource] }];
    return statuses.map((status) => ({
      index: 'support_chat_status',
      conditions: [listed, ['status = ?', status], ...bySource],
    }));
  }

  function rowsOf({ index, conditions }: Range, more: readonly Condition[], order: string, limit: number): readonly ChatRow[] {
    const all = [...conditions, ...more];
    const where = all.map(([sql]) => sql).join(' AND ');
    const list = prepared(lists, `SELECT * FROM support_chat INDEXED BY ${index} WHERE ${where} ORDER BY ${order} LIMIT ?`);
    return list.all(...all.flatMap(([, ...values]) => values), limit);
  }

  function toEntry(row: ChatRow, cursor: number): ChatEntry | undefined {
    const sequence = sequences.get(row.conversation);
    if (sequence === undefined) return undefined;
    const lastMessage = reading.lastMessage(row.conversation);
    const { conversation, lastIndex } = sequence;
    const scene = chats.scene(chats.get(row.conversation) ?? chats.toChat(row), 0);
    return { conversation, scene, lastIndex, ...(lastMessage && { lastMessage }), cursor };
  }

  return {
    chats(given) {
      const asked = once(given);
      const number = namespaces.number(asked.namespace);
      const { order, after, limit } = asked;
      const column = order === 'waiting' ? 'queued' : asked.client === undefined ? 'place' : 'conversation';
      const down = order === 'recent';
      const more: Condition[] = [['namespace = ?', number], ...rest(asked)];
      if (after !== 0 || !down) more.push([`${column} ${down ? '<' : '>'} ?`, after]);
      const ranges = down ? recentRanges(number, asked) : waitingRanges(asked);
      const rows = ranges.flatMap((range) => rowsOf(range, more, `${column} ${down ? 'DESC' : 'ASC'}`, limit));
      const placeOf = (row: ChatRow): number => row[column] ?? 0;
      const sorted = rows.toSorted((one, other) => (down ? placeOf(other) - placeOf(one) : placeOf(one) - placeOf(other)));
      return sorted.slice(0, limit).flatMap((row) => toEntry(row, placeOf(row)) ?? []);
    },
    count(filter) {
      const { statuses, operator, sources, client } = filter;
      const conditions: Condition[] = [['namespace = ?', namespaces.number(filter.namespace)], ...rest(filter)];
      if (operator !== undefined) conditions.push(['operator = ?', operator]);
      if (statuses !== undefined) conditions.push(among('status', statuses));
      if (sources !== undefined) conditions.push(among('source', sources));
      const where = conditions.map(([sql]) => sql).join(' AND ');
      // One client's are few, and have no sum kept of them.
      const table = 'count(*) AS chats FROM support_chat INDEXED BY support_chat_client';
      const from = client === undefined ? 'sum(chats) AS chats FROM chat_count' : table;
      const sum = prepared(sums, `SELECT ${from} WHERE ${where}`);
      return sum.get(...conditions.flatMap(([, ...values]) => values))?.chats ?? 0;
    },
    queue: (namespace, source, department, limit) =>
      readQueue.all(namespaces.number(namespace), source, department, limit).map(({ conversation }) => conversation),
  };
}

/** Nothing is listed twice because it is asked for twice. */
function once({ sources, statuses, ...asked }: ChatQuery): ChatQuery {
  return {
    ...asked,
    ...(sources && { sources: [...new Set(sources)] }),
    ...(statuses && { statuses: [...new Set(statuses)] }),
  };
}

/** As one JSON value, so that the text of the query is the same for any number of them. */
function among(column: string, values: readonly string[]): Condition {
  return [`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values)];
}

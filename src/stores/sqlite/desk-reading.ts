/** Reading support chats: lists, counts, the queue. Nothing here writes. */
import type { ChatEntry, ChatFilter, ChatQuery } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { ChatRow, DeskChats } from './desk-chats.ts';
import type { Namespaces } from './namespaces.ts';
import type { Reading } from './reading.ts';
import type { Sequences } from './sequences.ts';
import { query } from './statements.ts';

export interface DeskReading {
  chats(query: ChatQuery): readonly ChatEntry[];
  count(filter: ChatFilter): number;
  queue(namespace: string, source: string, department: string, limit: number): readonly number[];
}

type Condition = readonly [sql: string, ...values: (string | number)[]];

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
    `SELECT conversation FROM support_chat WHERE namespace = ? AND source = ? AND department = ? AND queued IS NOT NULL
     ORDER BY queued LIMIT ?`,
  );
  /** Queries by their conditions: there are as many as ways to filter. */
  const prepared = new Map<string, ReturnType<typeof query<ChatRow & { chats: number | null }>>>();

  function run(sql: string): ReturnType<typeof query<ChatRow & { chats: number | null }>> {
    const known = prepared.get(sql) ?? query<ChatRow & { chats: number | null }>(db, sql);
    prepared.set(sql, known);
    return known;
  }

  function conditionsOf({ namespace, statuses, operator, sources, department, unread }: ChatFilter): Condition[] {
    const list: Condition[] = [['namespace = ?', namespaces.number(namespace)]];
    if (statuses !== undefined) list.push(among('status', statuses));
    if (operator !== undefined) list.push(['operator = ?', operator]);
    if (sources !== undefined) list.push(among('source', sources));
    if (department !== undefined) list.push(['department = ?', department]);
    if (unread !== undefined) list.push([`unread = ${unread ? 1 : 0}`]);
    return list;
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
    chats(asked) {
      const conditions = conditionsOf(asked);
      if (asked.client !== undefined) conditions.push(['client = ?', asked.client]);
      else conditions.push(['listed = 1']);
      const waiting = asked.order === 'waiting';
      const column = waiting ? 'queued' : 'place';
      if (waiting) conditions.push(['queued IS NOT NULL'], ['queued > ?', asked.after]);
      else if (asked.after !== 0) conditions.push(['place < ?', asked.after]);
      const where = conditions.map(([sql]) => sql).join(' AND ');
      const values = conditions.flatMap(([, ...given]) => given);
      const rows = run(`SELECT * FROM support_chat WHERE ${where} ORDER BY ${column} ${waiting ? 'ASC' : 'DESC'} LIMIT ?`).all(
        ...values,
        asked.limit,
      );
      return rows.flatMap((row) => toEntry(row, (waiting ? row.queued : row.place) ?? 0) ?? []);
    },
    count(filter) {
      const conditions = conditionsOf(filter);
      const where = conditions.map(([sql]) => sql).join(' AND ');
      return (
        run(`SELECT sum(chats) AS chats FROM chat_count WHERE ${where}`).get(...conditions.flatMap(([, ...given]) => given))
          ?.chats ?? 0
      );
    },
    queue: (namespace, source, department, limit) =>
      readQueue.all(namespaces.number(namespace), source, department, limit).map(({ conversation }) => conversation),
  };
}

/** As one JSON value, so that the text of the query is the same for any number of them. */
function among(column: string, values: readonly string[]): Condition {
  return [`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values)];
}

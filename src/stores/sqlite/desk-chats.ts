/**
 * Support chats and how many there are of each sort. Whatever changes a chat does it through `save`, which moves the counts in the same
 * transaction, so that they equal the lists after any history, and reading them costs the same for any number of chats.
 */
import { timeOfId } from '../../core/index.ts';
import type { ChatCursors, OperatorCounts, Scene, SupportChat, User } from '../../core/index.ts';
import type { Database } from './database.ts';
import type { Namespaces } from './namespaces.ts';
import { toUser } from './rows.ts';
import type { UserRow } from './rows.ts';
import { parseColumn, query, statement } from './statements.ts';

export interface ChatRow {
  readonly conversation: number;
  readonly namespace: number;
  readonly uuid: string;
  readonly source: string;
  readonly department: string;
  readonly status: string;
  readonly client: number;
  readonly operator: number;
  readonly last_operator: number;
  readonly queued: number | null;
  readonly taken_at: number | null;
  readonly closed_at: number | null;
  readonly score: number | null;
  readonly comment: string | null;
  readonly unread: number;
  readonly listed: number;
  readonly place: number;
  readonly desk_delivered: number;
  readonly desk_read: number;
  readonly extra: string | null;
}

/** A chat with its place in the queue, which is not told: the id of the fact that began the waiting. */
export interface KeptChat extends SupportChat {
  readonly queued?: number;
}

export interface DeskChats {
  get(conversation: number): KeptChat | undefined;
  byUuid(namespace: number, uuid: string): KeptChat | undefined;
  /** The client's newest chat in a widget that is not closed. */
  openOf(namespace: number, client: number, source: string): KeptChat | undefined;
  /** The client's newest chats. */
  ofClient(namespace: number, client: number, limit: number): readonly KeptChat[];
  insert(chat: KeptChat): void;
  /** Keeps a changed chat; where it has its place still, nothing but the desk's cursors and unread has changed. */
  save(before: KeptChat, after: KeptChat): void;
  /** The chat as it was. */
  remove(conversation: number): SupportChat | undefined;
  /** The client's cursors in the conversation are these now. */
  clientMoved(conversation: number, cursors: Pick<ChatCursors, 'clientDelivered' | 'clientRead'>): void;
  /** What the client has said of chats, and what back ends have told of them, goes with the client. */
  eraseClient(namespace: number, client: number): void;
  user(namespace: number, id: number): User | undefined;
  scene(chat: KeptChat, sender: number): Scene;
  countsOf(namespace: number, operator: number): OperatorCounts;
  unread(namespace: number): Readonly<Record<string, number>>;
  toChat(row: ChatRow): KeptChat;
  /** Forgets a user, or a chat, that was changed by others. */
  userSaved(namespace: number, id: number): void;
  forget(conversation: number): void;
  /** Forgets everything in memory: a transaction was undone. */
  reset(): void;
}

/** Chats and people in memory; the rest are read again. */
const MAX_CHATS = 20_000;
const MAX_PEOPLE = 20_000;

export function createDeskChats(deps: { db: Database; namespaces: Namespaces }): DeskChats {
  const { db, namespaces } = deps;
  const byId = query<ChatRow>(db, 'SELECT * FROM support_chat WHERE conversation = ?');
  const findUuid = query<ChatRow>(db, 'SELECT * FROM support_chat WHERE namespace = ? AND uuid = ?');
  const findOpen = query<ChatRow>(
    db,
    "SELECT * FROM support_chat WHERE namespace = ? AND client = ? AND source = ? AND status <> 'closed' ORDER BY conversation DESC LIMIT 1",
  );
  const findOfClient = query<ChatRow>(
    db,
    'SELECT * FROM support_chat WHERE namespace = ? AND client = ? ORDER BY conversation DESC LIMIT ?',
  );
  const write = statement(
    db,
    `INSERT INTO support_chat (conversation, namespace, uuid, source, department, status, client, operator, last_operator,
       queued, taken_at, closed_at, score, comment, unread, listed, place, desk_delivered, desk_read, extra)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // What never changes is not written again: its indexes stay as they are.
  const rewrite = statement(
    db,
    `UPDATE support_chat SET department = ?, status = ?, operator = ?, last_operator = ?, queued = ?, taken_at = ?, closed_at = ?,
       score = ?, comment = ?, unread = ?, listed = ?, place = ?, desk_delivered = ?, desk_read = ?, extra = ? WHERE conversation = ?`,
  );
  const setClient = statement(db, 'UPDATE support_chat SET client = ? WHERE conversation = ?');
  const setUnread = statement(db, 'UPDATE support_chat SET unread = ? WHERE conversation = ?');
  const writeCursors = statement(db, 'UPDATE support_chat SET desk_delivered = ?, desk_read = ? WHERE conversation = ?');
  const eraseWords = statement(
    db,
    "UPDATE support_chat SET comment = iif(score IS NULL, NULL, ''), extra = NULL WHERE conversation = ?",
  );
  const removeRow = statement(db, 'DELETE FROM support_chat WHERE conversation = ?');
  const count = statement(
    db,
    `INSERT INTO chat_count (namespace, operator, status, source, department, unread, chats) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET chats = chats + excluded.chats`,
  );
  const dropEmpty = statement(
    db,
    `DELETE FROM chat_count WHERE namespace = ? AND operator = ? AND status = ? AND source = ? AND department = ? AND unread = ?
     AND chats = 0`,
  );
  const readCounts = query<{ status: string; chats: number }>(
    db,
    "SELECT status, sum(chats) AS chats FROM chat_count WHERE namespace = ? AND operator = ? AND status IN ('new', 'open') GROUP BY status",
  );
  const readUnread = query<{ source: string; chats: number }>(
    db,
    'SELECT source, sum(chats) AS chats FROM chat_count WHERE namespace = ? AND unread = 1 GROUP BY source ORDER BY source',
  );
  const readCursors = query<{ delivered_index: number; read_index: number }>(
    db,
    'SELECT delivered_index, read_index FROM membership WHERE conversation = ? AND user = ?',
  );
  const readUser = query<UserRow>(db, 'SELECT * FROM user WHERE namespace = ? AND id = ?');
  const chats = new Map<number, KeptChat>();
  const people = new Map<string, User | undefined>();

  function keep(chat: KeptChat): KeptChat {
    if (chats.size >= MAX_CHATS) chats.clear();
    chats.set(chat.conversation, chat);
    return chat;
  }

  function get(conversation: number): KeptChat | undefined {
    const known = chats.get(conversation);
    if (known !== undefined) return known;
    const row = byId.get(conversation);
    return row && keep(toChat(row));
  }

  function keptOf(row: ChatRow | undefined): KeptChat | undefined {
    return row && (chats.get(row.conversation) ?? keep(toChat(row)));
  }

  function toChat(row: ChatRow): KeptChat {
    const member = row.client === 0 ? undefined : readCursors.get(row.conversation, row.client);
    return {
      conversation: row.conversation,
      namespace: namespaces.name(row.namespace),
      uuid: row.uuid,
      source: row.source,
      department: row.department,
      status: row.status,
      client: row.client,
      operator: row.operator,
      lastOperator: row.last_operator,
      ...(row.queued !== null && { queued: row.queued, queuedAt: timeOfId(row.queued) }),
      ...(row.taken_at !== null && { takenAt: row.taken_at }),
      ...(row.closed_at !== null && { closedAt: row.closed_at }),
      ...(row.score !== null && { rating: { score: row.score, comment: row.comment ?? '' } }),
      unread: row.unread === 1,
      place: row.place,
      cursors: {
        clientDelivered: member?.delivered_index ?? 0,
        clientRead: member?.read_index ?? 0,
        deskDelivered: row.desk_delivered,
        deskRead: row.desk_read,
      },
      ...(row.extra !== null && { extra: parseColumn('extra', row.extra) }),
    };
  }

  function valuesOf(chat: KeptChat) {
    const { cursors, rating, extra } = chat;
    return {
      head: [chat.department, chat.status] as const,
      tail: [
        chat.operator,
        chat.lastOperator,
        chat.queued ?? null,
        chat.takenAt ?? null,
        chat.closedAt ?? null,
        rating?.score ?? null,
        rating?.comment ?? null,
        chat.unread ? 1 : 0,
        isListed(chat) ? 1 : 0,
        chat.place,
        cursors.deskDelivered,
        cursors.deskRead,
        extra === undefined ? null : JSON.stringify(extra),
      ] as const,
    };
  }

  function bump(chat: KeptChat, by: 1 | -1): void {
    if (!isListed(chat)) return;
    const { operator, status, source, department, unread } = chat;
    const sort = [namespaces.ensure(chat.namespace), operator, status, source, department, unread ? 1 : 0] as const;
    count.run(...sort, by);
    if (by === -1) dropEmpty.run(...sort);
  }

  function user(namespace: number, id: number): User | undefined {
    if (id === 0) return undefined;
    const key = `${id}/${namespace}`;
    if (people.has(key)) return people.get(key);
    const row = readUser.get(namespace, id);
    const found = row && toUser(row, namespaces.name(namespace));
    if (people.size >= MAX_PEOPLE) people.clear();
    people.set(key, found);
    return found;
  }

  return {
    get,
    byUuid: (namespace, uuid) => keptOf(findUuid.get(namespace, uuid)),
    openOf: (namespace, client, source) => keptOf(findOpen.get(namespace, client, source)),
    ofClient: (namespace, client, limit) => findOfClient.all(namespace, client, limit).flatMap((row) => keptOf(row) ?? []),
    insert(chat) {
      const { head, tail } = valuesOf(chat);
      write.run(chat.conversation, namespaces.ensure(chat.namespace), chat.uuid, chat.source, ...head, chat.client, ...tail);
      keep(chat);
      bump(chat, 1);
    },
    save(before, after) {
      const { conversation, cursors } = after;
      if (after.place !== before.place) {
        const { head, tail } = valuesOf(after);
        rewrite.run(...head, ...tail, conversation);
        if (after.client !== before.client) setClient.run(after.client, conversation);
      } else {
        if (cursors !== before.cursors) writeCursors.run(cursors.deskDelivered, cursors.deskRead, conversation);
        if (after.unread !== before.unread) setUnread.run(after.unread ? 1 : 0, conversation);
      }
      keep(after);
      if (sameSort(before, after)) return;
      bump(before, -1);
      bump(after, 1);
    },
    remove(conversation) {
      const chat = get(conversation);
      if (chat === undefined) return undefined;
      bump(chat, -1);
      removeRow.run(conversation);
      chats.delete(conversation);
      return chat;
    },
    clientMoved(conversation, cursors) {
      const chat = chats.get(conversation);
      if (chat !== undefined) keep({ ...chat, cursors: { ...chat.cursors, ...cursors } });
    },
    eraseClient(namespace, client) {
      for (const { conversation } of findOfClient.all(namespace, client, -1)) {
        eraseWords.run(conversation);
        chats.delete(conversation);
      }
    },
    user,
    scene(kept, senderId) {
      const { queued: _, ...chat } = kept;
      const namespace = namespaces.number(chat.namespace);
      const client = user(namespace, chat.client);
      const operator = user(namespace, chat.operator);
      const sender = user(namespace, senderId);
      return { chat, ...(client && { client }), ...(operator && { operator }), ...(sender && { sender }) };
    },
    countsOf(namespace, operator) {
      const rows = readCounts.all(namespace, operator);
      const chatsOf = (status: string): number => rows.find((row) => row.status === status)?.chats ?? 0;
      return { operator, newChats: chatsOf('new'), openChats: chatsOf('open') };
    },
    unread: (namespace) => Object.fromEntries(readUnread.all(namespace).map(({ source, chats: sum }) => [source, sum])),
    toChat,
    userSaved: (namespace, id) => void people.delete(`${id}/${namespace}`),
    forget: (conversation) => void chats.delete(conversation),
    reset() {
      chats.clear();
      people.clear();
    },
  };
}

/** Whether operators' lists have it: a chat in which nobody has said anything, and that nobody has, is no work for anybody. */
export function isListed({ queued, status, operator, takenAt }: KeptChat): boolean {
  return queued !== undefined || status !== 'new' || operator !== 0 || takenAt !== undefined;
}

/** Whether both are counted alike. */
export function sameSort(one: KeptChat, other: KeptChat): boolean {
  return (
    isListed(one) === isListed(other) &&
    one.operator === other.operator &&
    one.status === other.status &&
    one.source === other.source &&
    one.department === other.department &&
    one.unread === other.unread
  );
}

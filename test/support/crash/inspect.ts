/** Reads a data folder that no server uses and returns everything in it that contradicts itself. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { placeOf } from '../../../src/core/index.ts';
import type { ConversationHead, Store } from '../../../src/core/index.ts';
import { openSqliteStore } from '../../../src/stores/sqlite.ts';
import { inspectDesk } from './desk-inspect.ts';
import type { InspectedDesk } from './desk-inspect.ts';
import { checkBytes } from './files-verdict.ts';
import { privateKey } from './places.ts';

/** A message as its row has it. */
export interface StoredMessage {
  readonly id: number;
  readonly conversation: number;
  readonly index: number;
  readonly sender: number;
  readonly key: string | null;
  readonly text: string | null;
  /** SHA-256 of its file. */
  readonly file: string | null;
}

export interface Inspected {
  readonly faults: readonly string[];
  /** By the name of the conversation (places.ts), in the order of their indexes. */
  readonly conversations: ReadonlyMap<string, readonly StoredMessage[]>;
  /** Id of the newest message that a room's short history has left behind, by the name of the conversation; 0 where all are kept. */
  readonly cuts: ReadonlyMap<string, number>;
  /** Members of each conversation, by its id. */
  readonly members: ReadonlyMap<number, ReadonlySet<number>>;
  /** Messages of deleted conversations that are still to be erased. */
  readonly erasing: number;
  readonly desk: InspectedDesk;
}

interface ConversationRow {
  readonly id: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** The folder as the next start would find it; it is looked at in a copy. */
export async function inspect(folder: string): Promise<Inspected> {
  const copy = mkdtempSync(join(tmpdir(), 'switchboard-copy-'));
  cpSync(folder, copy, { recursive: true });
  try {
    return await look(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

async function look(folder: string): Promise<Inspected> {
  const store = await openSqliteStore({ folder });
  const db = new DatabaseSync(join(folder, 'switchboard.db'));
  try {
    const faults = checkFile(db);
    const rows = db.prepare('SELECT id, low, high FROM conversation').all() as unknown as ConversationRow[];
    const byConversation = Map.groupBy(readMessages(db), ({ conversation }) => conversation);
    const conversations = new Map<string, StoredMessage[]>();
    const cuts = new Map<string, number>();
    const members = new Map<number, Set<number>>();
    for (const { id, low, high } of rows) {
      const messages = byConversation.get(id) ?? [];
      byConversation.delete(id);
      const head = await store.head(id);
      if (head === undefined) throw new Error(`conversation ${id} has no head`);
      const name = low === null || high === null ? String(id) : privateKey(low, high);
      conversations.set(name, messages);
      cuts.set(name, head.cutId);
      members.set(id, new Set((await store.members(id, 0, 10_000)).map(({ user }) => user)));
      faults.push(
        ...checkDense(head, messages),
        ...(await checkIndex(store, head, messages)),
        ...(await checkUnread(store, id, messages)),
        ...(await checkChanges(store, db, head)),
      );
    }
    faults.push(...checkKeys([...conversations.values()].flat()), ...checkOrphans(db, byConversation));
    const desk = await inspectDesk(store, db);
    faults.push(...checkBytes(db, folder), ...desk.faults);
    return { faults, conversations, cuts, members, erasing: [...byConversation.values()].flat().length, desk };
  } finally {
    db.close();
    await store.close();
  }
}

function checkFile(db: DatabaseSync): string[] {
  const lines = db.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
  return lines.map((line) => line.integrity_check).filter((text) => text !== 'ok');
}

function readMessages(db: DatabaseSync): StoredMessage[] {
  const file = "(SELECT f.hash FROM file_use u JOIN file f ON f.id = u.file WHERE u.kind = 'message' AND u.subject = message.id)";
  const sql = `SELECT id, conversation, idx AS "index", sender, key, text, ${file} AS file FROM message ORDER BY conversation, idx`;
  return db.prepare(sql).all() as unknown as StoredMessage[];
}

/** Indexes without a hole, from 1 or from where the history begins; ids ascending with them. */
function checkDense({ conversation, firstIndex }: ConversationHead, messages: readonly StoredMessage[]): string[] {
  const faults: string[] = [];
  for (const [at, { id, index }] of messages.entries()) {
    if (index !== firstIndex + at)
      faults.push(`conversation ${conversation.id} has index ${index} at place ${at}, begins at ${firstIndex}`);
    const before = messages[at - 1]?.id ?? 0;
    if (id <= before) faults.push(`conversation ${conversation.id} has ${id} after ${before}`);
  }
  return faults;
}

/** Head and history say what the rows say. */
async function checkIndex(store: Store, head: ConversationHead, messages: readonly StoredMessage[]): Promise<string[]> {
  const { id, kind } = head.conversation;
  const faults: string[] = [];
  if (kind !== 'room' && head.firstIndex !== 1) faults.push(`conversation ${id} begins at ${head.firstIndex}`);
  if (head.lastIndex !== head.firstIndex + messages.length - 1 || head.lastId !== (messages.at(-1)?.id ?? 0)) {
    faults.push(
      `conversation ${id} ends at ${head.lastIndex} (${head.lastId}), stored are ${messages.length} (${messages.at(-1)?.id})`,
    );
  }
  const page = await store.history({ conversation: id, after: 0, limit: messages.length + 1 });
  const told = page.messages.map((message) => message.id).join();
  if (told !== messages.map((message) => message.id).join())
    faults.push(`the history of conversation ${id} is not what is stored`);
  return faults;
}

/** Unread is what others wrote after the read cursor, counted one by one. */
async function checkUnread(store: Store, conversation: number, messages: readonly StoredMessage[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { user, readIndex } of await store.members(conversation, 0, 10_000)) {
    const summary = await store.summary(conversation, user);
    const counted = messages.filter(({ index, sender }) => index > readIndex && sender !== user).length;
    if (summary?.unread !== counted)
      faults.push(`${user} has ${summary?.unread} unread in ${conversation}, counted are ${counted}`);
  }
  return faults;
}

/** Whoever comes back is told of the newest read, edit or recall. */
async function checkChanges(store: Store, db: DatabaseSync, { conversation }: ConversationHead): Promise<string[]> {
  const { id, namespace, kind } = conversation;
  const sql =
    "SELECT max(id) AS id FROM event WHERE conversation = ? AND type IN ('message.read', 'message.edited', 'message.recalled')";
  const newest = Number(db.prepare(sql).get(id)?.['id'] ?? 0);
  if (newest === 0) return [];
  const page = await store.resume({ namespace, user: 0, kinds: [kind], conversations: [id], after: newest - 1, limit: 100 });
  return page.entries.some((entry) => placeOf(entry) === newest)
    ? []
    : [`a resume of conversation ${id} leaves out the change ${newest}`];
}

/** A key is stored once per sender. */
function checkKeys(messages: readonly StoredMessage[]): string[] {
  const keyed = messages.filter(({ key }) => key !== null);
  const known = new Map<string, number>();
  const faults: string[] = [];
  for (const { id, sender, key } of keyed) {
    const name = `${sender} ${key}`;
    const other = known.get(name);
    if (other !== undefined) faults.push(`the key ${key} of ${sender} is stored as ${other} and as ${id}`);
    known.set(name, id);
  }
  return faults;
}

/** Messages without a conversation are those of a deleted one, waiting to be erased. */
function checkOrphans(db: DatabaseSync, orphans: ReadonlyMap<number, readonly StoredMessage[]>): string[] {
  const erasing = new Set(
    (db.prepare('SELECT conversation FROM erasure').all() as { conversation: number }[]).map((row) => row.conversation),
  );
  const lost = [...orphans].filter(([conversation]) => !erasing.has(conversation));
  return lost.map(([conversation, { length }]) => `${length} messages of conversation ${conversation}, which is not there`);
}

/** The desk's part of a data folder: its chats, the names that back ends gave to messages, and whether the counts are those of the lists. */
import type { DatabaseSync } from 'node:sqlite';
import type { AsideCursors, Store, SupportChat } from '../../../src/core/index.ts';

const NAMESPACE = 'default';
const STATUSES = ['new', 'open', 'closed'] as const;

/** More chats than there ever are. */
const ALL = 100_000;

export interface InspectedDesk {
  readonly faults: readonly string[];
  readonly chats: readonly SupportChat[];
  /** How far the readers of each aside have come. */
  readonly asides: ReadonlyMap<number, AsideCursors>;
  /** Message by the id that a back end gave it. */
  readonly externals: ReadonlyMap<number, number>;
}

export async function inspectDesk(store: Store, db: DatabaseSync): Promise<InspectedDesk> {
  const entries = await store.chats({ namespace: NAMESPACE, order: 'recent', after: 0, limit: ALL });
  const chats = entries.map(({ scene }) => scene.chat);
  const faults = [
    ...(await checkCounts(store, chats)),
    ...(await checkOperators(store, chats)),
    ...(await checkUnread(store, chats)),
  ];
  const asides = (await Promise.all(chats.map(({ conversation }) => store.asides(conversation)))).flat();
  const rows = db.prepare('SELECT external, message FROM message_external').all() as { external: number; message: number }[];
  const cursors = new Map(asides.map((one) => [one.conversation.id, one.cursors]));
  return { faults, chats, asides: cursors, externals: new Map(rows.map(({ external, message }) => [external, message])) };
}

async function checkCounts(store: Store, chats: readonly SupportChat[]): Promise<string[]> {
  const faults: string[] = [];
  for (const status of STATUSES) {
    const listed = chats.filter((chat) => chat.status === status).length;
    const counted = await store.chatCount({ namespace: NAMESPACE, statuses: [status] });
    if (counted !== listed) faults.push(`${counted} chats are counted as ${status}, listed are ${listed}`);
  }
  const queued = (await store.queue(NAMESPACE, chats[0]?.source ?? '', '', ALL)).length;
  const waiting = chats.filter(({ status, operator }) => status === 'new' && operator === 0).length;
  if (queued !== waiting) faults.push(`${queued} chats are in the queue, listed are ${waiting}`);
  return faults;
}

async function checkOperators(store: Store, chats: readonly SupportChat[]): Promise<string[]> {
  const operators = [...new Set(chats.map(({ operator }) => operator))].filter((operator) => operator !== 0);
  const faults: string[] = [];
  for (const { operator, newChats, openChats } of await store.operatorCounts(NAMESPACE, operators)) {
    const has = (status: string): number => chats.filter((chat) => chat.operator === operator && chat.status === status).length;
    if (newChats !== has('new') || openChats !== has('open'))
      faults.push(`${operator} has ${newChats} new and ${openChats} open chats, listed are ${has('new')} and ${has('open')}`);
  }
  return faults;
}

async function checkUnread(store: Store, chats: readonly SupportChat[]): Promise<string[]> {
  const counted = Object.values(await store.unreadChats(NAMESPACE)).reduce((sum, count) => sum + count, 0);
  const listed = chats.filter(({ unread }) => unread).length;
  return counted === listed ? [] : [`${counted} chats are counted as unread, listed are ${listed}`];
}

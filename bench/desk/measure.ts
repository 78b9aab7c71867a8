/**
 * What the counts of a desk and taking a chat cost, with other chats beside: `measure.ts CHATS...`, by default 100 100000. Every second of them is
 * taken, the others wait. Prints one line of JSON for each number.
 *
 * One round is what a desk does when an operator takes a chat: the chat is taken, and the operator's `new_chats` and `open_chats`, all `unread_chats`,
 * the number that waits, and the places of a queue of 100 are read. Places are read once for all who wait in a queue, so they cost by the length of
 * that queue alone, up to 10,000: `crowdedMs` is the longest.
 */
import type { Store } from '../../src/core/index.ts';
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import { monotonicMs } from '../writer/row.ts';
import { NAMESPACE, addChats, addOperators, taking } from './chats.ts';

const OPERATORS = 200;
/** Of whom chats are taken by turns. */
const ME = 1;
const QUEUE = 100;
const REPEATS = 100;
/** Rounds before the first that counts: code is compiled then. */
const WARMUP = 20;
/** As far as places are told (src/core/desk/positions.ts). */
const MAX_PLACES = 10_000;

export interface DeskMeasurement {
  readonly chats: number;
  /** Milliseconds: the middle of many rounds and the slowest. */
  readonly p50: number;
  readonly worst: number;
  /** The middle of each part. */
  readonly countsMs: number;
  readonly placesMs: number;
  readonly takeMs: number;
  /** The places of all others that wait. */
  readonly crowdedMs: number;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = monotonicMs();
  await work();
  return monotonicMs() - start;
}

function middle(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

async function counts(store: Store): Promise<void> {
  await store.operatorCounts(NAMESPACE, [ME]);
  await store.unreadChats(NAMESPACE);
  await store.chatCount({ namespace: NAMESPACE, statuses: ['new'], operator: 0 });
}

async function measureDesk(chats: number): Promise<DeskMeasurement> {
  const store = await openSqliteStore({ folder: ':memory:' });
  await addOperators(store, ME, OPERATORS);
  const operatorOf = (at: number): number => (at % 2 === 0 ? 0 : ME + (at % OPERATORS));
  await addChats(store, { source: 'others', count: chats, firstClient: OPERATORS + 1, operatorOf });
  const firstClient = OPERATORS + chats + 1;
  const count = QUEUE + WARMUP + REPEATS;
  const mine = await addChats(store, { source: 'mine', count, firstClient, operatorOf: () => 0 });
  const parts: { counts: number; places: number; take: number }[] = [];
  for (const chat of mine.slice(0, WARMUP + REPEATS)) {
    const take = await timed(() => store.commit([taking(chat, ME)]));
    const places = await timed(() => store.queue(NAMESPACE, 'mine', '', QUEUE));
    parts.push({ take, places, counts: await timed(() => counts(store)) });
  }
  const counted = parts.slice(WARMUP);
  const whole = counted.map((part) => part.counts + part.places + part.take);
  const crowdedMs = await timed(() => store.queue(NAMESPACE, 'others', '', MAX_PLACES));
  await store.close();
  return {
    chats,
    p50: middle(whole),
    worst: Math.max(...whole),
    countsMs: middle(counted.map((part) => part.counts)),
    placesMs: middle(counted.map((part) => part.places)),
    takeMs: middle(counted.map((part) => part.take)),
    crowdedMs,
  };
}

const asked = process.argv.slice(2).map(Number);
for (const chats of asked.length === 0 ? [100, 100_000] : asked)
  process.stdout.write(`${JSON.stringify(await measureDesk(chats))}\n`);

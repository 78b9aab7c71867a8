/**
 * What one page of somebody's list of chats takes, with the chats of others beside it: `measure.ts OTHERS...`, by default 10 1000 100000.
 * The person has 500 chats, half of them groups of ten. Prints one line of JSON for each number.
 */
import type { CreateConversation, Id, Store } from '../../src/core/index.ts';
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import { monotonicMs } from '../writer/row.ts';

const NAMESPACE = 'default';
const ORIGIN = { door: 'messenger', session: 0 };
const ME = 1;
const CHATS = 500;
const USERS = 5_000;
const AT_ONCE = 500;
const REPEATS = 50;

export interface ListMeasurement {
  readonly others: number;
  readonly page: number;
  /** Milliseconds of one page, the middle of many and the slowest. */
  readonly p50: number;
  readonly worst: number;
}

function someone(at: number): Id {
  return 2 + (at % (USERS - 2));
}

function groupOf(users: readonly Id[]): CreateConversation {
  const members = [...new Set(users)].map((user) => ({ user, role: 'member' }) as const);
  return { type: 'create', namespace: NAMESPACE, kind: 'group', name: 'bench', notice: '', creator: 0, members, origin: ORIGIN };
}

/** Makes chats with a message in each. */
async function fill(store: Store, count: number, membersOf: (at: number) => readonly Id[]): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const groups = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => groupOf(membersOf(from + at)));
    const outcomes = await store.commit(groups);
    await store.commit(
      outcomes.flatMap((outcome) =>
        outcome.type !== 'create'
          ? []
          : {
              type: 'append' as const,
              namespace: NAMESPACE,
              sender: outcome.members[1]?.user ?? 0,
              conversation: outcome.conversation.id,
              peer: 0,
              version: outcome.conversation.version,
              content: { kind: 'text' as const, text: 'hello' },
              origin: ORIGIN,
            },
      ),
    );
  }
}

export async function measureList(store: Store, others: number, page: number): Promise<ListMeasurement> {
  const took: number[] = [];
  for (let time = 0; time < REPEATS; time += 1) {
    const start = monotonicMs();
    const summaries = await store.summaries(NAMESPACE, ME, 0, page);
    await store.rosters(
      summaries.map(({ head }) => head.conversation.id),
      100,
    );
    took.push(monotonicMs() - start);
  }
  took.sort((one, other) => one - other);
  return { others, page, p50: took[REPEATS >> 1] ?? Number.NaN, worst: took.at(-1) ?? Number.NaN };
}

const asked = process.argv.slice(2).map(Number);
for (const others of asked.length === 0 ? [10, 1_000, 100_000] : asked) {
  const store = await openSqliteStore({ folder: ':memory:' });
  for (let from = 0; from < USERS; from += AT_ONCE) {
    const ids = Array.from({ length: AT_ONCE }, (_, at) => from + at + 1);
    await store.commit(ids.map((id) => ({ type: 'user', namespace: NAMESPACE, id, name: `User ${id}` }) as const));
  }
  await fill(store, others, (at) => [someone(at), someone(at + 7)]);
  await fill(store, CHATS, (at) =>
    at % 2 === 0 ? [ME, someone(at)] : [ME, ...Array.from({ length: 9 }, (_, more) => someone(at * 9 + more))],
  );
  for (const page of [20, CHATS]) process.stdout.write(`${JSON.stringify(await measureList(store, others, page))}\n`);
  await store.close();
}

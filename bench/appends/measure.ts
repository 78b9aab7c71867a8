/**
 * Appends acknowledged, a fixed number per commit, in a process of its own: `measure.ts store|log FOLDER SECONDS ROWS`.
 * `store` is Switchboard's embedded store with everything a send costs it: index, feed, idempotency key; `log` the bare table.
 * Commits follow each other without a pause. Prints one line of JSON.
 */
import { join } from 'node:path';
import { openLog } from '../baselines/log.ts';
import type { AppendMessage, Conversation, Store } from '../../src/core/index.ts';
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import { monotonicMs } from '../writer/row.ts';

const WARMUP_MS = 500;
const CONVERSATIONS = 50;
const MEMBERS = 20;
const NAMESPACE = 'default';
const CONTENT = 'x'.repeat(200);
const ORIGIN = { door: 'stream', session: 0 };

export interface AppendMeasurement {
  readonly rowsPerSecond: number;
  readonly cpuSeconds: number;
  /** Milliseconds of one commit. */
  readonly p50: number;
  readonly p99: number;
}

type Commit = (count: number) => Promise<void>;

function bareLog(folder: string): Commit {
  const log = openLog(join(folder, 'log.db'));
  let made = 0;
  return async (count) => {
    const rows = Array.from({ length: count }, () => {
      made += 1;
      return { receiver: String(made % CONVERSATIONS), sender: String(made % MEMBERS), content: CONTENT };
    });
    log.append(rows);
  };
}

async function ownStore(folder: string): Promise<Commit> {
  const store = await openSqliteStore({ folder });
  const conversations = await prepare(store);
  let made = 0;
  const next = (): AppendMessage => {
    made += 1;
    const conversation = conversations[made % conversations.length];
    if (!conversation) throw new Error('no conversation was made');
    return {
      type: 'append',
      namespace: NAMESPACE,
      sender: 1 + (Math.floor(made / CONVERSATIONS) % MEMBERS),
      conversation: conversation.id,
      peer: 0,
      version: conversation.version,
      content: { kind: 'text', text: CONTENT },
      key: `bench-${made}`,
      origin: ORIGIN,
    };
  };
  return async (count) => {
    const outcomes = await store.commit(Array.from({ length: count }, next));
    for (const outcome of outcomes) {
      if (outcome.type !== 'append' || outcome.duplicate) throw new Error(`an append was answered ${JSON.stringify(outcome)}`);
    }
  };
}

async function prepare(store: Store): Promise<Conversation[]> {
  const users = Array.from({ length: MEMBERS }, (_, i) => i + 1);
  await store.commit(users.map((id) => ({ type: 'user', namespace: NAMESPACE, id, role: 'user' }) as const));
  const members = users.map((user) => ({ user, role: 'member' }) as const);
  const group = {
    type: 'create',
    namespace: NAMESPACE,
    kind: 'group',
    name: 'bench',
    notice: '',
    creator: 1,
    members,
    origin: ORIGIN,
  } as const;
  const outcomes = await store.commit(Array.from({ length: CONVERSATIONS }, () => group));
  return outcomes.flatMap((outcome) => (outcome.type === 'create' ? outcome.conversation : []));
}

const [kind = '', folder = '', seconds = '0', rows = '0'] = process.argv.slice(2);
const commit = kind === 'log' ? bareLog(folder) : await ownStore(folder);
const count = Number(rows);

for (const end = monotonicMs() + WARMUP_MS; monotonicMs() < end;) await commit(count);

const took: number[] = [];
const cpu = process.cpuUsage();
const start = monotonicMs();
const end = start + Number(seconds) * 1000;
for (let before = start; before < end;) {
  await commit(count);
  const now = monotonicMs();
  took.push(now - before);
  before = now;
}
const elapsed = (monotonicMs() - start) / 1000;
const used = process.cpuUsage(cpu);
took.sort((x, y) => x - y);
const measurement: AppendMeasurement = {
  rowsPerSecond: (took.length * count) / elapsed,
  cpuSeconds: (used.user + used.system) / 1e6,
  p50: took[took.length >> 1] ?? Number.NaN,
  p99: took[Math.floor(took.length * 0.99)] ?? Number.NaN,
};
process.stdout.write(`${JSON.stringify(measurement)}\n`, () => process.exit(0));

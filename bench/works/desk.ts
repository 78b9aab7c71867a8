/** The support desk's door beside bare `ws` with the same frames. */
import { join } from 'node:path';
import { uuidOfClient } from '../desk/chats.ts';
import { loadMetrics, loadProblems } from '../figures.ts';
import { openClients } from '../generator.ts';
import type { Generator } from '../generator.ts';
import { pinned } from '../pinning.ts';
import { emptyFolder, networkServer, startServer } from '../servers.ts';
import type { RunningServer, ServerName, Seat } from '../servers.ts';
import { residentMb, saturatingWindow } from './load.ts';
import { settledMb } from './memory.ts';
import type { Work, WorkDeps } from './work.ts';

const OPERATORS = 200;
const QUEUED = 10_000;
/** Of those who wait, as many write. */
const WRITERS = 1_000;
const MESSAGES_PER_SECOND = 2_000;
const PAIRS = 500;
/** Connections that are there before the first reading of memory. */
const WARM = 200;
const SESSIONS = 5_000;
/** Connections are open before everything behind them has settled: places told, lazily compiled code. */
const SETTLE_MS = 1_000;

/** What is in the desk before the server starts. */
interface Desk {
  readonly operators: number;
  readonly clients: number;
  readonly state: 'taken' | 'waiting';
}

/** Who is measured; `tell` says what is going on. */
interface Measuring {
  readonly name: ServerName;
  readonly deps: WorkDeps;
  readonly tell: (text: string) => void;
}

/** 10,000 wait, 200 operators hear all that is said, and 2,000 messages a second come in. */
export const deskQueueWork: Work = {
  name: 'desk queue of 10,000',
  goals: ['K1'],
  servers: ['switchboard', 'desk-ws'],
  estimate: ({ warmup, seconds }) => 9 + warmup + seconds,
  measure: (name, deps, tell) =>
    withDesk({ name, deps, tell }, { operators: OPERATORS, clients: QUEUED, state: 'waiting' }, async (server) => {
      const seats = [
        ...Array.from({ length: OPERATORS }, (_, at): Seat => ({ user: 1 + at, role: 'operator' })),
        ...Array.from({ length: WRITERS }, (_, at) => clientSeat(OPERATORS + 1 + at)),
      ];
      const generator = await seated(server, seats, deps, OPERATORS);
      tell(`${MESSAGES_PER_SECOND} messages/s to ${OPERATORS} operators`);
      const { warmup, seconds } = deps.pace;
      const request = { kind: 'desk', category: 2, receiver: '0', window: 0, rate: MESSAGES_PER_SECOND } as const;
      const result = await generator.run({ ...request, warmup, seconds });
      await generator.stop();
      const metrics = loadMetrics(result, residentMb(server.pid), 0);
      return [{ goal: 'K1', server: name, metrics, problems: loadProblems(result) }];
    }),
};

/** 500 chats, each with its client, who writes, and its operator. */
export const deskPairsWork: Work = createPairsWork();

function createPairsWork(): Work {
  // Found once, with the first server, so that both do the very same work.
  let saturating: number | undefined;
  return {
    name: 'desk pairs',
    goals: ['K3'],
    servers: ['switchboard', 'desk-plain'],
    estimate: ({ warmup, seconds }) => 5 + warmup + seconds,
    measure: (name, deps, tell) =>
      withDesk({ name, deps, tell }, { operators: PAIRS, clients: PAIRS, state: 'taken' }, async (server) => {
        const seats = Array.from({ length: PAIRS }, (_, at): Seat[] => {
          const client = clientSeat(PAIRS + 1 + at);
          return [client, { ...client, user: 1 + at, role: 'operator' }];
        });
        const generator = await seated(server, seats.flat(), deps);
        tell('looking for the window that saturates');
        saturating ??= await saturatingWindow(generator, 1);
        tell(`W=${saturating}`);
        const { warmup, seconds } = deps.pace;
        const request = { kind: 'pairs', category: 1, receiver: '0', window: saturating, rate: 0 } as const;
        const result = await generator.run({ ...request, warmup, seconds });
        await generator.stop();
        const metrics = loadMetrics(result, residentMb(server.pid), saturating);
        return [{ goal: 'K3', server: name, metrics, problems: loadProblems(result) }];
      }),
  };
}

/** Resident memory that each of 5,000 idle clients adds, every one in a chat of its own. */
export const deskMemoryWork: Work = {
  name: 'idle clients of the desk',
  goals: ['K4'],
  servers: ['switchboard', 'desk-plain'],
  estimate: () => 10,
  measure: (name, deps, tell) =>
    withDesk({ name, deps, tell }, { operators: 1, clients: WARM + SESSIONS, state: 'waiting' }, async (server) => {
      const seats = Array.from({ length: WARM + SESSIONS }, (_, at) => clientSeat(2 + at));
      const warm = await seated(server, seats.slice(0, WARM), deps);
      const before = await settledMb(server.pid);
      tell(`connecting ${SESSIONS}`);
      const idle = await seated(server, seats.slice(WARM), deps);
      tell('waiting for memory to settle');
      const after = await settledMb(server.pid);
      await Promise.all([warm.stop(), idle.stop()]);
      const metrics = { rssMb: after, bytesPerSession: ((after - before) * 1e6) / SESSIONS };
      return [{ goal: 'K4', server: name, metrics, problems: [] }];
    }),
};

function clientSeat(user: number): Seat {
  return { user, role: 'user', chat: uuidOfClient(user) };
}

/** Measures one server: Switchboard starts on a folder with the desk in it; the bare server needs nothing. */
async function withDesk<T>(
  { name, deps, tell }: Measuring,
  desk: Desk,
  measure: (server: RunningServer) => Promise<T>,
): Promise<T> {
  const found = networkServer(name);
  const data = emptyFolder(deps.servers);
  if (found === 'switchboard') {
    tell(`filling a desk with ${desk.clients} chats`);
    await fill(data, desk, deps);
  }
  const server = await startServer(found, deps.servers, data);
  try {
    tell('connecting');
    return await measure(server);
  } finally {
    await server.stop();
  }
}

async function fill(data: string, { operators, clients, state }: Desk, { children }: WorkDeps): Promise<void> {
  const script = join(import.meta.dirname, '..', 'desk', 'fill.ts');
  const child = children.start(pinned(0, [process.execPath, script, data, String(operators), String(clients), state]));
  await child.readLine();
  await child.ended;
}

/** Opens a connection for each seat; the first `operators` of them hear all chats. */
async function seated(server: RunningServer, seats: readonly Seat[], deps: WorkDeps, operators = 0): Promise<Generator> {
  const targets = seats.map((seat) => server.seat(seat));
  const clients = { wire: 'support', firstUser: 1, count: seats.length, streamsPerConnection: 1, targets, operators } as const;
  const generator = await openClients(server, clients, { ...deps, program: deps.programs.load });
  await new Promise((done) => setTimeout(done, SETTLE_MS));
  return generator;
}

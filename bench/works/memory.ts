import { openClients } from '../generator.ts';
import type { GoalId } from '../goal-ids.ts';
import { startServer } from '../servers.ts';
import type { NetworkServer, Wire } from '../servers.ts';
import { residentMb } from './load.ts';
import type { Work } from './work.ts';

/** Connections that are there before the first reading, so that code and pools which any first user costs are not counted. */
const WARM = 200;
const SESSIONS = 5000;
const POLL_MS = 250;
/** Readings in a row that must agree within this before memory counts as settled. */
const STEADY_READINGS = 6;
const STEADY_MB = 0.5;
const SETTLE_MAX_MS = 8_000;

/** Resident memory that each of 5,000 idle sessions adds, all in one conversation. */
export const memoryWork = createMemoryWork({
  name: 'idle sessions',
  goal: 'M1',
  wires: { switchboard: 'stream', 'ws-plain': 'stream', 'socket.io': 'socket.io' },
});

/** The same of the messenger's sessions. */
export const messengerMemoryWork = createMemoryWork({
  name: 'idle messenger sessions',
  goal: 'S3',
  wires: { switchboard: 'messenger', 'messenger-socket.io': 'messenger' },
});

interface IdleSessions {
  readonly name: string;
  readonly goal: GoalId;
  /** Who is measured, and what it speaks. */
  readonly wires: Partial<Record<NetworkServer, Wire>>;
}

function createMemoryWork({ name: title, goal, wires }: IdleSessions): Work {
  const servers = Object.keys(wires) as NetworkServer[];
  return {
    name: title,
    goals: [goal],
    servers,
    estimate: () => 9,
    async measure(name, deps, tell) {
      const found = servers.find((one) => one === name);
      const wire = found && wires[found];
      if (found === undefined || wire === undefined) throw new Error(`${name} has no sessions`);
      const server = await startServer(found, deps.servers);
      try {
        const generatorDeps = { ...deps, program: deps.programs.load };
        const warm = await openClients(server, { wire, firstUser: 1, count: WARM, streamsPerConnection: 1 }, generatorDeps);
        await server.conversation(WARM);
        const before = await settledMb(server.pid);
        tell('connecting 5000');
        const idle = await openClients(
          server,
          { wire, firstUser: WARM + 1, count: SESSIONS, streamsPerConnection: 1 },
          generatorDeps,
        );
        await server.conversation(WARM + SESSIONS);
        tell('waiting for memory to settle');
        const after = await settledMb(server.pid);
        await Promise.all([warm.stop(), idle.stop()]);
        return [
          {
            goal,
            server: name,
            metrics: { rssMb: after, bytesPerSession: ((after - before) * 1e6) / SESSIONS },
            problems: [],
          },
        ];
      } finally {
        await server.stop();
      }
    },
  };
}

/** Resident memory of a process once it no longer changes, in MB (10^6 bytes). */
export async function settledMb(pid: number): Promise<number> {
  const deadline = performance.now() + SETTLE_MAX_MS;
  let last = residentMb(pid);
  for (let steady = 0; steady < STEADY_READINGS && performance.now() < deadline;) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    const now = residentMb(pid);
    steady = Math.abs(now - last) <= STEADY_MB ? steady + 1 : 0;
    last = now;
  }
  return last;
}

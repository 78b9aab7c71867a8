import { readFileSync } from 'node:fs';
import { loadMetrics, loadProblems } from '../figures.ts';
import type { Sample } from '../figures.ts';
import { openClients } from '../generator.ts';
import type { Generator } from '../generator.ts';
import type { GoalId } from '../goal-ids.ts';
import { networkServer, startServer } from '../servers.ts';
import type { NetworkServer, RunningServer, Wire } from '../servers.ts';
import { measureDisk } from './disk.ts';
import type { Work, WorkDeps } from './work.ts';

/** One measurement on connections that are open already. */
export interface LoadRun {
  readonly goal: GoalId;
  /** Messages in flight per sender; `saturating` = the smallest that keeps the first server's core busy. */
  readonly window: number | 'saturating';
  /** Messages a second in all; 0 = as many as the window allows. */
  readonly rate: number;
}

export interface LoadWork {
  readonly name: string;
  readonly kind: 'fan-out' | 'pairs';
  readonly clients: number;
  readonly streamsPerConnection: number;
  readonly servers: readonly NetworkServer[];
  /** Speaks the messenger's events: messages, or typing among those who look at a chat. */
  readonly messenger?: 'messages' | 'typing';
  readonly runs: readonly LoadRun[];
  /** Measure one fdatasync before and after each server. */
  readonly withDisk: boolean;
}

const PRIVATE = 1;
const GROUP = 2;
const TYPING = 3;
const WINDOWS = [1, 2, 4, 8, 16];
/** A core that was idle for less than this share of the time counts as saturated. */
const SATURATED = 0.96;
const PROBE = { warmup: 0.4, seconds: 0.8 };
/** A paced run measures steady traffic: each pair exchanges messages for a moment first, so that its conversation exists. */
const ACQUAINT = { kind: 'pairs', category: PRIVATE, receiver: '0', window: 1, rate: 0, warmup: 0.1, seconds: 0.4 } as const;
/** Connections are open before everything behind them has settled: memberships, lazily compiled code. */
const SETTLE_MS = 300;

export function createLoadWork(load: LoadWork): Work {
  // Found once, with the first server, so that all do the very same work.
  let saturating: number | undefined;
  return {
    name: load.name,
    goals: load.runs.map(({ goal }) => goal),
    servers: load.servers,
    estimate: ({ warmup, seconds }) => 2 + load.clients / 1500 + load.runs.length * (warmup + seconds + 0.3),
    async measure(name, deps, tell) {
      const server = await startServer(networkServer(name), deps.servers);
      try {
        const wire = wireOf(server.name, load);
        tell('connecting');
        const join = load.messenger === 'typing';
        const clients = { wire, firstUser: 1, count: load.clients, streamsPerConnection: load.streamsPerConnection, join };
        const generator = await openClients(server, clients, { ...deps, program: deps.programs.load });
        const receiver = load.kind === 'pairs' ? '0' : await server.conversation(load.clients);
        if (load.messenger !== undefined) await generator.takeChats(await chatsOf(server, load, receiver));
        await new Promise((done) => setTimeout(done, SETTLE_MS));
        const samples: Sample[] = [];
        for (const run of load.runs) {
          if (run.window === 'saturating') {
            tell('looking for the window that saturates');
            saturating ??= await saturatingWindow(generator, categoryOf(load));
          }
          const window = run.window === 'saturating' ? (saturating ?? 1) : run.window;
          if (run.rate > 0 && load.kind === 'pairs') await generator.run(ACQUAINT);
          tell(run.rate > 0 ? `${Math.round(run.rate)} messages/s` : `W=${window}`);
          if (load.withDisk) samples.push(await diskSample(run.goal, deps));
          samples.push(await measureRun({ server, generator, load, receiver }, { ...run, window }, deps));
          if (load.withDisk) samples.push(await diskSample(run.goal, deps));
        }
        await generator.stop();
        return samples;
      } finally {
        await server.stop();
      }
    },
  };
}

function wireOf(server: string, load: LoadWork): Wire {
  if (load.messenger !== undefined) return 'messenger';
  if (load.servers.includes('http2')) return 'grpc';
  return server === 'socket.io' ? 'socket.io' : 'stream';
}

interface Stage {
  readonly server: RunningServer;
  readonly generator: Generator;
  readonly load: LoadWork;
  readonly receiver: string;
}

async function measureRun(
  { server, generator, load, receiver }: Stage,
  { goal, window, rate }: { goal: GoalId; window: number; rate: number },
  { pace }: WorkDeps,
): Promise<Sample> {
  const category = categoryOf(load);
  const { warmup, seconds } = pace;
  const result = await generator.run({ kind: load.kind, category, receiver, window, rate, warmup, seconds });
  return {
    goal,
    server: server.name,
    metrics: loadMetrics(result, residentMb(server.pid), window),
    problems: loadProblems(result),
  };
}

function categoryOf(load: LoadWork): 1 | 2 | 3 {
  if (load.messenger === 'typing') return TYPING;
  return load.kind === 'pairs' ? PRIVATE : GROUP;
}

function chatsOf(server: RunningServer, { kind, clients }: LoadWork, receiver: string): Promise<string[]> {
  return kind === 'pairs' ? server.chatsOfPairs(clients) : Promise.resolve(Array.from({ length: clients }, () => receiver));
}

/** The smallest window of pairs that keeps the server's core busy. */
export async function saturatingWindow(generator: Generator, category: 1 | 2 | 3): Promise<number> {
  let best = { window: 1, busy: 0 };
  for (const window of WINDOWS) {
    const result = await generator.run({ kind: 'pairs', category, receiver: '0', window, rate: 0, ...PROBE });
    const { busy = 0 } = loadMetrics(result, 0, window);
    if (busy > best.busy) best = { window, busy };
    if (busy >= SATURATED) break;
  }
  return best.window;
}

async function diskSample(goal: GoalId, deps: WorkDeps): Promise<Sample> {
  const { p50, p99 } = await measureDisk(deps);
  return { goal, server: 'fdatasync', metrics: { p50, p99 }, problems: [] };
}

/** Resident memory of a process in MB (10^6 bytes). */
export function residentMb(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return (Number(found?.[1]) * 1024) / 1e6;
}

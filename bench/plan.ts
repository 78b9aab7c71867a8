import type { GoalId } from './goal-ids.ts';
import { appendWork } from './works/appends.ts';
import { listWork } from './works/lists.ts';
import { deskMemoryWork, deskPairsWork, deskQueueWork } from './works/desk.ts';
import { deskCountWork } from './works/desk-counts.ts';
import { eventWorks } from './works/events.ts';
import { createLoadWork } from './works/load.ts';
import type { LoadRun, LoadWork } from './works/load.ts';
import { memoryWork, messengerMemoryWork } from './works/memory.ts';
import type { Work } from './works/work.ts';

const ROOM = 1000;
const DELIVERIES_PER_SECOND = 50_000;
const ONE_STREAM = { streamsPerConnection: 1, withDisk: false };
const FAN_OUT = { ...ONE_STREAM, kind: 'fan-out', clients: ROOM } as const;
const PAIRS = { ...ONE_STREAM, kind: 'pairs', clients: 1000 } as const;
const EVERY_SERVER = ['switchboard', 'ws-coalesced', 'ws-log', 'ws-plain', 'socket.io'] as const;

const saturated = (goal: GoalId, window: LoadRun['window']): LoadRun => ({ goal, window, rate: 0 });
const paced = (goal: GoalId, rate: number): LoadRun => ({ goal, window: 0, rate });

const LOADS: readonly LoadWork[] = [
  {
    ...FAN_OUT,
    name: 'fan-out 1000',
    servers: EVERY_SERVER,
    runs: [saturated('F1', 1), saturated('F2', 4), saturated('F3', 32)],
  },
  { ...FAN_OUT, name: 'fan-out 5000', clients: 5000, servers: ['switchboard', 'ws-coalesced'], runs: [saturated('F4', 4)] },
  { ...PAIRS, name: '500 pairs', servers: EVERY_SERVER, runs: [saturated('P1', 'saturating')] },
  // Ten streams to a connection: what reaches the streams of one connection together can leave in one write, as behind a proxy.
  { ...FAN_OUT, name: 'gRPC fan-out', streamsPerConnection: 10, servers: ['switchboard', 'http2'], runs: [saturated('G1', 4)] },
];

const LATENCIES: readonly LoadWork[] = [
  { ...PAIRS, name: 'paced pairs', withDisk: true, servers: ['switchboard', 'ws-log'], runs: [paced('L1', 20_000)] },
  {
    ...FAN_OUT,
    name: 'paced fan-out',
    servers: ['switchboard', 'ws-coalesced', 'socket.io'],
    runs: [paced('L2', DELIVERIES_PER_SECOND / (ROOM - 1))],
  },
];

const MESSENGER = { servers: ['switchboard', 'messenger-socket.io'], messenger: 'messages' } as const;

const MESSENGER_LOADS: readonly LoadWork[] = [
  { ...PAIRS, ...MESSENGER, name: 'messenger pairs', runs: [saturated('S1', 'saturating')] },
  { ...FAN_OUT, ...MESSENGER, name: 'messenger fan-out', runs: [saturated('S2', 4)] },
  { ...PAIRS, ...MESSENGER, name: 'typing pairs', messenger: 'typing', runs: [saturated('P2', 'saturating')] },
];

/** The work that the chosen goals need, in the order of the table. */
export function planWork(goals: readonly GoalId[]): Work[] {
  const chosen = (loads: readonly LoadWork[]): Work[] =>
    loads
      .map((load) => ({ ...load, runs: load.runs.filter(({ goal }) => goals.includes(goal)) }))
      .filter(({ runs }) => runs.length > 0)
      .map(createLoadWork);
  const asked = (works: readonly Work[]): Work[] => works.filter((work) => work.goals.some((goal) => goals.includes(goal)));
  const others = asked([memoryWork, messengerMemoryWork, appendWork, listWork]);
  const desk = asked([deskQueueWork, deskCountWork, deskPairsWork, deskMemoryWork]);
  return [...chosen(LOADS), ...others, ...chosen(LATENCIES), ...chosen(MESSENGER_LOADS), ...desk, ...asked(eventWorks)];
}

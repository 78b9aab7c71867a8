import type { Figure, Metric } from './figures.ts';
import type { GoalId } from './goal-ids.ts';
import type { ServerName } from './servers.ts';

/** A bound on Switchboard's figure as a multiple of a baseline's in the same run. */
export interface Criterion {
  readonly against: ServerName;
  readonly metric: Metric;
  /** The baseline's metric, when it is not the same one. */
  readonly baselineMetric?: Metric;
  readonly sense: 'at least' | 'at most';
  readonly ratio: number;
  /** Where the goal names a server that cannot run here: what stands in for it, and by which documented figures. */
  readonly converted?: string;
}

export interface Goal {
  readonly id: GoalId;
  readonly title: string;
  /** What the figures of this goal are about, for tables and charts. */
  readonly headline: Metric;
  readonly criteria: readonly Criterion[];
}

const atLeast = (ratio: number, against: ServerName, metric: Metric, converted?: string): Criterion => ({
  against,
  metric,
  sense: 'at least',
  ratio,
  ...(converted === undefined ? {} : { converted }),
});
const atMost = (ratio: number, against: ServerName, metric: Metric, baselineMetric: Metric = metric): Criterion => ({
  against,
  metric,
  baselineMetric,
  sense: 'at most',
  ratio,
});

/** Measured side by side once: fan-out at W=4, ejabberd with archive 39 k, socket.io 90 k deliveries per CPU second. */
const EJABBERD_PER_SOCKET_IO = 39 / 90;
/** Measured side by side once: pairs, bare uWebSockets 136 k, plain `ws` 66 k deliveries per CPU second. */
const UWEBSOCKETS_PER_WS = 136 / 66;

export const GOALS: Readonly<Record<GoalId, Goal>> = {
  F1: {
    id: 'F1',
    title: 'fan-out 1000, W=1',
    headline: 'perCpuSecond',
    criteria: [
      atLeast(1, 'ws-coalesced', 'perCpuSecond', 'stands in for 0.85 × uWebSockets, which does not load here'),
      atLeast(1.4, 'socket.io', 'perCpuSecond'),
    ],
  },
  F2: {
    id: 'F2',
    title: 'fan-out 1000, W=4',
    headline: 'perCpuSecond',
    criteria: [
      atLeast(0.9, 'ws-coalesced', 'perCpuSecond'),
      atLeast(5, 'socket.io', 'perCpuSecond'),
      atLeast(11 * EJABBERD_PER_SOCKET_IO, 'socket.io', 'perCpuSecond', '11 × ejabberd with archive, taken as 39/90 × socket.io'),
    ],
  },
  F3: {
    id: 'F3',
    title: 'hot room 1000, W=32',
    headline: 'perCpuSecond',
    criteria: [atLeast(0.7, 'ws-coalesced', 'perCpuSecond'), atLeast(25, 'socket.io', 'perCpuSecond')],
  },
  F4: {
    id: 'F4',
    title: 'fan-out 5000, W=4',
    headline: 'perCpuSecond',
    criteria: [atLeast(0.9, 'ws-coalesced', 'perCpuSecond'), atMost(1, 'ws-coalesced', 'p99')],
  },
  P1: {
    id: 'P1',
    title: '500 pairs, saturated',
    headline: 'perCpuSecond',
    criteria: [
      atLeast(0.45 * UWEBSOCKETS_PER_WS, 'ws-plain', 'perCpuSecond', '0.45 × uWebSockets, taken as 136/66 × plain ws'),
      atLeast(1.8, 'socket.io', 'perCpuSecond'),
    ],
  },
  G1: {
    id: 'G1',
    title: 'gRPC fan-out 1000, W=4',
    headline: 'perCpuSecond',
    criteria: [atLeast(0.8, 'http2', 'perCpuSecond')],
  },
  M1: {
    id: 'M1',
    title: '5000 idle sessions',
    headline: 'bytesPerSession',
    criteria: [atMost(1.3, 'ws-plain', 'bytesPerSession'), atMost(0.5, 'socket.io', 'bytesPerSession')],
  },
  D1: {
    id: 'D1',
    title: 'appends, 100 per commit',
    headline: 'perSecond',
    criteria: [atLeast(0.5, 'log', 'perSecond')],
  },
  L1: {
    id: 'L1',
    title: '20 k 1:1 messages/s',
    headline: 'p99',
    criteria: [atMost(3, 'fdatasync', 'p50'), atMost(10, 'fdatasync', 'p99', 'p50')],
  },
  L2: {
    id: 'L2',
    title: '50 k deliveries/s to 1000',
    headline: 'p99',
    criteria: [atMost(1.5, 'ws-coalesced', 'p99')],
  },
  S1: {
    id: 'S1',
    title: 'messenger, 500 pairs',
    headline: 'perCpuSecond',
    criteria: [atLeast(2, 'messenger-socket.io', 'perCpuSecond')],
  },
  S2: {
    id: 'S2',
    title: 'messenger fan-out 1000, W=4',
    headline: 'perCpuSecond',
    criteria: [atLeast(4, 'messenger-socket.io', 'perCpuSecond')],
  },
  S3: {
    id: 'S3',
    title: 'messenger, 5000 idle sessions',
    headline: 'bytesPerSession',
    criteria: [atMost(1, 'messenger-socket.io', 'bytesPerSession')],
  },
  S4: {
    id: 'S4',
    title: 'chat list, 100,000 others',
    headline: 'p50',
    criteria: [atMost(1.5, 'chats-10', 'p50'), atMost(1.5, 'chats-1000', 'p50')],
  },
  P2: {
    id: 'P2',
    title: 'typing, 500 pairs',
    headline: 'perCpuSecond',
    criteria: [atLeast(2.8, 'messenger-socket.io', 'perCpuSecond')],
  },
  K1: {
    id: 'K1',
    title: 'desk queue, 200 operators',
    // At a given rate the cores need not be full: both do the same work in the same time, and what it costs is compared.
    headline: 'p99',
    criteria: [atLeast(0.7, 'desk-ws', 'perCpuSecond')],
  },
  K2: {
    id: 'K2',
    title: 'counters, 100,000 chats',
    headline: 'p50',
    criteria: [atMost(1.5, 'desk-100', 'p50')],
  },
  K3: {
    id: 'K3',
    title: 'desk, 500 pairs',
    headline: 'perCpuSecond',
    criteria: [
      atLeast(0.45 * UWEBSOCKETS_PER_WS, 'desk-plain', 'perCpuSecond', '0.45 × uWebSockets, taken as 136/66 × plain ws'),
    ],
  },
  K4: {
    id: 'K4',
    title: 'desk, 5000 idle sessions',
    headline: 'bytesPerSession',
    criteria: [atMost(1.3, 'desk-plain', 'bytesPerSession')],
  },
  E1: {
    id: 'E1',
    title: 'events to NATS JetStream',
    headline: 'perCpuSecond',
    criteria: [atLeast(1, 'events-wanted', 'perCpuSecond'), atLeast(1, 'events-client', 'perCpuSecond')],
  },
  E2: {
    id: 'E2',
    title: 'events to mock Kafka',
    headline: 'perCpuSecond',
    criteria: [atLeast(1, 'events-wanted', 'perCpuSecond'), atLeast(0.7, 'events-client', 'perCpuSecond')],
  },
};

export interface Verdict {
  readonly criterion: Criterion;
  /** Switchboard's figure as a multiple of the baseline's; undefined when one of them is missing. */
  readonly ratio: number | undefined;
  readonly met: boolean | undefined;
}

export function judge(goal: Goal, figures: readonly Figure[]): Verdict[] {
  const find = (server: ServerName): Figure | undefined =>
    figures.find((figure) => figure.goal === goal.id && figure.server === server);
  const ours = find('switchboard');
  return goal.criteria.map((criterion) => {
    const own = ours?.metrics[criterion.metric];
    const theirs = find(criterion.against)?.metrics[criterion.baselineMetric ?? criterion.metric];
    if (own === undefined || theirs === undefined || theirs === 0) return { criterion, ratio: undefined, met: undefined };
    const ratio = own / theirs;
    return { criterion, ratio, met: criterion.sense === 'at least' ? ratio >= criterion.ratio : ratio <= criterion.ratio };
  });
}

/** `≥ 1.40` or `≤ 1.30`. */
export function bound({ sense, ratio }: Criterion): string {
  return `${sense === 'at least' ? '≥' : '≤'} ${ratio.toFixed(2)}`;
}

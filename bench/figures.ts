import type { LoadResult } from './generator.ts';
import type { GoalId } from './goal-ids.ts';
import type { ServerName } from './servers.ts';

/** Everything that can be measured of a server at a piece of work. Shares are 0 to 1, latencies milliseconds from send to delivery. */
export const METRICS = [
  'perCpuSecond',
  'perSecond',
  'cpuSeconds',
  'busy',
  'disturbed',
  'generatorShare',
  'p50',
  'p99',
  'ackP50',
  'ackP99',
  'rssMb',
  'bytesPerSession',
  'window',
] as const;

export type Metric = (typeof METRICS)[number];
export type Metrics = Partial<Record<Metric, number>>;

/** One server at one piece of work, once. */
export interface Sample {
  readonly goal: GoalId;
  readonly server: ServerName;
  readonly metrics: Metrics;
  /** What went wrong, in words: messages that got lost, connections that ended. */
  readonly problems: readonly string[];
}

/** The same over all rounds: medians, metric by metric, so that a disturbed round does not spoil the rest. */
export interface Figure extends Sample {
  readonly rounds: number;
  /** Lowest and highest `perCpuSecond` of the rounds. */
  readonly spread: readonly [number, number] | undefined;
}

export function loadMetrics(result: LoadResult, rssMb: number, window: number): Metrics {
  const { seconds, serverCpu, serverWait, generatorCpu, delivered, delivery, ack } = result;
  return {
    perCpuSecond: serverCpu > 0 ? delivered / serverCpu : 0,
    perSecond: delivered / seconds,
    cpuSeconds: serverCpu,
    busy: Math.min(1, (serverCpu + serverWait) / seconds),
    disturbed: Math.max(0, Math.min(1 - serverCpu / seconds, serverWait / seconds)),
    generatorShare: generatorCpu / seconds,
    // What carries no time of its own has no latency.
    ...(delivery.max > 0 && { p50: delivery.p50, p99: delivery.p99 }),
    ackP50: ack.p50,
    ackP99: ack.p99,
    rssMb,
    window,
  };
}

/** A server that loses, repeats or reorders messages has not done the work, however fast it was. */
export function loadProblems(result: LoadResult): string[] {
  const problems: string[] = [];
  const tell = (count: number, what: string): void => {
    if (count !== 0) problems.push(`${count} ${what}`);
  };
  tell(result.unacknowledged, 'messages never acknowledged');
  if (result.missing >= 0) tell(result.missing, 'deliveries missing');
  else tell(-result.missing, 'deliveries too many');
  tell(result.outOfOrder, 'deliveries out of order');
  tell(result.refused, 'sends refused');
  tell(result.failed, 'connections ended by the server');
  return problems;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function summarize(samples: readonly Sample[]): Figure[] {
  const groups = Map.groupBy(samples, ({ goal, server }) => `${goal} ${server}`);
  const figures: Figure[] = [];
  for (const group of groups.values()) {
    const [first] = group;
    if (!first) continue;
    const metrics: Metrics = {};
    for (const metric of METRICS) {
      const values = group.flatMap((sample) => sample.metrics[metric] ?? []);
      if (values.length > 0) metrics[metric] = median(values);
    }
    const rates = group.flatMap((sample) => sample.metrics.perCpuSecond ?? []);
    figures.push({
      goal: first.goal,
      server: first.server,
      metrics,
      problems: [...new Set(group.flatMap((sample) => sample.problems))],
      rounds: group.length,
      spread: rates.length > 0 ? [Math.min(...rates), Math.max(...rates)] : undefined,
    });
  }
  return figures;
}

import { expect, test } from 'vitest';
import { loadMetrics, loadProblems, median, summarize } from './figures.ts';
import type { LoadResult } from './generator.ts';

const LATENCY = { p50: 1, p99: 2, p999: 3, max: 4 };
const RESULT: LoadResult = {
  seconds: 2,
  acked: 10,
  delivered: 1000,
  serverCpu: 1,
  serverWait: 0.5,
  generatorCpu: 0.5,
  delivery: LATENCY,
  ack: LATENCY,
  unacknowledged: 0,
  missing: 0,
  outOfOrder: 0,
  refused: 0,
  failed: 0,
};

test('the median of an even number of values lies between the middle two', () => {
  expect(median([4, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('time in which another program had the core counts as busy and as disturbed', () => {
  const metrics = loadMetrics(RESULT, 100, 4);
  expect(metrics).toMatchObject({
    perCpuSecond: 1000,
    perSecond: 500,
    busy: 0.75,
    disturbed: 0.25,
    generatorShare: 0.25,
    window: 4,
  });
});

test('threads that wait for each other do not make a core more than busy', () => {
  expect(loadMetrics({ ...RESULT, serverCpu: 1.8, serverWait: 1.5 }, 100, 4)).toMatchObject({ busy: 1 });
});

test('a run without a fault has no problems, and each fault is told in words', () => {
  expect(loadProblems(RESULT)).toEqual([]);
  expect(loadProblems({ ...RESULT, missing: 3, outOfOrder: 1 })).toEqual(['3 deliveries missing', '1 deliveries out of order']);
  expect(loadProblems({ ...RESULT, missing: -2 })).toEqual(['2 deliveries too many']);
});

test('rounds of one server at one goal become one figure, metric by metric', () => {
  const round = (perCpuSecond: number, p50: number) =>
    ({ goal: 'F1', server: 'switchboard', metrics: { perCpuSecond, p50 }, problems: ['lost'] }) as const;
  expect(summarize([round(1, 9), round(3, 8), round(2, 7)])).toEqual([
    { goal: 'F1', server: 'switchboard', metrics: { perCpuSecond: 2, p50: 8 }, problems: ['lost'], rounds: 3, spread: [1, 3] },
  ]);
});

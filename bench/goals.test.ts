import { expect, test } from 'vitest';
import type { Figure, Metrics } from './figures.ts';
import { bound, GOALS, judge } from './goals.ts';
import type { ServerName } from './servers.ts';

const figure = (server: ServerName, metrics: Metrics): Figure => ({
  goal: 'F4',
  server,
  metrics,
  problems: [],
  rounds: 1,
  spread: undefined,
});

test('a ratio at the bound is met, for what should be high and for what should be low', () => {
  const figures = [figure('switchboard', { perCpuSecond: 90, p99: 5 }), figure('ws-coalesced', { perCpuSecond: 100, p99: 5 })];
  expect(judge(GOALS.F4, figures).map(({ ratio, met }) => [ratio, met])).toEqual([
    [0.9, true],
    [1, true],
  ]);
});

test('a ratio beyond the bound is missed', () => {
  const figures = [figure('switchboard', { perCpuSecond: 89, p99: 6 }), figure('ws-coalesced', { perCpuSecond: 100, p99: 5 })];
  expect(judge(GOALS.F4, figures).map(({ met }) => met)).toEqual([false, false]);
});

test('without one of the two figures nothing is judged', () => {
  const undecided = [undefined, undefined];
  expect(judge(GOALS.F4, [figure('switchboard', { perCpuSecond: 89, p99: 6 })]).map(({ met }) => met)).toEqual(undecided);
  expect(judge(GOALS.F4, [figure('ws-coalesced', { perCpuSecond: 89, p99: 6 })]).map(({ met }) => met)).toEqual(undecided);
});

test('the 99th percentile of the durable pairs is held against the median of a sync', () => {
  const figures = [
    { ...figure('switchboard', { p50: 0.3, p99: 1.1 }), goal: 'L1' as const },
    { ...figure('fdatasync', { p50: 0.1, p99: 5 }), goal: 'L1' as const },
  ];
  const [median, tail] = judge(GOALS.L1, figures);
  expect(median?.ratio).toBeCloseTo(3);
  expect(tail?.ratio).toBeCloseTo(11);
  expect(tail?.met).toBe(false);
});

test('bounds read as in the list of goals', () => {
  expect(GOALS.F4.criteria.map(bound)).toEqual(['≥ 0.90', '≤ 1.00']);
});

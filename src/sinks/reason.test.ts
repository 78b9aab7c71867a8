import { expect, test } from 'vitest';
import { reasonOf } from './reason.ts';

test('the innermost message is told, in one line', () => {
  const inner = new Error('connect ECONNREFUSED\n127.0.0.1:9092');
  const outer = new Error('it failed', { cause: new AggregateError([inner, new Error('another')], 'all failed') });
  expect(reasonOf(outer)).toBe('connect ECONNREFUSED 127.0.0.1:9092');
});

test('there is always a reason, and never a long one', () => {
  expect(reasonOf(new Error(' \n '))).toBe('it failed');
  expect(reasonOf(undefined)).toBe('undefined');
  expect(reasonOf(new Error('x'.repeat(10_000)))).toHaveLength(200);
  expect(reasonOf(new AggregateError([], 'nobody'))).toBe('nobody');
});

test('errors that name each other as their cause end somewhere', () => {
  const first = new Error('first');
  const second = new Error('second', { cause: first });
  first.cause = second;
  expect(reasonOf(first)).toMatch(/first|second/);
});

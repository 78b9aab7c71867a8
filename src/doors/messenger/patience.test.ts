import { expect, test } from 'vitest';
import { createClock } from '../../../test/support/clock.ts';
import { MAX_FRUITLESS, Patience } from './patience.ts';

test('patience is lost once, with one more than a window has room for, and comes back with the next window', () => {
  const clock = createClock();
  let lost = 0;
  const patience = new Patience(clock.now());
  const tryTimes = (times: number): void => {
    for (let at = 0; at < times; at += 1) if (patience.losesWith(clock.now())) lost += 1;
  };
  for (let window = 0; window < 5; window += 1) {
    tryTimes(MAX_FRUITLESS);
    clock.advance(10_000);
  }
  tryTimes(MAX_FRUITLESS);
  clock.advance(9_999);
  expect(lost).toBe(0);
  tryTimes(10);
  expect(lost).toBe(1);
  clock.advance(60_000);
  tryTimes(2 * MAX_FRUITLESS);
  expect(lost).toBe(1);
});

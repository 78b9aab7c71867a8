import { describe, expect, test } from 'vitest';
import { Allowance, ByteBudget } from './budget.ts';

describe('byte budget', () => {
  test('gives what is there and no more, and takes it back', () => {
    const budget = new ByteBudget(10);
    expect(budget.take(7)).toBe(true);
    expect(budget.take(4)).toBe(false);
    expect(budget.take(3)).toBe(true);
    budget.give(7);
    expect(budget.take(7)).toBe(true);
    expect(budget.take(1)).toBe(false);
  });
});

describe('allowance', () => {
  test('a burst at once, then so many per second', () => {
    const allowance = new Allowance(3, 2);
    expect([0, 0, 0, 0].map((now) => allowance.take(now))).toEqual([true, true, true, false]);
    expect(allowance.take(400)).toBe(false);
    expect(allowance.take(500)).toBe(true);
    expect(allowance.take(500)).toBe(false);
  });

  test('never saves up more than the burst', () => {
    const allowance = new Allowance(2, 1000);
    allowance.take(0);
    const answers = [1e6, 1e6, 1e6].map((now) => allowance.take(now));
    expect(answers).toEqual([true, true, false]);
  });

  test('refill forgets what was counted', () => {
    const allowance = new Allowance(1, 1);
    allowance.take(0);
    allowance.refill();
    expect(allowance.take(0)).toBe(true);
  });
});

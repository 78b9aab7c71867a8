import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClock } from '../../test/support/clock.ts';
import { ChatError } from './errors.ts';
import { createRateLimiter } from './rate-limiter.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** 0 when the message may go, else the wait in milliseconds. */
function attempt(limiter: RateLimiter, namespace = 'default', user = 1): number {
  try {
    limiter.take(namespace, user);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof ChatError) || thrown.code !== 'rate_limited') throw thrown;
    return thrown.retryAfter ?? Number.NaN;
  }
}

describe('the rate limiter', () => {
  test('lets a burst go at once, then so many per window', () => {
    const clock = createClock();
    const limiter = createRateLimiter({ rate: { messages: 10, window: 1_000 }, now: clock.now });
    expect(Array.from({ length: 12 }, () => attempt(limiter))).toEqual([...Array.from({ length: 10 }, () => 0), 100, 100]);
    clock.advance(99);
    expect(attempt(limiter)).toBe(1);
    clock.advance(1);
    expect([attempt(limiter), attempt(limiter)]).toEqual([0, 100]);
    clock.advance(3_600_000);
    expect(Array.from({ length: 11 }, () => attempt(limiter)).filter((wait) => wait > 0)).toHaveLength(1);
  });

  test('counts every user of every namespace alone', () => {
    const limiter = createRateLimiter({ rate: { messages: 1, window: 1_000 }, now: createClock().now });
    expect([attempt(limiter, 'a', 1), attempt(limiter, 'b', 1), attempt(limiter, 'a', 2)]).toEqual([0, 0, 0]);
    expect(attempt(limiter, 'a', 1)).toBe(1_000);
  });

  test('without a rate never refuses', () => {
    const limiter = createRateLimiter({ rate: undefined, now: createClock().now });
    expect(Array.from({ length: 1_000 }, () => attempt(limiter)).every((wait) => wait === 0)).toBe(true);
  });

  test('never lets more go in any window than a burst and a refill, and keeps its word about the wait', () => {
    const rate = fc.record({ messages: fc.integer({ min: 1, max: 50 }), window: fc.integer({ min: 1, max: 100_000 }) });
    fc.assert(
      fc.property(rate, fc.array(fc.nat({ max: 3_000 }), { maxLength: 80 }), (given, waits) => {
        const clock = createClock();
        const limiter = createRateLimiter({ rate: given, now: clock.now });
        const gone: number[] = [];
        for (const wait of waits) {
          clock.advance(wait);
          const told = attempt(limiter);
          if (told === 0) gone.push(clock.now());
          else {
            clock.advance(told);
            expect(attempt(limiter)).toBe(0);
            gone.push(clock.now());
          }
        }
        for (const [at, from] of gone.entries()) {
          const inWindow = gone.slice(at).filter((time) => time < from + given.window).length;
          expect(inWindow).toBeLessThanOrEqual(2 * given.messages);
        }
      }),
    );
  });

  test('is not filled by a clock that is set back', () => {
    const clock = createClock();
    const limiter = createRateLimiter({ rate: { messages: 2, window: 1_000 }, now: clock.now });
    expect([attempt(limiter), attempt(limiter)]).toEqual([0, 0]);
    clock.advance(-60_000);
    expect(attempt(limiter)).toBe(500);
    clock.advance(500);
    expect(attempt(limiter)).toBe(0);
  });
});

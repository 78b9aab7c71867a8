/** A clock that stands still until it is told. */
import type { Millis } from '../../src/core/index.ts';

export interface Clock {
  readonly now: () => Millis;
  advance(by: Millis): void;
  set(to: Millis): void;
}

export function createClock(start: Millis = Date.UTC(2026, 0, 1)): Clock {
  let time = start;
  return {
    now: () => time,
    advance(by) {
      time += by;
    },
    set(to) {
      time = to;
    },
  };
}

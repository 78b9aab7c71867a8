/** Token buckets: a burst at once, then so many per window (wire.md section 2: default 10 messages per 1,000 ms). */
import { ChatError } from './errors.ts';
import type { Id, Millis } from './model.ts';
import { createRecent } from './recent.ts';

/** So many in a window. */
export interface Rate {
  readonly messages: number;
  readonly window: Millis;
}

/** One bucket for each key. */
export interface Buckets<K> {
  /** Milliseconds until the key's next token; 0 when there is one. */
  wait(key: K): Millis;
  /** Takes the token that `wait` has just said is there. */
  spend(key: K): void;
}

interface Bucket {
  /** Whole numbers, so that the wait that is told is exact: a millisecond brings `messages`, a message takes `window`. */
  level: number;
  filledAt: Millis;
}

/** Buckets remembered: a key forgotten under more active ones starts with a full bucket. */
const MAX_BUCKETS = 100_000;

export function createBuckets<K>({ rate, now }: { rate: Rate; now: () => Millis }): Buckets<K> {
  const { messages, window } = rate;
  const buckets = createRecent<K, Bucket>(MAX_BUCKETS);

  function filled(key: K): Bucket {
    const time = now();
    const bucket = buckets.get(key) ?? buckets.set(key, { level: messages * window, filledAt: time });
    const passed = Math.max(0, time - bucket.filledAt);
    bucket.level = Math.min(messages * window, bucket.level + passed * messages);
    bucket.filledAt = time;
    return bucket;
  }

  return {
    wait(key) {
      const { level } = filled(key);
      return level < window ? Math.ceil((window - level) / messages) : 0;
    },
    spend(key) {
      const bucket = buckets.get(key);
      if (bucket !== undefined) bucket.level -= window;
    },
  };
}

/** One bucket per user for all doors and connections; of a door, per session. */
export interface RateLimiter {
  /** Takes one token; throws `rate_limited` with the wait until the next one. */
  take(namespace: string, user: Id): void;
}

export function createRateLimiter({ rate, now }: { rate: Rate | undefined; now: () => Millis }): RateLimiter {
  if (rate === undefined) return { take() {} };
  const buckets = createBuckets<string>({ rate, now });
  return {
    take(namespace, user) {
      const key = `${user}/${namespace}`;
      const wait = buckets.wait(key);
      if (wait > 0) throw tooFast('Too many messages or changes.', wait);
      buckets.spend(key);
    },
  };
}

/** `rate_limited` with the seconds to wait in words. */
export function tooFast(what: string, retryAfter: Millis): ChatError {
  return new ChatError('rate_limited', `${what} Try again in ${(retryAfter / 1000).toFixed(1)} s.`, { retryAfter });
}

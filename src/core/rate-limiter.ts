/**
 * One token bucket per user for all doors and connections (wire.md section 2: default 10 messages per 1,000 ms). Sends and edits take from
 * one, creating and changing conversations from another of the same size: each is stored and told to others.
 */
import { ChatError } from './errors.ts';
import type { Id, Millis } from './model.ts';
import { createRecent } from './recent.ts';

export interface RateLimiter {
  /** Takes one token; throws `rate_limited` with the wait until the next one. */
  take(namespace: string, user: Id): void;
}

interface Bucket {
  /** Whole numbers, so that the wait that is told is exact: a millisecond brings `messages`, a message takes `window`. */
  level: number;
  filledAt: Millis;
}

/** Buckets remembered: a user forgotten under more active ones starts with a full bucket. */
const MAX_BUCKETS = 100_000;

export function createRateLimiter(deps: {
  rate: { readonly messages: number; readonly window: Millis } | undefined;
  now: () => Millis;
}): RateLimiter {
  const { rate, now } = deps;
  if (rate === undefined) return { take() {} };
  const { messages, window } = rate;
  const buckets = createRecent<string, Bucket>(MAX_BUCKETS);
  return {
    take(namespace, user) {
      const key = `${user}/${namespace}`;
      const time = now();
      const bucket = buckets.get(key) ?? buckets.set(key, { level: messages * window, filledAt: time });
      const passed = Math.max(0, time - bucket.filledAt);
      bucket.level = Math.min(messages * window, bucket.level + passed * messages);
      bucket.filledAt = time;
      if (bucket.level < window) {
        const retryAfter = Math.ceil((window - bucket.level) / messages);
        throw new ChatError('rate_limited', `Too many messages or changes. Try again in ${(retryAfter / 1000).toFixed(1)} s.`, {
          retryAfter,
        });
      }
      bucket.level -= window;
    },
  };
}

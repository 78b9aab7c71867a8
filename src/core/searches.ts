/** Searches under way: each may take many turns of the event loop, so nobody has many at once. */
import { ChatError } from './errors.ts';

/** Searches of one user under way: one per window somebody types in. */
const MAX_SEARCHES_PER_USER = 4;

/** Who is searching at this moment. */
export interface Searches {
  /** Throws `rate_limited` for one too many; returns what ends this one. */
  enter(user: string): () => void;
}

export function createSearches(): Searches {
  const underWay = new Map<string, number>();
  return {
    enter(user) {
      const count = underWay.get(user) ?? 0;
      if (count >= MAX_SEARCHES_PER_USER) {
        throw new ChatError('rate_limited', 'Too many searches at once. Wait for the others.', { retryAfter: 1_000 });
      }
      underWay.set(user, count + 1);
      return () => {
        const left = (underWay.get(user) ?? 1) - 1;
        if (left === 0) underWay.delete(user);
        else underWay.set(user, left);
      };
    },
  };
}

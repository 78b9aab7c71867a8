/** Work that takes many turns of the event loop, so that nobody may have much of it at once. */
import { ChatError } from './errors.ts';

export interface Turns {
  /** Runs the work, unless as much of this key is under way already: then it rejects as `rate_limited`. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** The same for work that ends when the caller says so: throws, or returns what ends it. */
  enter(key: string): () => void;
}

/** `each`: of one key at once. `retryAfter`: milliseconds after which it may be tried again. */
export function createTurns({ each, retryAfter }: { each: number; retryAfter: number }): Turns {
  const underWay = new Map<string, number>();

  function enter(key: string): () => void {
    const count = underWay.get(key) ?? 0;
    if (count >= each)
      throw new ChatError('rate_limited', `At most ${each} of these at once. Wait for the others.`, { retryAfter });
    underWay.set(key, count + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const rest = (underWay.get(key) ?? 1) - 1;
      if (rest === 0) underWay.delete(key);
      else underWay.set(key, rest);
    };
  }

  return {
    enter,
    async run(key, work) {
      const leave = enter(key);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}

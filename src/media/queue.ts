/** One job at a time, and so many that wait: work that takes a whole processor and much memory. */
import { ChatError } from '../core/index.ts';

export interface Queue {
  /** Rejects with `unavailable` when too many wait already. */
  run<T>(job: () => Promise<T>): Promise<T>;
}

export function createQueue({ maxWaiting }: { maxWaiting: number }): Queue {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    async run(job) {
      if (waiting > maxWaiting) {
        throw new ChatError('unavailable', 'Too many pictures are being worked on. Try again shortly.', { retryAfter: 2_000 });
      }
      waiting += 1;
      const done = last.then(job).finally(() => {
        waiting -= 1;
      });
      last = done.catch(() => undefined);
      return done;
    },
  };
}

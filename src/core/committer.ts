/**
 * Gathers operations into batches: those of one event-loop turn, and those that arrive while a commit is under way, go out together
 * in the next transaction, so one disk sync acknowledges many (design.md, "Built for speed").
 *
 * Everything committed is announced here, in commit order, before the callers hear of it: no action publishes anything itself, so
 * two actions that finish in one batch cannot be seen in the wrong order.
 */
import { ChatError } from './errors.ts';
import type { Meter, Operation, Outcome, Outcomes, Store, Success } from './ports.ts';

export interface CommitterOptions {
  /** Operations in one transaction; keeps a single commit short enough to wait for. */
  readonly maxBatch: number;
  /** Operations that may wait; one more is refused as `unavailable`, so that memory stays flat under overload. */
  readonly maxWaiting: number;
}

export interface Committer {
  /**
   * Resolves with the outcome once it is on disk and announced; rejects with the refusal.
   * `'stale'` is an answer, not an error: what the caller decided on has moved.
   */
  commit<O extends Operation>(operation: O): Promise<Outcomes[O['type']] | 'stale'>;
  /** Operations waiting or under way. */
  readonly depth: number;
  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void>;
}

interface Waiting {
  readonly operation: Operation;
  resolve(outcome: unknown): void;
  reject(error: ChatError): void;
}

export function createCommitter(deps: {
  store: Pick<Store, 'commit'>;
  announce: (operation: Operation, outcome: Success) => void;
  meter: Pick<Meter, 'committed'>;
  /** Told of a commit that failed, and of an announcement that failed after its commit. */
  onFailure: (cause: unknown, what: 'commit' | 'announce') => void;
  options: CommitterOptions;
}): Committer {
  const { store, announce, meter, onFailure, options } = deps;
  let waiting: Waiting[] = [];
  let underWay = 0;
  let scheduled = false;
  let idleWaiters: (() => void)[] = [];

  function schedule(): void {
    if (scheduled || underWay > 0) return;
    scheduled = true;
    // After the poll phase: every frame read in this turn joins the batch.
    setImmediate(() => {
      scheduled = false;
      void run();
    });
  }

  async function run(): Promise<void> {
    const batch = waiting.length <= options.maxBatch ? waiting : waiting.slice(0, options.maxBatch);
    waiting = batch === waiting ? [] : waiting.slice(options.maxBatch);
    underWay = batch.length;
    const startedAt = performance.now();
    try {
      const outcomes = await store.commit(batch.map((entry) => entry.operation));
      meter.committed(batch.length, performance.now() - startedAt);
      settle(batch, outcomes);
    } catch (cause) {
      onFailure(cause, 'commit');
      const error = new ChatError('unavailable', 'The message store could not save this. Nothing was stored.', { cause });
      for (const entry of batch) entry.reject(error);
    }
    underWay = 0;
    if (waiting.length > 0) schedule();
    else notifyIdle();
  }

  function settle(batch: readonly Waiting[], outcomes: readonly Outcome[]): void {
    for (let at = 0; at < batch.length; at += 1) {
      const entry = batch[at];
      const outcome = outcomes[at];
      if (entry === undefined || outcome === undefined) continue;
      if (outcome.type !== 'refused') {
        tell(entry.operation, outcome);
        entry.resolve(outcome);
      } else if (outcome.reason === 'stale') entry.resolve('stale');
      else entry.reject(outcome.reason);
    }
  }

  /** What is stored is acknowledged whether it could be told or not: who has not heard of it finds it on resuming. */
  function tell(operation: Operation, outcome: Success): void {
    try {
      announce(operation, outcome);
    } catch (cause) {
      onFailure(cause, 'announce');
    }
  }

  function notifyIdle(): void {
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const wake of waiters) wake();
  }

  return {
    commit(operation) {
      if (waiting.length >= options.maxWaiting) {
        return Promise.reject(new ChatError('unavailable', 'The server is overloaded. Try again shortly.', { retryAfter: 1000 }));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ operation, resolve, reject });
        schedule();
      });
    },
    get depth() {
      return waiting.length + underWay;
    },
    idle() {
      if (waiting.length === 0 && underWay === 0) return Promise.resolve();
      return new Promise((resolve) => idleWaiters.push(resolve));
    },
  };
}

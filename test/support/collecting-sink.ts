/** A sink in this process that keeps what it is given and answers as it is told: for what the relay does, whatever the protocol. */
import type { FeedEvent } from '../../src/feed/index.ts';
import type { Sink } from '../../src/sinks/index.ts';

type Outcome = Awaited<ReturnType<Sink['deliver']>>[number];

export interface CollectingSink extends Sink {
  /** Everything it has taken, repetitions included. */
  readonly taken: readonly FeedEvent[];
  /** Everything it was asked to take. */
  readonly asked: readonly FeedEvent[];
  /** How it answers from now on; absent: it takes everything. */
  answerWith(answer?: (event: FeedEvent) => Outcome | Promise<Outcome>): void;
}

export const DELIVERED: Outcome = { type: 'delivered' };

export function collectingSink(
  options: {
    readonly name?: string;
    readonly batch?: number;
    readonly lanes?: number;
    readonly wants?: (event: FeedEvent) => boolean;
  } = {},
): CollectingSink {
  const { name = 'collector', batch = 10, lanes = 2, wants = () => true } = options;
  const taken: FeedEvent[] = [];
  const asked: FeedEvent[] = [];
  let answer: (event: FeedEvent) => Outcome | Promise<Outcome> = () => DELIVERED;
  return {
    name,
    batch,
    lanes,
    taken,
    asked,
    wants,
    answerWith(next = () => DELIVERED) {
      answer = next;
    },
    async deliver(events, signal) {
      const outcomes: Outcome[] = [];
      const failed = new Map<string, Outcome>();
      for (const event of events) {
        asked.push(event);
        const before = failed.get(event.key);
        const outcome = before ?? (await Promise.race([answer(event), aborted(signal)]));
        if (outcome.type === 'delivered') taken.push(event);
        else failed.set(event.key, outcome);
        outcomes.push(outcome);
      }
      return outcomes;
    },
    close: () => Promise.resolve(),
  };
}

function aborted(signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ type: 'unavailable', why: 'the server goes down' }), { once: true });
  });
}

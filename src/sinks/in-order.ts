/** Delivery of one event after the other, for protocols that carry one at a time. */
import type { FeedEvent } from '../feed/index.ts';
import type { Failed, Outcome } from './sink.ts';

/** Sends each event; what stands behind a failed one of the same key is not sent, so that it overtakes nothing (`Sink.deliver`). */
export async function deliverInOrder(
  events: readonly FeedEvent[],
  send: (event: FeedEvent) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const failed = new Map<string, Failed>();
  const outcomes: Outcome[] = [];
  for (const event of events) {
    const before = failed.get(event.key);
    // Not this event's own failure: it has not been tried.
    const outcome: Outcome =
      before === undefined ? await send(event) : { type: 'unavailable', why: 'waits for an earlier event of the same key' };
    if (outcome.type !== 'delivered') failed.set(event.key, outcome);
    outcomes.push(outcome);
  }
  return outcomes;
}

/**
 * One call of the Kafka sink: its records in order, in requests that a broker takes. Brokers take or refuse all records of a partition in a request at
 * once and do not say which one they mind, so refused requests are halved until it is found; the others are delivered.
 */
import type { FeedEvent } from '../feed/index.ts';
import { failureOf } from './kafka-client.ts';
import type { Record } from './kafka-client.ts';
import { DELIVERED } from './sink.ts';
import type { Failed, Outcome } from './sink.ts';

/**
 * Bytes of records in one request, whatever partitions they go to: brokers take 1 MiB for a partition unless they are told otherwise. A record that is
 * larger goes alone.
 */
const MAX_REQUEST_BYTES = 900_000;

/** What a record takes besides its value, roughly. */
const RECORD_BYTES = 100;

const BEHIND: Failed = { type: 'unavailable', why: 'an event of its key in front of it failed' };

interface Entry {
  readonly at: number;
  readonly key: string;
  readonly record: Record;
}

export interface CallDeps {
  readonly events: readonly FeedEvent[];
  readonly topicOf: (event: FeedEvent) => string;
  /** Rejects when it is not sure that all of them are there. */
  readonly send: (records: readonly Record[]) => Promise<void>;
}

export async function produceInOrder({ events, topicOf, send }: CallDeps): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = events.map(() => BEHIND);
  const failedKeys = new Set<string>();
  let outage: Failed | undefined;

  async function produce(entries: readonly Entry[]): Promise<void> {
    const sent = entries.filter(({ key }) => !failedKeys.has(key));
    if (sent.length === 0) return;
    const failure = await attempt(sent);
    if (failure === undefined) {
      for (const { at } of sent) outcomes[at] = DELIVERED;
    } else if (failure.type === 'unavailable') {
      outage = failure;
    } else if (sent.length > 1) {
      const middle = sent.length >> 1;
      await produce(sent.slice(0, middle));
      if (outage === undefined) await produce(sent.slice(middle));
    } else {
      for (const { at, key } of sent) {
        outcomes[at] = failure;
        failedKeys.add(key);
      }
    }
  }

  async function attempt(entries: readonly Entry[]): Promise<Failed | undefined> {
    try {
      await send(entries.map(({ record }) => record));
      return undefined;
    } catch (cause) {
      return failureOf(cause);
    }
  }

  for (const request of toRequests(events, topicOf)) {
    await produce(request);
    if (outage !== undefined) break;
  }
  if (outage === undefined) return outcomes;
  const down = outage;
  return outcomes.map((outcome) => (outcome === BEHIND ? down : outcome));
}

function* toRequests(events: readonly FeedEvent[], topicOf: (event: FeedEvent) => string): Generator<readonly Entry[]> {
  let request: Entry[] = [];
  let bytes = 0;
  for (const [at, event] of events.entries()) {
    const value = Buffer.from(event.json);
    const size = value.length + event.key.length + RECORD_BYTES;
    if (request.length > 0 && bytes + size > MAX_REQUEST_BYTES) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push({ at, key: event.key, record: { topic: topicOf(event), key: Buffer.from(event.key), value } });
    bytes += size;
  }
  if (request.length > 0) yield request;
}

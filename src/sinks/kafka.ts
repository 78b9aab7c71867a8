/** Events on Kafka (seed 000): a topic for each topic of the feed, the envelope as the value, the key of the event as the key, no headers. */
import type { Log } from '../core/index.ts';
import type { FeedEvent } from '../feed/index.ts';
import { CalledOff, unlessCalledOff } from './called-off.ts';
import { produceInOrder } from './kafka-call.ts';
import { createKafkaClient, failureOf } from './kafka-client.ts';
import type { KafkaClient, Record } from './kafka-client.ts';
import { reasonOf } from './reason.ts';
import type { Failed, Sink } from './sink.ts';

export interface KafkaSinkOptions {
  /** host:port each; some of the cluster are enough. */
  readonly brokers: readonly string[];
  /** Topics are `<prefix>.<topic>`; not set or empty: the topic alone. */
  readonly prefix?: string;
  readonly name?: string;
  readonly clientId?: string;
  /** Whether events of our own family go there, to the topic `switchboard`. */
  readonly own?: boolean;
  /** Milliseconds without an answer after which brokers are taken for gone. */
  readonly timeout?: number;
  readonly log: Pick<Log, 'info'>;
}

/** About the records of one request. */
const BATCH = 1_000;
/** So that one call is answered while another is made ready. */
const LANES = 2;
const TIMEOUT_MS = 10_000;

export function createKafkaSink(options: KafkaSinkOptions): Sink {
  const { brokers, prefix = '', name = 'kafka', clientId = 'switchboard', own = true, timeout = TIMEOUT_MS, log } = options;
  const closed = new AbortController();
  let client: KafkaClient | undefined;

  function topicOf({ topic }: FeedEvent): string {
    return prefix === '' ? topic : `${prefix}.${topic}`;
  }

  function working(): KafkaClient {
    if (client?.isOpen === true) return client;
    log.info({ sink: name, brokers }, 'connecting to Kafka');
    client = createKafkaClient({ brokers, clientId, timeout });
    return client;
  }

  return {
    name,
    batch: BATCH,
    lanes: LANES,
    wants: ({ topic }) => own || topic !== 'switchboard',
    async deliver(events, signal) {
      const signals = [signal, closed.signal];
      const send = async (records: readonly Record[]): Promise<void> => {
        if (signals.some(({ aborted }) => aborted)) throw new CalledOff();
        const using = working();
        try {
          await unlessCalledOff(() => using.send(records), signals);
        } catch (cause) {
          if (failureOf(cause).type === 'unavailable') await using.close();
          throw cause;
        }
      };
      try {
        return await produceInOrder({ events, topicOf, send });
      } catch (cause) {
        const failed: Failed = { type: 'unavailable', why: reasonOf(cause) };
        return events.map(() => failed);
      }
    },
    async close() {
      closed.abort();
      await client?.close();
    },
  };
}

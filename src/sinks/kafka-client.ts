/**
 * A Kafka producer for as long as it works. It tries nothing twice: what failed, and in which order it is told again, is the relay's to say, and a
 * producer that failed is thrown away with all of its connections, so that nothing that waits in one arrives later.
 */
import { compatibilityPartitioner, findErrorBy, Producer } from '@platformatic/kafka';
import { reasonOf } from './reason.ts';
import type { Failed } from './sink.ts';

export interface Record {
  readonly topic: string;
  readonly key: Buffer;
  readonly value: Buffer;
}

export interface KafkaClient {
  readonly isOpen: boolean;
  /** Resolves when all replicas that are in sync have all of them; rejects when that is not sure of one. Settles within some timeouts. */
  send(records: readonly Record[]): Promise<void>;
  /** Cuts all connections; sends under way reject. */
  close(): Promise<void>;
}

export interface KafkaClientOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Milliseconds for one answer. */
  readonly timeout: number;
}

/** All replicas in sync. */
const ALL = -1;

/** Milliseconds to connect: it cannot be called off, so it must end by itself. */
const CONNECT_MS = 5_000;

/** Leaders that move show themselves by errors; new partitions are found so late. Milliseconds. */
const METADATA_MS = 60_000;

/** Errors that the same records would meet again. */
const REFUSALS = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'] as const;

export function createKafkaClient({ brokers, clientId, timeout }: KafkaClientOptions): KafkaClient {
  const producer = new Producer({
    clientId,
    bootstrapBrokers: [...brokers],
    timeout,
    requestTimeout: timeout,
    connectTimeout: Math.min(timeout, CONNECT_MS),
    retries: 0,
    repeatOnStaleMetadata: false,
    autocreateTopics: true,
    idempotent: false,
    metadataMaxAge: METADATA_MS,
    // The partition in which the Java clients, and what they write beside us, put the same key.
    partitioner: compatibilityPartitioner,
  });
  return {
    get isOpen() {
      return !producer.closed;
    },
    async send(records) {
      await producer.send({ messages: [...records], acks: ALL });
    },
    async close() {
      const sockets = [...producer.connections].map(([, { socket }]) => socket);
      const closed = producer.close(true).catch(() => {});
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What an error of `send` says of the records. */
export function failureOf(cause: unknown): Failed {
  const isRefused = cause instanceof Error && REFUSALS.some((id) => findErrorBy(cause, 'apiId', id) !== null);
  return { type: isRefused ? 'refused' : 'unavailable', why: reasonOf(cause) };
}

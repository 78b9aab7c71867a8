/**
 * One connection to JetStream, for as long as it works: one that failed is thrown away and another takes its place, so that nothing waits in a
 * connection on which nobody answers. Messages are published as the protocol says (with a reply address each, to which the answer comes), and one
 * subscription takes all answers: the client's own `publish` keeps a promise, a timer and a stack trace for each and costs four times as much.
 */
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { connect, createInbox, headers, nanos } from '@nats-io/transport-node';
import type { ConnectionOptions, Msg, NatsConnection } from '@nats-io/transport-node';
import { problemIn } from './nats-ack.ts';
import type { NatsAddress } from './nats-address.ts';
import { reasonOf } from './reason.ts';
import type { Failed } from './sink.ts';

export interface LinkOptions {
  readonly address: NatsAddress;
  readonly stream: string;
  /** Subjects begin with it. */
  readonly subject: string;
  /** Milliseconds for one answer. */
  readonly timeout: number;
}

export interface Message {
  readonly subject: string;
  /** JetStream stores a message with the same id once. */
  readonly id: string;
  readonly data: Uint8Array;
}

export interface Link {
  /** Bytes of one message, its headers included. */
  readonly maxBytes: number;
  readonly isOpen: boolean;
  /** `answer` is called once, unless the link breaks before or the token is forgotten. Throws when it is broken. */
  publish(message: Message, answer: (problem: Failed | undefined) => void): string;
  forget(token: string): void;
  /** `lost` is called once when it breaks or is closed. Returns the way to be no longer told. */
  watch(lost: (why: string) => void): () => void;
  close(): void;
}

/** Milliseconds to connect: nobody can call it off, so it must end by itself. */
const CONNECT_MS = 5_000;

/** Of a stream that we make: how long it keeps events, and how long it knows ids (the server's own default). Milliseconds. */
const KEPT_MS = 7 * 24 * 3_600_000;
const KNOWN_MS = 2 * 60_000;

const NOBODY = 503;

/** Connects, and makes the stream when there is none of its name. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const connection = await connect(connectionOptions(options));
  try {
    await ensureStream(connection, options);
  } catch (cause) {
    await connection.close();
    throw cause;
  }
  return createLink(connection);
}

function connectionOptions({ address, timeout }: LinkOptions): ConnectionOptions {
  const { servers, user, pass, token, tls } = address;
  return {
    servers: [...servers],
    name: 'switchboard events',
    reconnect: false,
    timeout: Math.min(timeout, CONNECT_MS),
    noAsyncTraces: true,
    ...(user !== undefined && { user }),
    ...(pass !== undefined && { pass }),
    ...(token !== undefined && { token }),
    ...(tls && { tls: {} }),
  };
}

async function ensureStream(connection: NatsConnection, { stream, subject, timeout }: LinkOptions): Promise<void> {
  const { streams } = await jetstreamManager(connection, { timeout: Math.min(timeout, CONNECT_MS) });
  try {
    await streams.info(stream);
  } catch (cause) {
    if (!(cause instanceof JetStreamApiError && cause.code === JetStreamApiCodes.StreamNotFound)) throw cause;
    await streams.add({
      name: stream,
      subjects: [`${subject}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(KEPT_MS),
      duplicate_window: nanos(KNOWN_MS),
      num_replicas: 1,
    });
  }
}

function createLink(connection: NatsConnection): Link {
  const inbox = `${createInbox()}.`;
  const waiting = new Map<string, (problem: Failed | undefined) => void>();
  const watchers = new Set<(why: string) => void>();
  let published = 0;
  let isOpen = true;

  function end(why: string): void {
    if (!isOpen) return;
    isOpen = false;
    waiting.clear();
    for (const lost of watchers) lost(why);
    watchers.clear();
    void connection.close().catch(() => {});
  }

  function answered(error: Error | null, message: Msg): void {
    if (error !== null) {
      end(reasonOf(error));
      return;
    }
    const token = message.subject.slice(inbox.length);
    const answer = waiting.get(token);
    waiting.delete(token);
    if (message.headers?.code === NOBODY) {
      answer?.({ type: 'unavailable', why: 'no stream takes the subject' });
      // The next link makes the stream again, if it is ours that is gone.
      end('no stream takes the subject');
      return;
    }
    answer?.(problemIn(message.string()));
  }

  connection.subscribe(`${inbox}*`, { callback: answered });
  void connection.closed().then((error) => end(error instanceof Error ? reasonOf(error) : 'the connection was closed'));

  return {
    maxBytes: connection.info?.max_payload ?? 0,
    get isOpen() {
      return isOpen;
    },
    publish({ subject, id, data }, answer) {
      published += 1;
      const token = published.toString(36);
      const marks = headers();
      marks.set('Nats-Msg-Id', id);
      connection.publish(subject, data, { reply: inbox + token, headers: marks });
      waiting.set(token, answer);
      return token;
    },
    forget: (token) => void waiting.delete(token),
    watch(lost) {
      watchers.add(lost);
      return () => void watchers.delete(lost);
    },
    close: () => end('the sink was closed'),
  };
}

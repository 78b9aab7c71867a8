/**
 * Event handlers over gRPC: each of the four published events as one call of `OnMessage` (wire.md section 2). An error asks for a retry; which
 * errors are the handler's and which the line's is what the status says.
 */
import { fromJsonString, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, DescMethodUnary } from '@bufbuild/protobuf';
import { Client, Metadata, credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import type { FeedEvent } from '../feed/index.ts';
import {
  ChatUserChatRateLimitedService,
  ChatUserConnectedService,
  ChatUserDisconnectedService,
  PersonalChatPersonalChatSentService,
} from '../protobuf/index.ts';
import { deliverInOrder } from './in-order.ts';
import { DELIVERED } from './sink.ts';
import type { Outcome, Sink } from './sink.ts';

/** Calls under way, of different keys, on one connection: what a handler of common servers takes at a time. */
const LANES = 32;

/** For one call, connecting included. Milliseconds. */
const TIMEOUT_MS = 15_000;

/** Bytes of an answer: it is an Empty message, and what a newer handler might put into one. */
const MAX_ANSWER_BYTES = 16_384;

const METHODS: ReadonlyMap<string, DescMethodUnary> = new Map<string, DescMethodUnary>([
  ['personalChatSent', PersonalChatPersonalChatSentService.method.onMessage],
  ['userConnected', ChatUserConnectedService.method.onMessage],
  ['userDisconnected', ChatUserDisconnectedService.method.onMessage],
  ['userChatRateLimited', ChatUserChatRateLimitedService.method.onMessage],
]);

/** Not now: no handler was reached, or it cannot take more. */
const LATER: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.CANCELLED,
]);

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
  // The relay repeats, and knows when.
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5_000,
  // Where a call goes is what was configured: not the environment's proxy, and not what TXT records of the name say.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  // A handler that vanished without a word is found out before a call waits for it.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Closed with the sink.
  'grpc.use_local_subchannel_pool': 1,
};

export interface GrpcSinkDeps {
  /** `http://host:port` (h2c) or `https://host:port` (TLS). */
  readonly url: string;
  /** Certificates to trust in place of the system's. */
  readonly ca?: string;
  /** For one call. Milliseconds. */
  readonly timeout?: number;
}

export function createGrpcSink({ url, ca, timeout = TIMEOUT_MS }: GrpcSinkDeps): Sink {
  const { hostname, port, protocol } = new URL(url);
  const encrypted = protocol === 'https:';
  const closing = new AbortController();
  const trusted = ca === undefined ? null : Buffer.from(ca);
  const client = new Client(
    `${hostname}:${port || (encrypted ? 443 : 80)}`,
    encrypted ? credentials.createSsl(trusted) : credentials.createInsecure(),
    CHANNEL_OPTIONS,
  );

  function call(method: DescMethodUnary, message: Buffer, signal: AbortSignal): Promise<Outcome> {
    return new Promise((resolve) => {
      const path = `/${method.parent.typeName}/${method.name}`;
      const options = { deadline: Date.now() + timeout };
      const sent = client.makeUnaryRequest(path, asIs, nothing, message, new Metadata(), options, (error) => {
        signal.removeEventListener('abort', stop);
        resolve(error === null ? DELIVERED : failureOf(error));
      });
      const stop = (): void => sent.cancel();
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  async function send(event: FeedEvent, signal: AbortSignal): Promise<Outcome> {
    const method = METHODS.get(event.envelope.name);
    if (method === undefined) return { type: 'refused', why: 'event handlers have no method for it' };
    if (signal.aborted) return { type: 'unavailable', why: 'stopped' };
    const message = messageOf(method.input, event);
    if (message === undefined) return { type: 'refused', why: 'it cannot be written as a message of protobuf' };
    return call(method, message, signal);
  }

  return {
    name: 'grpc',
    batch: 1,
    lanes: LANES,
    wants: ({ envelope }) => METHODS.has(envelope.name),
    deliver(events, signal) {
      const stop = AbortSignal.any([signal, closing.signal]);
      return deliverInOrder(events, (event) => send(event, stop));
    },
    async close() {
      closing.abort();
      client.close();
    },
  };
}

/** By protobuf-es: the codec of src/protobuf has no room for google.protobuf.Struct, and a call costs a hundred times what this does. */
function messageOf(type: DescMessage, { json }: FeedEvent): Buffer | undefined {
  try {
    return Buffer.from(toBinary(type, fromJsonString(type, wellFormed(json), { ignoreUnknownFields: true })));
  } catch {
    return undefined;
  }
}

/** Protobuf has no half of a surrogate pair, which JSON writes as an escape. */
function wellFormed(json: string): string {
  if (!json.includes('\\ud')) return json;
  return JSON.stringify(JSON.parse(json), (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value));
}

const asIs = (message: Buffer): Buffer => message;

/** What an Empty message says; null would stand for no message at all. */
const nothing = (): object => ({});

/** The handler's own words stay with it: they may hold what it was told. */
function failureOf({ code }: ServiceError): Outcome {
  const name = status[code];
  if (code === status.UNIMPLEMENTED) return { type: 'refused', why: 'the event handler has no method for it (UNIMPLEMENTED)' };
  if (LATER.has(code)) return { type: 'unavailable', why: `the event handler cannot be reached or not now: ${name}` };
  return { type: 'refused', why: `the event handler answered ${name}` };
}

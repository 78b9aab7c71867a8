/** The stream over WebSocket: `/message/chat` and `/message/room`, one message per frame; text frames are JSON, binary frames protobuf. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ChatError } from '../../core/index.ts';
import type { Chat } from '../../core/index.ts';
import { GrpcStatus } from '../../grpc/index.ts';
import type { Outboxes } from '../outbox.ts';
import type { WebSocketEnding, WebSocketLink, WebSocketPeer } from '../websocket-link.ts';
import { createWebSockets, isBlank } from '../websocket-server.ts';
import type { StreamCodecs, StreamFormat } from './codecs.ts';
import { StreamConnection } from './connection.ts';
import type { Ending } from './connection.ts';
import { fromHttp, identify } from './credentials.ts';
import { STATUS, toError } from './status.ts';
import { streamCodec } from './wire.ts';

/** For a frame that is none; the client has been told by `ws` with a code of its own. */
const BROKEN_FRAME: Ending = { close: 1002, grpc: GrpcStatus.INVALID_ARGUMENT, message: 'a broken frame' };

export interface StreamWebSocketsOptions {
  readonly chat: Chat;
  readonly outboxes: Outboxes;
  readonly codecs: StreamCodecs;
  readonly maxFrameBytes: number;
  /** How often idle clients are pinged; one that does not answer until the next ping is gone. Milliseconds. */
  readonly pingInterval: number;
}

export interface StreamWebSockets {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, roomsOnly: boolean): void;
  close(): void;
}

/** Takes one client's frames, text and binary as they come, to its connection. */
class StreamPeer implements WebSocketPeer {
  readonly #options: StreamWebSocketsOptions;
  readonly #connection: StreamConnection;
  /** Of its text frames. */
  readonly #format: StreamFormat;
  #current: StreamFormat;

  constructor(options: StreamWebSocketsOptions, connection: StreamConnection, format: StreamFormat) {
    this.#options = options;
    this.#connection = connection;
    this.#format = format;
    this.#current = format;
  }

  receive(bytes: Buffer, isBinary: boolean): void {
    if (isBinary ? bytes.length === 0 : isBlank(bytes)) return;
    const connection = this.#connection;
    const wanted = isBinary ? 'binary' : this.#format;
    if (wanted !== this.#current) {
      this.#current = wanted;
      connection.codec = this.#options.codecs.get(wanted, connection.codec.extensions);
    }
    try {
      connection.receive(isBinary ? streamCodec.decode(bytes) : streamCodec.parseJson(bytes.toString('utf8')));
    } catch (thrown) {
      connection.fail(thrown);
    }
  }

  broken(refusal: 'too_large' | 'invalid_argument'): void {
    this.#options.chat.meter.refused(this.#connection.actor.door, refusal);
    this.#connection.endWith(BROKEN_FRAME, 'protocol_error');
  }

  closed(label: string): void {
    this.#connection.closed(label);
  }
}

export function createStreamWebSockets(options: StreamWebSocketsOptions): StreamWebSockets {
  const { chat, outboxes, codecs } = options;
  const sockets = createWebSockets({
    maxFrameBytes: options.maxFrameBytes,
    pingInterval: options.pingInterval,
    malformed: () => chat.meter.refused('stream', 'invalid_argument'),
  });

  async function prepare(request: IncomingMessage, link: WebSocketLink, roomsOnly: boolean): Promise<WebSocketPeer> {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    const identity = await identify(chat.access, fromHttp(request.headers, query));
    if (identity.role === 'guest' && !roomsOnly)
      throw new ChatError('permission_denied', 'Guests listen in rooms: /message/room.');
    const format = query.get('enum') === 'name' ? 'json-names' : 'json';
    const trace = request.headers['traceparent'];
    const connection = new StreamConnection({
      chat,
      outboxes,
      link,
      identity,
      codec: codecs.get(format, query.get('extensions') === '1'),
      address: request.socket.remoteAddress ?? '',
      roomsOnly,
      ...(typeof trace === 'string' && { trace }),
    });
    await chat.openSession(connection);
    return new StreamPeer(options, connection, format);
  }

  function refuse(thrown: unknown, roomsOnly: boolean): WebSocketEnding {
    const error = toError(thrown);
    chat.meter.refused(roomsOnly ? 'room' : 'stream', error.code);
    if (error.code === 'internal') chat.log.error({ err: error.cause }, 'a connection could not be opened');
    return { close: STATUS[error.code].close, message: error.message };
  }

  return {
    accept: (request, socket, head, roomsOnly) =>
      sockets.accept(request, socket, head, {
        prepare: (link) => prepare(request, link, roomsOnly),
        refuse: (thrown) => refuse(thrown, roomsOnly),
      }),
    close: () => sockets.close(),
  };
}

/**
 * The stream over WebSocket: `/message/chat` and `/message/room`, one message per frame; text frames are JSON, binary frames protobuf.
 *
 * `ws` does the handshake, parses what comes in and answers pings; what goes out is written by us, as prebuilt frames, one write per turn.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import { ChatError } from '../../core/index.ts';
import type { Chat } from '../../core/index.ts';
import { GrpcStatus } from '../../grpc/index.ts';
import type { Outboxes } from '../outbox.ts';
import type { StreamCodecs, StreamFormat } from './codecs.ts';
import { StreamConnection } from './connection.ts';
import type { Ending, Link } from './connection.ts';
import { fromHttp, identify } from './credentials.ts';
import { STATUS, toError } from './status.ts';
import { streamCodec } from './wire.ts';

/** Fragments of one message: an honest client sends one; each costs a little more than its bytes. */
const MAX_FRAGMENTS = 256;

/** Pieces in which the network may bring one frame: of those that come byte by byte each costs a hundred times its bytes. */
const MAX_CHUNKS = 4_096;

/** How long a client may take to answer our closing. Milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000;

/** `readyState` of a WebSocket that may be written to. */
const OPEN = 1;

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

export function createStreamWebSockets(options: StreamWebSocketsOptions): StreamWebSockets {
  const { chat, outboxes, codecs } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxFrameBytes,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_CHUNKS,
    perMessageDeflate: false,
    clientTracking: false,
    skipUTF8Validation: false,
    handleProtocols: (protocols) => (protocols.has('bearer') ? 'bearer' : false),
  });
  const live = new Map<WebSocket, WebSocketLink>();

  const pinger = setInterval(() => {
    for (const [socket, link] of live) {
      if (!link.heard) {
        socket.terminate();
        continue;
      }
      link.heard = false;
      socket.ping();
    }
  }, options.pingInterval);
  pinger.unref();

  async function open(request: IncomingMessage, socket: Duplex, head: Buffer, roomsOnly: boolean): Promise<void> {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    // The socket may fail while the token is checked: nobody else listens then.
    const failed = (): void => void socket.destroy();
    socket.on('error', failed);
    const link = new WebSocketLink(socket);
    try {
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
      socket.off('error', failed);
      let isRunning = false;
      if (!socket.destroyed) {
        server.handleUpgrade(request, socket, head, (websocket) => {
          isRunning = true;
          run(websocket, connection, link, format);
        });
      }
      // The client has gone, or its handshake was none: `ws` has answered it.
      if (!isRunning) connection.closed('gone');
    } catch (thrown) {
      socket.off('error', failed);
      refuse(request, socket, head, thrown, roomsOnly);
    }
  }

  function run(websocket: WebSocket, connection: StreamConnection, link: WebSocketLink, format: StreamFormat): void {
    link.attach(websocket);
    live.set(websocket, link);
    let current: StreamFormat = format;
    websocket.on('pong', () => {
      link.heard = true;
    });
    websocket.on('message', (data: RawData, isBinary: boolean) => {
      link.heard = true;
      const bytes = Buffer.isBuffer(data) ? data : Buffer.concat([data].flat().map((part) => new Uint8Array(part)));
      if (isBinary ? bytes.length === 0 : isBlank(bytes)) return;
      const wanted = isBinary ? 'binary' : format;
      if (wanted !== current) {
        current = wanted;
        connection.codec = codecs.get(wanted, connection.codec.extensions);
      }
      readFrame(connection, bytes, isBinary);
    });
    // A broken frame: `ws` has told the client by its own close code.
    websocket.on('error', (error) => {
      chat.meter.refused(connection.actor.door, refusalOf(error));
      link.closed();
      connection.endWith(BROKEN_FRAME, 'protocol_error');
    });
    websocket.on('close', (code) => {
      live.delete(websocket);
      link.closed();
      connection.closed(closeLabel(code));
    });
  }

  function readFrame(connection: StreamConnection, bytes: Buffer, isBinary: boolean): void {
    try {
      connection.receive(isBinary ? streamCodec.decode(bytes) : streamCodec.parseJson(bytes.toString('utf8')));
    } catch (thrown) {
      connection.fail(thrown);
    }
  }

  /** The upgrade is accepted and then closed: a browser sees a close code, but never the status of a refused upgrade. */
  function refuse(request: IncomingMessage, socket: Duplex, head: Buffer, thrown: unknown, roomsOnly: boolean): void {
    const error = toError(thrown);
    const door = roomsOnly ? 'room' : 'stream';
    chat.meter.refused(door, error.code);
    if (error.code === 'internal') chat.log.error({ err: error.cause }, 'a connection could not be opened');
    if (socket.destroyed) return;
    server.handleUpgrade(request, socket, head, (websocket) => {
      websocket.on('error', () => undefined);
      closeWith(websocket, { close: STATUS[error.code].close, grpc: STATUS[error.code].grpc, message: error.message });
    });
  }

  // A malformed upgrade (no key, wrong version). The version of ours must be named (RFC 6455, section 4.4).
  server.on('wsClientError', (_error, socket) => {
    chat.meter.refused('stream', 'invalid_argument');
    socket.once('finish', () => socket.destroy());
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n');
  });

  return {
    accept: (request, socket, head, roomsOnly) => void open(request, socket, head, roomsOnly),
    close: () => clearInterval(pinger),
  };
}

class WebSocketLink implements Link {
  /** The client has given a sign of life since it was last asked for one. */
  heard = true;
  readonly #socket: Duplex;
  #websocket: WebSocket | undefined;
  /** The handshake is done and no close frame was sent: bytes of ours may follow. */
  #open = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  attach(websocket: WebSocket): void {
    this.#websocket = websocket;
    this.#open = true;
  }

  closed(): void {
    this.#open = false;
  }

  write(bytes: Buffer): boolean {
    // A client that has closed reads nothing more, and nothing may follow our answer to its close frame.
    return this.#open && this.#websocket?.readyState === OPEN ? this.#socket.write(bytes) : true;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  drained(): Promise<void> {
    if (this.#socket.destroyed || !this.#socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }

  pause(): void {
    this.#websocket?.pause();
  }

  resume(): void {
    this.#websocket?.resume();
  }

  end(ending: Ending): void {
    this.#open = false;
    if (this.#websocket === undefined) this.#socket.destroy();
    else closeWith(this.#websocket, ending);
  }
}

function closeWith(websocket: WebSocket, ending: Ending): void {
  // A paused receiver would never see the client's answer.
  websocket.resume();
  websocket.close(ending.close, shorten(ending.message));
  setTimeout(() => websocket.terminate(), CLOSE_TIMEOUT_MS).unref();
}

/** A close reason has at most 123 bytes (RFC 6455, section 5.5). */
function shorten(reason: string): string {
  if (Buffer.byteLength(reason) <= 123) return reason;
  let end = 120;
  const bytes = Buffer.from(reason);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString('utf8', 0, end)}…`;
}

/** Empty and whitespace frames are ignored (wire.md section 1). */
function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
  return true;
}

/** The code a connection closed with, as a metric's label: clients choose among thousands. */
function closeLabel(code: number): string {
  return code >= 1000 && code < 1016 ? String(code) : 'other';
}

function refusalOf(error: Error): string {
  return 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'too_large' : 'invalid_argument';
}

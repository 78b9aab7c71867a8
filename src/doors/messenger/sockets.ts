/**
 * Socket.IO 4 on the shared port: the handshake, the packets that come in, and its server's two carriers, polling and WebSocket.
 *
 * Socket.IO and Engine.IO do the protocol: heartbeats, upgrades, parsing. What goes out is written by us (link.ts, packets.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as EngineServer } from 'engine.io';
import type { Socket as EngineSocket } from 'engine.io';
import type { FastifyInstance } from 'fastify';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import { WebSocketServer } from 'ws';
import type { ServerOptions as WebSocketServerOptions } from 'ws';
import { ChatError } from '../../core/index.ts';
import type { Millis } from '../../core/index.ts';
import { createCommands } from './commands.ts';
import type { Acknowledge, CommandsShared } from './commands.ts';
import { MessengerConnection } from './connection.ts';
import type { SocketsShared } from './connection.ts';
import { identify } from './credentials.ts';
import { EngineLink, hangUp, websocketOf } from './link.ts';
import type { Origins } from './origins.ts';
import { acknowledgementFrame } from './packets.ts';
import { createPatience } from './patience.ts';
import type { Patience } from './patience.ts';
import { noteRefusal, toRefusal } from './refusals.ts';
import type { ClientEvents, ServerEvents } from './wire.ts';

export type MessengerServer = Server<ClientEvents, ServerEvents>;
type MessengerSocket = Socket<ClientEvents, ServerEvents>;

export const SOCKET_PATH = '/socket.io';

/** Fragments of one message: an honest client sends one; each costs a little more than its bytes. */
const MAX_FRAGMENTS = 256;

/** Pieces in which the network may bring one frame: of those that come byte by byte each costs a hundred times its bytes. */
const MAX_CHUNKS = 4_096;

/** Times one connection may ask to be connected before it is closed: each costs a token to check and a session to open. */
const MAX_ATTEMPTS = 20;

const DOOR = 'messenger';

export interface SocketsOptions {
  readonly shared: SocketsShared;
  readonly commands: CommandsShared;
  readonly origins: Origins;
  readonly maxFrameBytes: number;
  readonly pingInterval: Millis;
  readonly pingTimeout: Millis;
  readonly connectTimeout: Millis;
}

export interface Sockets {
  readonly io: MessengerServer;
  registerRoutes(http: FastifyInstance): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): Promise<void>;
}

/** As the stream door's, with the limits that Engine.IO does not set. */
class BoundedWebSocketServer extends WebSocketServer {
  constructor(options: WebSocketServerOptions) {
    super({ ...options, maxFragments: MAX_FRAGMENTS, maxBufferedChunks: MAX_CHUNKS });
  }
}

export function createSockets(options: SocketsOptions): Sockets {
  const { shared, origins } = options;
  const { chat } = shared;
  const engine = new EngineServer({
    pingInterval: options.pingInterval,
    pingTimeout: options.pingTimeout,
    maxHttpBufferSize: options.maxFrameBytes,
    perMessageDeflate: false,
    httpCompression: false,
    wsEngine: BoundedWebSocketServer,
    ...(origins.foreign !== false && { cors: { origin: origins.foreign } }),
  });
  const io: MessengerServer = new Server({ serveClient: false, connectTimeout: options.connectTimeout });
  io.bind(engine);
  /** One client at a time on a connection, whatever it asks for. */
  const opened = new WeakMap<EngineSocket, MessengerConnection | 'opening'>();
  const attempts = new WeakMap<EngineSocket, number>();
  const patiences = new WeakMap<EngineSocket, Patience>();

  engine.on('connection', (conn: EngineSocket) => {
    const patience = createPatience({ now: () => chat.now(), lost: () => cutOff(conn) });
    patiences.set(conn, patience);
    conn.on('packet', ({ type, data }: { type: string; data?: unknown }) => {
      if (isEvent(type, data)) return;
      if (isForeign(type, data)) chat.meter.refused(DOOR, 'not_supported');
      patience.tried();
    });
    conn.on('upgrading', patience.tried);
    const watch = (transport: object): void => {
      const websocket = websocketOf(transport);
      websocket?.on('ping', patience.tried);
      websocket?.on('pong', patience.tried);
    };
    watch(conn.transport);
    conn.on('upgrade', watch);
  });

  io.use((socket, proceed) => {
    open(socket).then(
      () => proceed(),
      (thrown: unknown) => {
        const error = noteRefusal(chat, DOOR, thrown);
        proceed(Object.assign(new Error(error.message), { data: toRefusal(error) }));
      },
    );
  });
  io.on('connection', (socket) => {
    const connection = opened.get(socket.conn);
    // Its connection has gone meanwhile, or was ended before it could be told.
    if (!(connection instanceof MessengerConnection) || connection.isOver) {
      socket.disconnect(true);
      return;
    }
    run(socket, connection);
  });
  engine.on('connection_error', () => chat.meter.refused(DOOR, 'invalid_argument'));

  async function open(socket: MessengerSocket): Promise<void> {
    const { conn, handshake } = socket;
    countAttempt(conn);
    if (opened.has(conn)) throw new ChatError('failed_precondition', 'This connection is signed in already.');
    opened.set(conn, 'opening');
    try {
      const identity = await identify(chat.access, handshake);
      const trace = handshake.headers['traceparent'];
      const link = new EngineLink(conn, () => socket.disconnect(true));
      const connection = new MessengerConnection(shared, {
        link,
        identity,
        address: conn.remoteAddress,
        ...(typeof trace === 'string' && { trace }),
      });
      // Whatever becomes of Socket.IO's handshake: with the carrier the session ends.
      const gone = (): void => connection.closed('gone');
      conn.once('close', gone);
      try {
        await chat.openSession(connection);
      } catch (thrown) {
        conn.off('close', gone);
        connection.closed('refused');
        throw thrown;
      }
      opened.set(conn, connection);
      forgetRequest(socket);
      if (conn.readyState !== 'open') connection.closed('gone');
      socket.once('disconnect', (reason) => {
        conn.off('close', gone);
        opened.delete(conn);
        connection.closed(labelOf(reason));
      });
    } catch (thrown) {
      opened.delete(conn);
      throw thrown;
    }
  }

  function countAttempt(conn: EngineSocket): void {
    const count = (attempts.get(conn) ?? 0) + 1;
    attempts.set(conn, count);
    if (count > MAX_ATTEMPTS) conn.close();
  }

  function cutOff(conn: EngineSocket): void {
    const connection = opened.get(conn);
    if (connection instanceof MessengerConnection) connection.end('policy');
    else {
      chat.meter.refused(DOOR, 'rate_limited');
      conn.close(true);
    }
    hangUp(conn);
  }

  function run(socket: MessengerSocket, connection: MessengerConnection): void {
    const commands = createCommands(options.commands, connection, () => patiences.get(socket.conn)?.tried());
    // In the same queue as everything else, so that an answer never overtakes what was told before it.
    Object.assign(socket, {
      ack:
        (id: number) =>
        (...answer: readonly unknown[]): void => {
          const json = JSON.stringify(answer);
          if (Number.isSafeInteger(id)) connection.push(acknowledgementFrame(id, json.slice(1, -1)));
        },
    });
    socket.onAny((event: unknown, ...args: readonly unknown[]) => {
      const last = args.at(-1);
      const acknowledge: Acknowledge = isAcknowledge(last) ? last : undefined;
      commands.receive(event, acknowledge === undefined || args.length > 1 ? args[0] : undefined, acknowledge);
    });
    connection.connected();
  }

  function admits(request: IncomingMessage): boolean {
    if (origins.admits(request)) return true;
    chat.meter.refused(DOOR, 'permission_denied');
    return false;
  }

  return {
    io,
    registerRoutes(http) {
      void http.register((scope, _, done) => {
        // Engine.IO reads the body itself.
        scope.removeAllContentTypeParsers();
        scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
        for (const url of [SOCKET_PATH, `${SOCKET_PATH}/`]) {
          scope.route({
            method: ['GET', 'POST', 'OPTIONS'],
            url,
            handler(request, reply) {
              if (!admits(request.raw)) {
                return reply
                  .code(403)
                  .send({ error: { code: 'permission_denied', message: 'Pages of this origin may not connect.' } });
              }
              reply.hijack();
              engine.handleRequest(request.raw, reply.raw);
              return reply;
            },
          });
        }
        done();
      });
    },
    upgrade(request, socket, head) {
      if (admits(request)) engine.handleUpgrade(request, socket, head);
      else refuseUpgrade(socket);
    },
    close: () => io.close(),
  };
}

/**
 * What the request brought is kept for the life of a connection unless it is let go: its headers, its address and the token in them are several
 * times what the session itself takes. Middlewares of programs that embed the server have seen all of it by then or see it without.
 */
function forgetRequest({ conn, handshake }: MessengerSocket): void {
  // An upgrade from polling brings a request of its own, with the transport.
  Object.assign(conn, { request: undefined });
  Object.assign(handshake, { headers: {}, query: {}, auth: {} });
}

/** An event in the one namespace there is: what comes of it is counted where it is known. */
function isEvent(type: string, data: unknown): boolean {
  return type === 'message' && typeof data === 'string' && data.startsWith('2') && !data.startsWith('2/');
}

/** A wish to be connected to another namespace, which Socket.IO itself answers. */
function isForeign(type: string, data: unknown): boolean {
  return type === 'message' && typeof data === 'string' && data.startsWith('0/') && !data.startsWith('0/,');
}

function isAcknowledge(value: unknown): value is NonNullable<Acknowledge> {
  return typeof value === 'function';
}

function refuseUpgrade(socket: Duplex): void {
  socket.on('error', () => undefined);
  socket.once('finish', () => socket.destroy());
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}

/** Why Socket.IO says a connection ended, as a metric's label. */
function labelOf(reason: string): string {
  return reason.replaceAll(' ', '_');
}

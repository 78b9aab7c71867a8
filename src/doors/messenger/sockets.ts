/**
 * Socket.IO 4 on the shared port: the handshake, the packets that come in, and its server's two carriers, polling and WebSocket.
 *
 * Socket.IO and Engine.IO do the protocol: handshake, heartbeats, polling, upgrades. Events on a settled WebSocket are read by us (carrier.ts), and what
 * goes out is written by us (link.ts, packets.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as EngineServer } from 'engine.io';
import type { Socket as EngineSocket } from 'engine.io';
import type { FastifyInstance } from 'fastify';
import { Server } from 'socket.io';
import { WebSocketServer } from 'ws';
import type { ServerOptions as WebSocketServerOptions } from 'ws';
import { ChatError } from '../../core/index.ts';
import type { Millis } from '../../core/index.ts';
import { Carrier } from './carrier.ts';
import type { MessengerSocket } from './carrier.ts';
import { Commands } from './commands.ts';
import type { Acknowledge, CommandsShared } from './commands.ts';
import { MessengerConnection } from './connection.ts';
import type { SocketsShared } from './connection.ts';
import { identify } from './credentials.ts';
import { EngineLink, websocketOf } from './link.ts';
import type { Origins } from './origins.ts';
import { ReadyJson, acknowledgementFrame, argumentsJson } from './packets.ts';
import { noteRefusal, toRefusal } from './refusals.ts';
import type { ClientEvents, ServerEvents } from './wire.ts';

export type MessengerServer = Server<ClientEvents, ServerEvents>;

export const SOCKET_PATH = '/socket.io';

/** Fragments of one message: an honest client sends one; each costs a little more than its bytes. */
const MAX_FRAGMENTS = 256;

/** Pieces in which the network may bring one frame: of those that come byte by byte each costs a hundred times its bytes. */
const MAX_CHUNKS = 4_096;

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
  const carriers = new WeakMap<EngineSocket, Carrier>();
  const carriersShared = { chat, names: options.commands.names, maxFrameBytes: options.maxFrameBytes, door: DOOR };

  // Listeners that all connections share: one of its own for each would be kept for every session.
  function onPacket(this: EngineSocket, { type, data }: { type: string; data?: unknown }): void {
    if (isEvent(type, data)) return;
    if (isForeign(type, data)) chat.meter.refused(DOOR, 'not_supported');
    carriers.get(this)?.tried();
  }
  function onUpgrading(this: EngineSocket): void {
    carriers.get(this)?.tried();
  }
  function onUpgrade(this: EngineSocket, transport: object): void {
    const carrier = carriers.get(this);
    if (carrier === undefined) return;
    watch(transport, carrier);
    carrier.read();
  }
  /** Whatever becomes of Socket.IO's handshake: with the connection the session ends. */
  function onClose(this: EngineSocket): void {
    const carrier = carriers.get(this);
    carrier?.connection?.closed('gone');
    carrier?.left();
  }
  function onDisconnect(this: MessengerSocket, reason: string): void {
    const carrier = carriers.get(this.conn);
    carrier?.connection?.closed(labelOf(reason));
    carrier?.left();
  }
  function onEvent(this: MessengerSocket, event: unknown, ...args: readonly unknown[]): void {
    const last = args.at(-1);
    const acknowledge: Acknowledge = isFunction(last) ? (json) => last(new ReadyJson(json)) : undefined;
    const payload = acknowledge === undefined || args.length > 1 ? args[0] : undefined;
    carriers.get(this.conn)?.commands?.receive(event, payload, acknowledge);
  }
  /** In place of Socket.IO's own: in the same queue as everything else, so that an answer never overtakes what was told before it. */
  function ack(this: MessengerSocket, id: number): (...answer: readonly unknown[]) => void {
    const connection = carriers.get(this.conn)?.connection;
    return (...answer) => {
      if (Number.isSafeInteger(id)) connection?.push(acknowledgementFrame(id, argumentsJson(answer)));
    };
  }

  engine.on('connection', (conn: EngineSocket) => {
    const carrier = new Carrier(carriersShared, conn);
    carriers.set(conn, carrier);
    conn.on('packet', onPacket);
    conn.on('close', onClose);
    watch(conn.transport, carrier);
    if (conn.transport.name === 'websocket') return;
    conn.on('upgrading', onUpgrading);
    conn.on('upgrade', onUpgrade);
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
    const carrier = carriers.get(socket.conn);
    const connection = carrier?.connection;
    // Its connection has gone meanwhile, or was ended before it could be told.
    if (carrier === undefined || connection === undefined || connection.isOver) {
      socket.disconnect(true);
      return;
    }
    Object.assign(socket, { ack });
    socket.onAny(onEvent);
    carrier.serve({ socket, connection, commands: new Commands(options.commands, connection, carrier) });
    connection.connected();
  });
  engine.on('connection_error', () => chat.meter.refused(DOOR, 'invalid_argument'));

  async function open(socket: MessengerSocket): Promise<void> {
    const { conn, handshake } = socket;
    const carrier = carriers.get(conn);
    carrier?.attempted();
    // One client at a time on a connection, whatever it asks for.
    if (carrier === undefined || carrier.isTaken)
      throw new ChatError('failed_precondition', 'This connection is signed in already.');
    carrier.isTaken = true;
    try {
      const identity = await identify(chat.access, handshake);
      const trace = handshake.headers['traceparent'];
      const connection = new MessengerConnection(shared, {
        link: new EngineLink(conn, socket),
        identity,
        address: conn.remoteAddress,
        ...(typeof trace === 'string' && { trace }),
      });
      carrier.connection = connection;
      try {
        await chat.openSession(connection);
      } catch (thrown) {
        connection.closed('refused');
        throw thrown;
      }
      forgetRequest(socket);
      if (conn.readyState !== 'open') connection.closed('gone');
      socket.on('disconnect', onDisconnect);
    } catch (thrown) {
      carrier.left();
      throw thrown;
    }
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

const NOTHING = Object.freeze({});

/**
 * What the request brought is kept for the life of a connection unless it is let go: its headers, its address and the token in them are several
 * times what the session itself takes. Middlewares of programs that embed the server have seen all of it by then or see it without.
 */
function forgetRequest({ conn, handshake }: MessengerSocket): void {
  // An upgrade from polling brings a request of its own, with the transport.
  Object.assign(conn, { request: undefined });
  Object.assign(handshake, { headers: NOTHING, query: NOTHING, auth: NOTHING, url: '' });
}

/** An event in the one namespace there is: what comes of it is counted where it is known. */
function isEvent(type: string, data: unknown): boolean {
  return type === 'message' && typeof data === 'string' && data.startsWith('2') && !data.startsWith('2/');
}

/** A wish to be connected to another namespace, which Socket.IO itself answers. */
function isForeign(type: string, data: unknown): boolean {
  return type === 'message' && typeof data === 'string' && data.startsWith('0/') && !data.startsWith('0/,');
}

function isFunction(value: unknown): value is (...args: readonly unknown[]) => unknown {
  return typeof value === 'function';
}

/** Frames of the carrier that say nothing. */
function watch(transport: object, carrier: Carrier): void {
  const websocket = websocketOf(transport);
  const tried = (): void => carrier.tried();
  websocket?.on('ping', tried);
  websocket?.on('pong', tried);
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

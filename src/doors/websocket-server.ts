/**
 * WebSockets of one door: the handshake, what comes in, pings, and the end. `ws` parses and answers pings; what goes out is a
 * `WebSocketLink`'s.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Millis } from '../core/index.ts';
import { takeErrors } from '../grpc/index.ts';
import { ClientWebSocket, WebSocketLink, closeWith } from './websocket-link.ts';
import type { WebSocketEnding, WebSocketPeer } from './websocket-link.ts';

/** Fragments of one message: an honest client sends one; each costs a little more than its bytes. */
const MAX_FRAGMENTS = 256;

/** Pieces in which the network may bring one frame: of those that come byte by byte each costs a hundred times its bytes. */
const MAX_CHUNKS = 4_096;

/** How a client is let in. */
export interface Reception {
  /**
   * Decides whether the client may come in, and who handles it. The handshake is answered in the same turn in which it resolves, so that nothing
   * is said before the client can hear it.
   */
  prepare(link: WebSocketLink): Promise<WebSocketPeer>;
  /** What `prepare` has thrown as a close code. */
  refuse(thrown: unknown): WebSocketEnding;
}

export interface WebSockets {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, reception: Reception): void;
  close(): void;
}

export function createWebSockets(options: {
  readonly maxFrameBytes: number;
  /** How often idle clients are pinged; one that does not answer until the next ping is gone. */
  readonly pingInterval: Millis;
  /** An upgrade that is none (no key, wrong version) was refused. */
  readonly malformed: () => void;
}): WebSockets {
  const server = new WebSocketServer({
    noServer: true,
    WebSocket: ClientWebSocket,
    maxPayload: options.maxFrameBytes,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_CHUNKS,
    perMessageDeflate: false,
    clientTracking: false,
    skipUTF8Validation: false,
    handleProtocols: (protocols) => (protocols.has('bearer') ? 'bearer' : false),
  });
  const live = new Set<WebSocketLink>();

  const pinger = setInterval(() => {
    for (const link of live) link.ping();
  }, options.pingInterval);
  pinger.unref();

  async function open(request: IncomingMessage, socket: Duplex, head: Buffer, reception: Reception): Promise<void> {
    // The socket may fail while the client is looked at: nobody else listens then.
    const giveUp = (): void => void socket.destroy();
    socket.on('error', giveUp);
    const link = new WebSocketLink(request.socket);
    let peer: WebSocketPeer;
    try {
      peer = await reception.prepare(link);
    } catch (thrown) {
      socket.off('error', giveUp);
      turnAway(request, socket, head, reception.refuse(thrown));
      return;
    }
    socket.off('error', giveUp);
    let isRunning = false;
    if (!socket.destroyed) {
      server.handleUpgrade(request, socket, head, (websocket) => {
        isRunning = true;
        link.attach(websocket, peer, live);
        takeErrors(request.socket);
      });
    }
    // The client has gone, or its handshake was none: `ws` has answered it.
    if (!isRunning) peer.closed('gone');
  }

  /** The upgrade is accepted and then closed: a browser sees a close code, but never the status of a refused upgrade. */
  function turnAway(request: IncomingMessage, socket: Duplex, head: Buffer, ending: WebSocketEnding): void {
    if (socket.destroyed) return;
    server.handleUpgrade(request, socket, head, (websocket) => {
      closeWith(websocket, ending);
    });
  }

  // A malformed upgrade (no key, wrong version). The version of ours must be named (RFC 6455, section 4.4).
  server.on('wsClientError', (_error, socket) => {
    options.malformed();
    socket.once('finish', () => socket.destroy());
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n');
  });

  return {
    accept: (request, socket, head, reception) => void open(request, socket, head, reception),
    close: () => clearInterval(pinger),
  };
}

/** Empty and whitespace frames are ignored (wire.md section 1). */
export function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
  return true;
}

/**
 * WebSockets of one door: the handshake, what comes in, pings, and the end. `ws` reads all but the plainest messages (websocket-reading.ts)
 * and answers pings; what goes out is a `WebSocketLink`'s.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import type { Millis } from '../core/index.ts';
import { readDirectly } from './websocket-reading.ts';
import { WebSocketLink, closeWith } from './websocket-link.ts';
import type { WebSocketEnding } from './websocket-link.ts';

/** Fragments of one message: an honest client sends one; each costs a little more than its bytes. */
const MAX_FRAGMENTS = 256;

/** Pieces in which the network may bring one frame: of those that come byte by byte each costs a hundred times its bytes. */
const MAX_CHUNKS = 4_096;

/** Who handles one client. */
export interface WebSocketPeer {
  receive(bytes: Buffer, isBinary: boolean): void;
  /** A broken frame: the client has been told by `ws` with a close code of its own. */
  broken(refusal: 'too_large' | 'invalid_argument'): void;
  /** It is over; `label` is the close code, or `other`. */
  closed(label: string): void;
}

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

  async function open(request: IncomingMessage, socket: Duplex, head: Buffer, reception: Reception): Promise<void> {
    // The socket may fail while the client is looked at: nobody else listens then.
    const failed = (): void => void socket.destroy();
    socket.on('error', failed);
    const link = new WebSocketLink(socket);
    let peer: WebSocketPeer;
    try {
      peer = await reception.prepare(link);
    } catch (thrown) {
      socket.off('error', failed);
      turnAway(request, socket, head, reception.refuse(thrown));
      return;
    }
    socket.off('error', failed);
    let isRunning = false;
    if (!socket.destroyed) {
      server.handleUpgrade(request, socket, head, (websocket) => {
        isRunning = true;
        run(websocket, link, peer);
      });
    }
    // The client has gone, or its handshake was none: `ws` has answered it.
    if (!isRunning) peer.closed('gone');
  }

  function run(websocket: WebSocket, link: WebSocketLink, peer: WebSocketPeer): void {
    link.attach(websocket);
    live.set(websocket, link);
    websocket.on('pong', () => {
      link.heard = true;
    });
    const receive = (bytes: Buffer, isBinary: boolean): void => {
      link.heard = true;
      peer.receive(bytes, isBinary);
    };
    websocket.on('message', (data: RawData, isBinary: boolean) => {
      receive(Buffer.isBuffer(data) ? data : Buffer.concat([data].flat().map((part) => new Uint8Array(part))), isBinary);
    });
    readDirectly(websocket, options.maxFrameBytes, (text) => {
      receive(text, false);
      return true;
    });
    websocket.on('error', (error) => {
      link.closed();
      peer.broken(refusalOf(error));
    });
    websocket.on('close', (code) => {
      live.delete(websocket);
      link.closed();
      peer.closed(closeLabel(code));
    });
  }

  /** The upgrade is accepted and then closed: a browser sees a close code, but never the status of a refused upgrade. */
  function turnAway(request: IncomingMessage, socket: Duplex, head: Buffer, ending: WebSocketEnding): void {
    if (socket.destroyed) return;
    server.handleUpgrade(request, socket, head, (websocket) => {
      websocket.on('error', () => undefined);
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

/** The code a connection closed with, as a metric's label: clients choose among thousands. */
function closeLabel(code: number): string {
  return code >= 1000 && code < 1016 ? String(code) : 'other';
}

function refusalOf(error: Error): 'too_large' | 'invalid_argument' {
  return 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'too_large' : 'invalid_argument';
}

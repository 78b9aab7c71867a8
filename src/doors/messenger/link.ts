/**
 * The bytes of one client, on whichever transport Engine.IO has for it at the moment.
 *
 * On a WebSocket that is settled, prebuilt frames go straight to the network, many in one write. While the client polls, while its transport is
 * being upgraded, and while Engine.IO itself has packets waiting, the same packets go through Engine.IO, so that their order is kept.
 */
import { Duplex } from 'node:stream';
import type { Socket as EngineSocket } from 'engine.io';
import { WebSocket } from 'ws';
import type { DisconnectReason } from '../../core/index.ts';
import type { Sink } from '../outbox.ts';
import { packetsIn } from './packets.ts';
import { END } from './refusals.ts';

/** How long a client may take to answer our closing. Milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000;

/** A WebSocket and the network socket below it. */
interface Wire {
  readonly websocket: WebSocket;
  readonly socket: Duplex;
}

/** Sends Socket.IO's own farewell, after which its clients do not come back by themselves. */
interface Farewell {
  disconnect(close: true): unknown;
}

export class EngineLink implements Sink {
  readonly #engine: EngineSocket;
  readonly #socket: Farewell;
  /** The transport that `#wire` was looked up in. */
  #transport: object | undefined;
  #wire: Wire | undefined;
  /** Bytes handed to Engine.IO that it has not handed on. */
  #held = 0;
  /** Hears, from the first such bytes on, that it has. */
  #flushed: (() => void) | undefined;

  constructor(engine: EngineSocket, socket: Farewell) {
    this.#engine = engine;
    this.#socket = socket;
  }

  write(bytes: Buffer): boolean {
    const wire = this.#directWire();
    if (wire !== undefined) return wire.websocket.readyState === WebSocket.OPEN ? wire.socket.write(bytes) : true;
    if (this.#engine.readyState !== 'open') return true;
    if (this.#flushed === undefined) {
      this.#flushed = () => {
        this.#held = 0;
      };
      this.#engine.on('flush', this.#flushed);
    }
    for (const packet of packetsIn(bytes)) {
      this.#held += packet.length;
      this.#engine.write(packet);
    }
    return !isWaiting(this.#engine);
  }

  get bufferedBytes(): number {
    return this.#held + (this.#currentWire()?.socket.writableLength ?? 0);
  }

  end(reason: DisconnectReason): void {
    const { comesBack, close, message } = END[reason];
    const wire = this.#currentWire();
    if (!comesBack) this.#socket.disconnect(true);
    if (wire === undefined) {
      // A client that is not asking at the moment finds its session gone when it does.
      this.#engine.close(true);
      forgetWaiting(this.#engine);
      return;
    }
    if (comesBack) wire.websocket.close(close, message);
    setTimeout(() => wire.websocket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  /** The connection is over. */
  released(): void {
    if (this.#flushed !== undefined) this.#engine.off('flush', this.#flushed);
  }

  /** The wire, when frames of ours may go there without overtaking anything. */
  #directWire(): Wire | undefined {
    const { upgrading } = this.#engine;
    return upgrading || isWaiting(this.#engine) ? undefined : this.#currentWire();
  }

  #currentWire(): Wire | undefined {
    const { transport } = this.#engine;
    if (transport !== this.#transport) {
      this.#transport = transport;
      this.#wire = wireOf(transport);
    }
    return this.#wire;
  }
}

/** Reads nothing more of a connection that was ended, and waits no longer for its goodbye than it may take to be written. */
export function hangUp({ transport }: EngineSocket): void {
  const websocket = websocketOf(transport);
  if (websocket === undefined) return;
  websocket.pause();
  setTimeout(() => websocket.terminate(), CLOSE_TIMEOUT_MS).unref();
}

export function websocketOf(transport: object): WebSocket | undefined {
  return 'socket' in transport && transport.socket instanceof WebSocket ? transport.socket : undefined;
}

/** Engine.IO keeps both to itself; where a version of it has them elsewhere, everything goes through its own writing. */
function wireOf(transport: object): Wire | undefined {
  const websocket = websocketOf(transport);
  if (websocket === undefined) return undefined;
  const socket: unknown = Reflect.get(websocket, '_socket');
  return websocket.extensions === '' && socket instanceof Duplex ? { websocket, socket } : undefined;
}

/** Lets go of what waits for a client that may never ask for it, whatever Engine.IO still keeps its connection for. */
function forgetWaiting(engine: EngineSocket): void {
  const waiting: unknown = Reflect.get(engine, 'writeBuffer');
  if (Array.isArray(waiting)) waiting.length = 0;
}

/** Whether Engine.IO has packets that its transport has not taken. */
function isWaiting(engine: EngineSocket): boolean {
  const waiting: unknown = Reflect.get(engine, 'writeBuffer');
  return !Array.isArray(waiting) || waiting.length > 0;
}

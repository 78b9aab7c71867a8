/** The bytes of one WebSocket client: what goes out is written past `ws`, as prebuilt frames (websocket-frame.ts), one write per turn. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Sink } from './outbox.ts';

/** How a connection is ended: a close code (RFC 6455, section 7.4) and why, in words. */
export interface WebSocketEnding {
  readonly close: number;
  readonly message: string;
}

/** How long a client may take to answer our closing. Milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000;

/** `readyState` of a WebSocket that may be written to. */
const OPEN = 1;

export class WebSocketLink implements Sink {
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

  /** Resolves when what was written has mostly left. */
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

  /** Stops and goes on reading. */
  pause(): void {
    this.#websocket?.pause();
  }

  resume(): void {
    this.#websocket?.resume();
  }

  end(ending: WebSocketEnding): void {
    this.#open = false;
    if (this.#websocket === undefined) this.#socket.destroy();
    else closeWith(this.#websocket, ending);
  }
}

export function closeWith(websocket: WebSocket, ending: WebSocketEnding): void {
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

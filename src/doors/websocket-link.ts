/** The bytes of one WebSocket client: what goes out is written past `ws`, as prebuilt frames (websocket-frame.ts), one write per turn. */
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
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

/** Who handles one client. */
export interface WebSocketPeer {
  receive(bytes: Buffer, isBinary: boolean): void;
  /** A broken frame: the client has been told by `ws` with a close code of its own. */
  broken(refusal: 'too_large' | 'invalid_argument'): void;
  /** It is over; `label` is the close code, or `other`. */
  closed(label: string): void;
}

export class WebSocketLink implements Sink {
  readonly #socket: Socket;
  #websocket: WebSocket | undefined;
  #peer: WebSocketPeer | undefined;
  /** Where it stands as long as it lives. */
  #live: Set<WebSocketLink> | undefined;
  /** Bytes that had come from the client when it was last asked for a sign of life. */
  #bytesRead = 0;
  /** The handshake is done and no close frame was sent: bytes of ours may follow. */
  #open = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The handshake is done: what comes is the peer's. The link is one of `live` until the connection is over. */
  attach(websocket: ClientWebSocket, peer: WebSocketPeer, live: Set<WebSocketLink>): void {
    websocket.link = this;
    this.#websocket = websocket;
    this.#peer = peer;
    this.#live = live;
    this.#open = true;
    live.add(this);
  }

  /** Asks for a sign of life, and ends the connection if nothing has come since the last time. */
  ping(): void {
    const before = this.#bytesRead;
    this.#bytesRead = this.#socket.bytesRead;
    if (this.#bytesRead === before) this.#websocket?.terminate();
    else this.#websocket?.ping();
  }

  // ---- What `ws` tells ------------------------------------------------------------------------------------------------------------------

  received(bytes: Buffer, isBinary: boolean): void {
    this.#peer?.receive(bytes, isBinary);
  }

  broken(error: unknown): void {
    this.#open = false;
    this.#peer?.broken(refusalOf(error));
  }

  closed(code: unknown): void {
    this.#open = false;
    this.#live?.delete(this);
    this.#peer?.closed(closeLabel(code));
  }

  // ---- What goes out --------------------------------------------------------------------------------------------------------------------

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

/**
 * A client's WebSocket. It hands its events to its link itself: tables of listeners take a quarter of a kilobyte of each client, and there may be
 * a hundred thousand. Without a link nobody hears them, errors neither: that is a client that is turned away.
 */
export class ClientWebSocket extends WebSocket {
  link: WebSocketLink | undefined;

  override emit(event: string | symbol, ...[first, second]: readonly unknown[]): boolean {
    switch (event) {
      case 'message':
        // `ws` gives buffers unless it is told otherwise.
        if (Buffer.isBuffer(first)) this.link?.received(first, second === true);
        break;
      case 'error':
        this.link?.broken(first);
        break;
      case 'close':
        this.link?.closed(first);
        break;
      default:
        break;
    }
    return this.link !== undefined;
  }
}

/** The code a connection closed with, as a metric's label: clients choose among thousands. */
function closeLabel(code: unknown): string {
  return typeof code === 'number' && code >= 1000 && code < 1016 ? String(code) : 'other';
}

function refusalOf(error: unknown): 'too_large' | 'invalid_argument' {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'too_large' : 'invalid_argument';
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

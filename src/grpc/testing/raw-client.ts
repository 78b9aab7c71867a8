/**
 * An HTTP/2 client that writes its frames by hand, for tests that misbehave on purpose. It answers nothing by itself:
 * no SETTINGS acknowledgement, no PING answer, no WINDOW_UPDATE, unless told to.
 * Source: RFC 9113 (frames), RFC 7541 section 6.2.2 (literal header fields without indexing).
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const Flag = { END_STREAM: 1, ACK: 1, END_HEADERS: 4 } as const;

export const ErrorCode = { NO_ERROR: 0, PROTOCOL_ERROR: 1, CANCEL: 8, ENHANCE_YOUR_CALM: 11 } as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A header block of literals: nothing is compressed, nothing is indexed. */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(fields)) {
    parts.push(Buffer.from([0]), hpackString(name), hpackString(value));
  }
  return Buffer.concat(parts);
}

function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const prefix = [127];
  let rest = bytes.length - 127;
  while (rest >= 128) {
    prefix.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  prefix.push(rest);
  return Buffer.concat([Buffer.from(prefix), bytes]);
}

export function requestHeaders(path: string, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'test',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...extra,
  };
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One SETTINGS entry, e.g. 4 = SETTINGS_INITIAL_WINDOW_SIZE. */
export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)]);
}

export class RawClient {
  readonly socket: Socket;
  /** Every frame received so far. */
  readonly frames: RawFrame[] = [];
  /** Resolves when the server has closed the connection, either way. */
  readonly closed: Promise<void>;
  #received: Buffer = Buffer.alloc(0);
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** Preface, SETTINGS, and the acknowledgement of the server's SETTINGS. */
  async handshake(settings: Uint8Array = Buffer.alloc(0)): Promise<this> {
    this.write(PREFACE, frame(FrameType.SETTINGS, 0, 0, settings));
    await this.until((f) => f.type === FrameType.SETTINGS && f.flags === 0);
    this.write(frame(FrameType.SETTINGS, Flag.ACK, 0));
    return this;
  }

  write(...parts: Uint8Array[]): void {
    if (this.socket.writable) this.socket.write(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));
  }

  headers(streamId: number, path: string, options: { extra?: Record<string, string>; endStream?: boolean } = {}): void {
    const flags = Flag.END_HEADERS | (options.endStream === true ? Flag.END_STREAM : 0);
    this.write(frame(FrameType.HEADERS, flags, streamId, headerBlock(requestHeaders(path, options.extra))));
  }

  data(streamId: number, bytes: Uint8Array, endStream = false): void {
    this.write(frame(FrameType.DATA, endStream ? Flag.END_STREAM : 0, streamId, bytes));
  }

  reset(streamId: number, code: number = ErrorCode.CANCEL): void {
    this.write(frame(FrameType.RST_STREAM, 0, streamId, uint32(code)));
  }

  /** The first frame that matches, already received or still to come. Rejects when the connection closes without it. */
  async until(matches: (frame: RawFrame) => boolean): Promise<RawFrame> {
    for (;;) {
      const found = this.frames.find(matches);
      if (found) return found;
      if (this.#isClosed) throw new Error(`connection closed; got ${JSON.stringify(this.summary())}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves when the server has handled everything written before: it answers a PING in order. Rejects when the connection closes. */
  async roundTrip(): Promise<void> {
    const answers = (): number => this.frames.filter((f) => f.type === FrameType.PING && f.flags === Flag.ACK).length;
    const before = answers();
    this.write(frame(FrameType.PING, 0, 0, Buffer.alloc(8)));
    await this.until(() => answers() > before);
  }

  /** The error code of the GOAWAY the server sent; waits for the connection to close. Undefined when there was none. */
  async goawayCode(): Promise<number | undefined> {
    await this.closed;
    return this.frames.findLast((f) => f.type === FrameType.GOAWAY)?.payload.readUInt32BE(4);
  }

  /** `type/streamId/flags` of what was received, for messages of failed tests. */
  summary(): string[] {
    return this.frames.slice(-20).map((f) => `${f.type}/${f.streamId}/${f.flags}`);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 9) {
      const length = this.#received.readUIntBE(0, 3);
      if (this.#received.length < 9 + length) break;
      this.frames.push({
        type: this.#received.readUInt8(3),
        flags: this.#received.readUInt8(4),
        streamId: this.#received.readUInt32BE(5) % 2 ** 31,
        payload: this.#received.subarray(9, 9 + length),
      });
      this.#received = this.#received.subarray(9 + length);
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

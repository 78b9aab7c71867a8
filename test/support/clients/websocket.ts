/**
 * A WebSocket client over bare TCP (RFC 6455), written for tests that check and break the protocol: it masks, fragments and closes by hand,
 * can send any bytes at any time, and notes everything a server must not do.
 */
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Inbox } from '../inbox.ts';

export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

export interface ReceivedFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** How the connection ended: the code of the server's close frame, or 1006 when there was none. */
export interface WebSocketEnd {
  readonly code: number;
  readonly reason: string;
}

export interface WebSocketOptions {
  readonly port: number;
  readonly path: string;
  /** Added to the handshake, or, with an empty text, taken out of it. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** Bytes sent in the same segment as the handshake. */
  readonly head?: Uint8Array;
  /** Answers to the server's pings and close frames. */
  readonly answers?: boolean;
  /** The client reads nothing after the handshake until told to. */
  readonly paused?: boolean;
}

/** The server answered the handshake with something other than 101. */
export class UpgradeRefused extends Error {
  readonly status: number;
  readonly head: string;

  constructor(status: number, head: string) {
    super(`the upgrade was refused: ${head.split('\r\n')[0]}`);
    this.status = status;
    this.head = head;
  }
}

export interface FrameParts {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** Bits 4 (RSV1), 2 (RSV2), 1 (RSV3). */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** The length field, when it is to lie. */
  readonly claimedLength?: bigint;
}

/** A frame as a client sends it: masked, whole, text. */
export function clientFrame(payload: Uint8Array | string, parts: FrameParts = {}): Buffer {
  const { opcode = Opcode.TEXT, fin = true, reserved = 0, masked = true } = parts;
  const bytes = Buffer.from(payload);
  const length = parts.claimedLength ?? BigInt(bytes.length);
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const maskBit = masked ? 0x80 : 0;
  let head: Buffer;
  if (length < 126n) head = Buffer.from([first, maskBit | Number(length)]);
  else if (length < 65_536n) {
    head = Buffer.from([first, maskBit | 126, 0, 0]);
    head.writeUInt16BE(Number(length), 2);
  } else {
    head = Buffer.from([first, maskBit | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(length, 2);
  }
  if (!masked) return Buffer.concat([head, bytes]);
  const mask = randomBytes(4);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = (bytes[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return Buffer.concat([head, mask, bytes]);
}

export function closeFrame(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return clientFrame(payload, { opcode: Opcode.CLOSE });
}

/** The head of a handshake, ready to be sent or spoiled. */
export function handshake(options: Pick<WebSocketOptions, 'port' | 'path' | 'headers' | 'method'>, key: string): string {
  const headers: Record<string, string> = {
    Host: `127.0.0.1:${options.port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Version': '13',
    ...options.headers,
  };
  const lines = Object.entries(headers).filter(([, value]) => value !== '');
  return `${options.method ?? 'GET'} ${options.path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

export class WebSocketClient {
  readonly socket: Socket;
  /** Data messages, in order. */
  readonly messages = new Inbox<ReceivedFrame>();
  /** Names and values of the handshake's answer, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly ended: Promise<WebSocketEnd>;
  /** Pings and pongs received. */
  readonly control: ReceivedFrame[] = [];
  /** What the server did that RFC 6455 forbids. */
  readonly violations: string[] = [];
  readonly #answers: boolean;
  readonly #end = Promise.withResolvers<WebSocketEnd>();
  #received: Buffer;
  #close: WebSocketEnd | undefined;
  #awaitedPong: PromiseWithResolvers<void>[] = [];

  private constructor(socket: Socket, headers: Readonly<Record<string, string>>, rest: Buffer, answers: boolean) {
    this.socket = socket;
    this.headers = headers;
    this.ended = this.#end.promise;
    this.#received = rest;
    this.#answers = answers;
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#take();
    });
    socket.on('close', () => this.#over());
    this.#take();
    if (socket.destroyed) this.#over();
  }

  /** Rejects with `UpgradeRefused` when the server does not switch protocols. */
  static async connect(options: WebSocketOptions): Promise<WebSocketClient> {
    const key = randomBytes(16).toString('base64');
    const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined);
    socket.write(Buffer.concat([Buffer.from(handshake(options, key)), options.head ?? Buffer.alloc(0)]));
    const { head, rest } = await readHead(socket);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    if (status !== 101) {
      socket.destroy();
      throw new UpgradeRefused(status, head);
    }
    const headers = parseHeaders(head);
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    if (headers['sec-websocket-accept'] !== accept) throw new Error('the server has not understood the handshake');
    const client = new WebSocketClient(socket, headers, rest, options.answers ?? true);
    if (options.paused === true) socket.pause();
    return client;
  }

  text(text: string): void {
    this.write(clientFrame(text));
  }

  binary(bytes: Uint8Array): void {
    this.write(clientFrame(bytes, { opcode: Opcode.BINARY }));
  }

  write(bytes: Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /** Resolves when the server has read everything written before: it answers a ping in order. Rejects when the connection ends. */
  roundTrip(): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#awaitedPong.push(waiting);
    this.write(clientFrame('?', { opcode: Opcode.PING }));
    return waiting.promise;
  }

  /** The next text message. */
  async nextText(): Promise<string> {
    const { opcode, payload } = await this.messages.next();
    if (opcode !== Opcode.TEXT) throw new Error('a binary message instead of a text');
    return payload.toString('utf8');
  }

  /** Closes in order and resolves when the server has answered. */
  close(code = 1000): Promise<WebSocketEnd> {
    this.write(closeFrame(code));
    return this.ended;
  }

  /** Cuts the connection without a word. */
  drop(): void {
    this.socket.destroy();
  }

  #take(): void {
    for (;;) {
      const frame = this.#readFrame();
      if (frame === undefined) return;
      this.#accept(frame);
    }
  }

  #readFrame(): (ReceivedFrame & { readonly first: number }) | undefined {
    const bytes = this.#received;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    if ((second & 0x80) !== 0) this.violations.push('a masked frame');
    let length = second & 0x7f;
    let start = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      start = 4;
      if (length < 126) this.violations.push('a length in too many bytes');
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = Number(bytes.readBigUInt64BE(2));
      start = 10;
      if (length < 65_536) this.violations.push('a length in too many bytes');
    }
    if (bytes.length < start + length) return undefined;
    this.#received = bytes.subarray(start + length);
    return { first, opcode: first & 0x0f, payload: bytes.subarray(start, start + length) };
  }

  #accept({ first, opcode, payload }: ReceivedFrame & { readonly first: number }): void {
    if (this.#close !== undefined) this.violations.push(`a frame with opcode ${opcode} after the close frame`);
    if ((first & 0x70) !== 0) this.violations.push('reserved bits are set');
    if ((first & 0x80) === 0) this.violations.push('a fragment');
    if (opcode === Opcode.CLOSE) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#close = { code, reason: payload.toString('utf8', 2) };
      if (this.#answers) this.socket.end(closeFrame(code === 1005 ? 1000 : code));
    } else if (opcode === Opcode.PING || opcode === Opcode.PONG) {
      this.control.push({ opcode, payload });
      if (opcode === Opcode.PONG) this.#awaitedPong.shift()?.resolve();
      else if (this.#answers) this.write(clientFrame(payload, { opcode: Opcode.PONG }));
    } else if (opcode === Opcode.TEXT || opcode === Opcode.BINARY) {
      if (opcode === Opcode.TEXT && !isUtf8(payload)) this.violations.push('a text that is not UTF-8');
      this.messages.push({ opcode, payload });
    } else this.violations.push(`opcode ${opcode}`);
  }

  #over(): void {
    const end = this.#close ?? { code: 1006, reason: '' };
    const error = new Error(`the connection ended: ${end.code} ${end.reason}`);
    this.messages.end(error);
    for (const waiting of this.#awaitedPong.splice(0)) waiting.reject(error);
    this.#end.resolve(end);
  }
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}

/** Reads up to the empty line; what came after it is handed back. */
export async function readHead(socket: Socket): Promise<{ head: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      stop();
      resolve({ head: received.toString('latin1', 0, end), rest: received.subarray(end + 4) });
    };
    const gone = (): void => {
      stop();
      reject(new Error(`the connection ended without an answer, after ${JSON.stringify(received.toString('latin1'))}`));
    };
    const stop = (): void => {
      socket.off('data', read);
      socket.off('close', gone);
    };
    socket.on('data', read);
    socket.on('close', gone);
  });
}

function parseHeaders(head: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

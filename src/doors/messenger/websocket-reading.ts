/**
 * The messages of a WebSocket client, read past `ws` where they are of the plainest sort, as nearly all are: a whole, unfragmented, masked text
 * frame of less than 64 KiB that came in one piece. Everything else (control frames, fragments, bytes, large or split frames, what breaks
 * the protocol) is handed to `ws` untouched and in its place, so what becomes of it is decided there alone.
 */
import { isUtf8 } from 'node:buffer';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Takes a text message, valid UTF-8 and not empty; false: the WebSocket tells of it by its event `message`, as of any other. */
export type TakeText = (text: Buffer) => boolean;

/** First byte of a text frame that is a message of its own (RFC 6455, section 5.2). */
const WHOLE_TEXT = 0x81;
const MASKED = 0x80;
const MASK_BYTES = 4;
/** The largest size that stands in the second byte itself, and what stands there when it follows in two. */
const MAX_SHORT = 125;
const IN_TWO_BYTES = 126;

/** Begins to read. Where a version of `ws` keeps its parts elsewhere, it reads alone: slower, and right. */
export function readDirectly(websocket: WebSocket, maxBytes: number, take: TakeText): void {
  const socket: unknown = Reflect.get(websocket, '_socket');
  const receiver: unknown = Reflect.get(websocket, '_receiver');
  if (!(socket instanceof Duplex) || !isObject(receiver) || websocket.extensions !== '') return;
  const [read, ...others] = socket.listeners('data');
  if (read === undefined || others.length > 0) return;

  const received = (chunk: Buffer): void => {
    let at = 0;
    for (
      let end = isBetweenMessages(receiver) ? endOfPlain(chunk, at, maxBytes) : 0;
      end > 0;
      end = endOfPlain(chunk, at, maxBytes)
    ) {
      const text = unmasked(chunk, at, end);
      if (text === undefined) break;
      at = end;
      if (!take(text)) websocket.emit('message', text, false);
    }
    if (at < chunk.length) Reflect.apply(read, socket, [at === 0 ? chunk : chunk.subarray(at)]);
  };
  Reflect.apply(socket.off, socket, ['data', read]);
  // Under the other listener's name: `ws` takes it off when it is to read no more.
  socket.on('data', Object.assign(received, { listener: read }));
}

/** Nothing of a message, and nothing of a frame, waits in `ws` for what is to come. */
function isBetweenMessages(receiver: object): boolean {
  return (
    Reflect.get(receiver, '_state') === 0 &&
    Reflect.get(receiver, '_bufferedBytes') === 0 &&
    Reflect.get(receiver, '_fragmented') === 0
  );
}

/** Where a plain frame that begins at a place ends; 0: it is none, or not all of it is here. */
function endOfPlain(chunk: Buffer, at: number, maxBytes: number): number {
  if (chunk.length - at < 2 + MASK_BYTES || chunk[at] !== WHOLE_TEXT) return 0;
  const second = chunk[at + 1] ?? 0;
  const short = second - MASKED;
  if (short <= 0 || short > IN_TWO_BYTES) return 0;
  const size = short === IN_TWO_BYTES ? chunk.readUInt16BE(at + 2) : short;
  const end = startOfPayload(short, at) + size;
  return size > 0 && size <= maxBytes && end <= chunk.length ? end : 0;
}

function startOfPayload(short: number, at: number): number {
  return at + (short > MAX_SHORT ? 4 : 2) + MASK_BYTES;
}

/** The payload of a plain frame, in its own place; undefined, and all as it was, when it is not valid UTF-8. */
function unmasked(chunk: Buffer, at: number, end: number): Buffer | undefined {
  const start = startOfPayload((chunk[at + 1] ?? 0) - MASKED, at);
  mask(chunk, start, end);
  const text = chunk.subarray(start, end);
  if (isUtf8(text)) return text;
  mask(chunk, start, end);
  return undefined;
}

/** Done twice it undoes itself. */
function mask(chunk: Buffer, start: number, end: number): void {
  const key = start - MASK_BYTES;
  for (let at = start; at < end; at += 1) chunk[at] = (chunk[at] ?? 0) ^ (chunk[key + ((at - start) & 3)] ?? 0);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

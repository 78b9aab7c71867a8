/**
 * Length-prefixed messages: 1 byte "compressed", 4 bytes length (big endian), the message.
 * Source: "gRPC over HTTP2", Length-Prefixed-Message. Message boundaries have nothing to do with DATA frames.
 */
import type { ByteBudget } from './budget.ts';
import { GrpcError, GrpcStatus } from './status.ts';

const PREFIX_BYTES = 5;
/** First size of a buffer that collects a message; grown by doubling, so that a claimed length costs nothing until its bytes come. */
const FIRST_CAPACITY = 1024;
const NOTHING = Buffer.alloc(0);

/** One message with its prefix (not compressed), ready to be written to any number of calls. */
export function frameMessage(message: Uint8Array): Buffer {
  const length = message.byteLength;
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + length);
  framed[0] = 0;
  framed.writeUInt32BE(length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/**
 * Cuts a stream of chunks into messages: `push` a chunk, then `next` until undefined. A message that lies in one chunk is
 * a view of it; one that is spread over several is collected, and what that takes is held against the budget.
 * A length above the limit is refused as soon as it is read. After a throw (always a GrpcError) the reader is of no more use.
 */
export class FrameReader {
  /** Whether the message that `next` returned last is compressed. */
  compressed = false;
  readonly #maxMessageBytes: number;
  readonly #budget: ByteBudget;
  #chunk: Buffer = NOTHING;
  #offset = 0;
  /** The part of a prefix that came at the end of a chunk. */
  #prefix: Buffer = NOTHING;
  /** Length of the message being read; -1 between messages. */
  #length = -1;
  #collected: Buffer = NOTHING;
  #filled = 0;

  constructor(maxMessageBytes: number, budget: ByteBudget) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#budget = budget;
  }

  /** True inside a message: the end of the stream would cut it short. */
  get partial(): boolean {
    return this.#length >= 0 || this.#prefix.length > 0 || this.#offset < this.#chunk.length;
  }

  push(chunk: Buffer): void {
    const rest = this.#chunk.length - this.#offset;
    this.#chunk = rest === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#offset), chunk]);
    this.#offset = 0;
  }

  next(): Buffer | undefined {
    if (this.#length < 0 && !this.#readPrefix()) return undefined;
    const available = this.#chunk.length - this.#offset;
    if (this.#filled === 0 && available >= this.#length) return this.#view();
    this.#collect(Math.min(available, this.#length - this.#filled));
    if (this.#filled < this.#length) return undefined;
    const message = this.#collected.subarray(0, this.#length);
    this.discard();
    this.#length = -1;
    return message;
  }

  /** Gives up what has been collected; for a reader whose call is over. */
  discard(): void {
    this.#budget.give(this.#collected.length);
    this.#collected = NOTHING;
    this.#filled = 0;
  }

  #view(): Buffer {
    const end = this.#offset + this.#length;
    const message = this.#chunk.subarray(this.#offset, end);
    this.#offset = end;
    this.#length = -1;
    return message;
  }

  #readPrefix(): boolean {
    const available = this.#chunk.length - this.#offset;
    if (this.#prefix.length === 0 && available >= PREFIX_BYTES) {
      this.#startMessage(this.#chunk, this.#offset);
      this.#offset += PREFIX_BYTES;
      return true;
    }
    if (available === 0) return false;
    const end = Math.min(this.#chunk.length, this.#offset + PREFIX_BYTES - this.#prefix.length);
    this.#prefix = Buffer.concat([this.#prefix, this.#chunk.subarray(this.#offset, end)]);
    this.#offset = end;
    if (this.#prefix.length < PREFIX_BYTES) return false;
    this.#startMessage(this.#prefix, 0);
    this.#prefix = NOTHING;
    return true;
  }

  #startMessage(bytes: Buffer, at: number): void {
    const flag = bytes.readUInt8(at);
    const length = bytes.readUInt32BE(at + 1);
    if (flag > 1) throw new GrpcError(GrpcStatus.INTERNAL, 'malformed message prefix');
    if (length > this.#maxMessageBytes) throw tooLarge(this.#maxMessageBytes);
    this.compressed = flag === 1;
    this.#length = length;
  }

  /** Copies so many bytes of the chunk: a kept view of a tiny chunk would keep far more memory alive than its size. */
  #collect(count: number): void {
    const needed = this.#filled + count;
    if (needed > this.#collected.length) {
      const capacity = Math.min(this.#length, Math.max(needed, FIRST_CAPACITY, 2 * this.#collected.length));
      if (!this.#budget.take(capacity - this.#collected.length)) {
        throw new GrpcError(GrpcStatus.RESOURCE_EXHAUSTED, 'too many unfinished requests on this connection');
      }
      const grown = Buffer.allocUnsafeSlow(capacity);
      grown.set(this.#collected.subarray(0, this.#filled));
      this.#collected = grown;
    }
    this.#collected.set(this.#chunk.subarray(this.#offset, this.#offset + count), this.#filled);
    this.#offset += count;
    this.#filled = needed;
  }
}

export function tooLarge(maxMessageBytes: number): GrpcError {
  return new GrpcError(GrpcStatus.RESOURCE_EXHAUSTED, `message too large: at most ${maxMessageBytes} bytes`);
}

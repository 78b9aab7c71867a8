/**
 * The primitives of the protobuf wire format over one buffer. Reads never pass `end`, the end of the message that is
 * being read; everything else is refused with a DecodeError. (protobuf.dev, "Encoding".)
 */
import { isUtf8 } from 'node:buffer';
import { DecodeError } from './errors.ts';
import type { Int64 } from './well-known.ts';

const TRUNCATED = 'ends in the middle of a value';
const TWO_32 = 0x1_0000_0000;

/** Up to this many bytes, looking at each one beats the call into the runtime that checks and copies them. */
const SHORT_STRING = 24;

export class BinaryReader {
  readonly #bytes: Buffer;
  position = 0;
  end: number;
  /** A nested message lacks a required field so far; it may come with a later part of the same message. */
  incomplete = false;
  /** The halves of the last varint, 32 bits each. */
  #low = 0;
  #high = 0;

  /** How many messages may still be nested in each other from here on. */
  depth: number;

  constructor(bytes: Uint8Array, depth: number) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
    this.depth = depth;
  }

  #byte(): number {
    if (this.position >= this.end) throw new DecodeError(TRUNCATED);
    return this.#bytes[this.position++] ?? 0;
  }

  #varint(): void {
    this.#high = 0;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#low = low;
        return;
      }
    }
    let byte = this.#byte();
    this.#low = low | ((byte & 0x0f) << 28);
    let high = (byte & 0x7f) >> 4;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      byte = this.#byte();
      if (shift === 31 && byte > 1) throw new DecodeError('a varint is longer than 64 bits');
      high |= (byte & 0x7f) << shift;
    }
    this.#high = high;
  }

  /** Field number and wire type, still together. */
  tag(): number {
    this.#varint();
    if (this.#high !== 0) throw new DecodeError('a field number is above 2^29-1');
    const tag = this.#low >>> 0;
    if (tag < 8) throw new DecodeError('a field number is 0');
    return tag;
  }

  /** The length of what follows, which must end with or before the message. */
  length(): number {
    this.#varint();
    const length = this.#low >>> 0;
    if (this.#high !== 0 || length > this.end - this.position) {
      throw new DecodeError('a length goes beyond the end');
    }
    return length;
  }

  /** Passes over the value of an unknown field. */
  skip(wireType: number): void {
    if (wireType === 0) this.#varint();
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 2) this.#advance(this.length());
    else if (wireType === 5) this.#advance(4);
    else throw new DecodeError(wireType <= 4 ? 'groups are not supported' : `wire type ${wireType} does not exist`);
  }

  /** Moves on, and answers where it was. */
  #advance(length: number): number {
    const start = this.position;
    if (length > this.end - start) throw new DecodeError(TRUNCATED);
    this.position = start + length;
    return start;
  }

  /** Per the wire format, the low 32 bits of a varint of any size. */
  int32(): number {
    this.#varint();
    return this.#low;
  }

  uint32(): number {
    this.#varint();
    return this.#low >>> 0;
  }

  sint32(): number {
    this.#varint();
    return (this.#low >>> 1) ^ -(this.#low & 1);
  }

  bool(): boolean {
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  int64(): Int64 {
    this.#varint();
    return signed(this.#low, this.#high);
  }

  uint64(): Int64 {
    this.#varint();
    return unsigned(this.#low, this.#high);
  }

  sint64(): Int64 {
    this.#varint();
    const flip = -(this.#low & 1);
    const low = ((this.#low >>> 1) | (this.#high << 31)) ^ flip;
    return signed(low, (this.#high >>> 1) ^ flip);
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  sfixed32(): number {
    return this.#bytes.readInt32LE(this.#advance(4));
  }

  fixed64(): Int64 {
    const start = this.#advance(8);
    return unsigned(this.#bytes.readInt32LE(start), this.#bytes.readInt32LE(start + 4));
  }

  sfixed64(): Int64 {
    const start = this.#advance(8);
    return signed(this.#bytes.readInt32LE(start), this.#bytes.readInt32LE(start + 4));
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#advance(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  /** A copy: what is kept must not keep the whole frame alive. */
  bytes(): Uint8Array {
    const length = this.length();
    const start = this.#advance(length);
    return new Uint8Array(this.#bytes.subarray(start, start + length));
  }

  string(): string {
    const length = this.length();
    const start = this.#advance(length);
    if (length <= SHORT_STRING) {
      let text = '';
      for (let at = start; at < this.position; at += 1) {
        const byte = this.#bytes[at] ?? 0;
        if (byte >= 0x80) return this.#utf8(start, this.position);
        text += String.fromCharCode(byte);
      }
      return text;
    }
    return this.#utf8(start, this.position);
  }

  #utf8(start: number, end: number): string {
    if (!isUtf8(this.#bytes.subarray(start, end))) throw new DecodeError('not UTF-8');
    return this.#bytes.toString('utf8', start, end);
  }
}

function unsigned(low: number, high: number): Int64 {
  if (high < 0) throw new DecodeError('above 2^63-1');
  return high < 0x20_0000 ? high * TWO_32 + (low >>> 0) : (BigInt(high) << 32n) | BigInt(low >>> 0);
}

function signed(low: number, high: number): Int64 {
  const value = high * TWO_32 + (low >>> 0);
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0);
}

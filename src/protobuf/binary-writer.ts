/**
 * Writes the protobuf wire format from the last byte to the first: when a length has to be written, what it counts is
 * already there, so one pass is enough. (protobuf.dev, "Encoding".)
 */
import type { Int64 } from './well-known.ts';

const FIRST_SIZE = 1024;
/** After a message above this size the memory is given back. */
const MAX_KEPT_SIZE = 64 * 1024;
/** Up to this many characters, writing them one by one beats two calls into the runtime. */
const SHORT_STRING = 24;
const TWO_32 = 0x1_0000_0000;

/** One writer for many messages, one after the other. */
export class BinaryWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_SIZE);
  #start = FIRST_SIZE;

  /** A copy of what was written. */
  copy(): Buffer {
    const copy = Buffer.allocUnsafe(this.written);
    this.#bytes.copy(copy, 0, this.#start);
    return copy;
  }

  /** Forgets what was written. */
  reset(): void {
    if (this.#bytes.length > MAX_KEPT_SIZE) this.#bytes = Buffer.allocUnsafeSlow(FIRST_SIZE);
    this.#start = this.#bytes.length;
  }

  /** How many bytes have been written so far. */
  get written(): number {
    return this.#bytes.length - this.#start;
  }

  /** Makes room for `size` bytes in front of the others and answers where they begin. The buffer may be another one then. */
  #claim(size: number): number {
    if (this.#start < size) {
      const written = this.written;
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, written + size));
      this.#bytes.copy(grown, grown.length - written, this.#start);
      this.#start = grown.length - written;
      this.#bytes = grown;
    }
    this.#start -= size;
    return this.#start;
  }

  /** An unsigned 32-bit integer. */
  varint(value: number): void {
    if (value < 0x80) {
      const only = this.#claim(1);
      this.#bytes[only] = value;
      return;
    }
    const size = value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
    let at = this.#claim(size);
    const bytes = this.#bytes;
    let rest = value;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at] = rest;
  }

  /** 64 bits in two halves; negative halves stand for their two's complement. */
  #varint64(low: number, high: number): void {
    if (high === 0) return this.varint(low >>> 0);
    let size = 5;
    for (let rest = (high >>> 3) | 0; rest !== 0; rest >>>= 7) size += 1;
    let at = this.#claim(size);
    const bytes = this.#bytes;
    const last = at + size - 1;
    let [restLow, restHigh] = [low, high];
    while (at < last) {
      bytes[at++] = (restLow & 0x7f) | 0x80;
      restLow = (restLow >>> 7) | (restHigh << 25);
      restHigh >>>= 7;
    }
    bytes[at] = restLow & 0x7f;
  }

  /** A signed 32-bit integer; a negative one takes ten bytes. */
  int32(value: number): void {
    if (value < 0) this.#varint64(value, -1);
    else this.varint(value);
  }

  sint32(value: number): void {
    this.varint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** A 64-bit integer, signed or not. */
  int64(value: Int64): void {
    this.#varint64(lowHalf(value), highHalf(value));
  }

  sint64(value: Int64): void {
    const [low, high] = [lowHalf(value), highHalf(value)];
    const flip = high >> 31;
    this.#varint64((low << 1) ^ flip, ((high << 1) | (low >>> 31)) ^ flip);
  }

  /** 32 bits, signed or not. */
  fixed32(value: number): void {
    const at = this.#claim(4);
    this.#bytes.writeInt32LE(value | 0, at);
  }

  fixed64(value: Int64): void {
    this.fixed32(highHalf(value));
    this.fixed32(lowHalf(value));
  }

  float(value: number): void {
    const at = this.#claim(4);
    this.#bytes.writeFloatLE(value, at);
  }

  double(value: number): void {
    const at = this.#claim(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  bytes(value: Uint8Array): void {
    const at = this.#claim(value.length);
    this.#bytes.set(value, at);
    this.varint(value.length);
  }

  /** UTF-8; half of a surrogate pair becomes U+FFFD. */
  string(value: string): void {
    const length = value.length;
    if (length > SHORT_STRING || !this.#ascii(value)) {
      const size = Buffer.byteLength(value);
      const at = this.#claim(size);
      this.#bytes.write(value, at);
      this.varint(size);
    }
  }

  /** Writes a short string unless a character needs more than one byte; then nothing is written. */
  #ascii(value: string): boolean {
    const at = this.#claim(value.length);
    const bytes = this.#bytes;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) {
        this.#start += value.length;
        return false;
      }
      bytes[at + index] = code;
    }
    this.varint(value.length);
    return true;
  }
}

function lowHalf(value: Int64): number {
  return typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value));
}

function highHalf(value: Int64): number {
  return typeof value === 'number' ? Math.floor(value / TWO_32) | 0 : Number(BigInt.asIntN(32, value >> 32n));
}

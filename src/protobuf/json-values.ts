/**
 * Single values of the protobuf JSON mapping. (protobuf.dev, "ProtoJSON Format".)
 */
import { DecodeError } from './errors.ts';
import type { Field } from './fields.ts';
import type { Int64 } from './well-known.ts';

/** The reason given for a number literal that `JSON.parse` has rounded: its digits can be had from the text only. */
export const ROUNDED = 'an integer beyond 2^53 must be sent in digits, best as a string';

/** -2^63 has 19 digits and a sign; 2^64-1 has 20 digits. */
const MAX_INTEGER_LENGTH = 20;
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const MAX_INT64 = 2n ** 63n - 1n;
/** A double in full, 5e-324, has 1,077 digits; only notation could be longer. */
const MAX_NUMBER_LENGTH = 1100;

export function readString(json: unknown): string {
  if (typeof json !== 'string') throw new DecodeError('not a string');
  if (!json.isWellFormed()) throw new DecodeError('half of a surrogate pair');
  return json;
}

export function readBool(json: unknown): boolean {
  if (typeof json !== 'boolean') throw new DecodeError('not true or false');
  return json;
}

/** Base64, the plain or the URL alphabet, padded or not. */
export function readBytes(json: unknown): Uint8Array {
  if (typeof json !== 'string' || !BASE64.test(json)) throw new DecodeError('not base64');
  const digits = json.replace(/=+$/, '').length;
  if (digits % 4 === 1 || (json.length !== digits && json.length % 4 !== 0)) throw new DecodeError('not base64');
  return new Uint8Array(Buffer.from(json, 'base64'));
}

/** An integer of 64 bits from its digits in a string, a number, or a bigint. */
function readInteger(json: unknown): Int64 {
  if (typeof json === 'string') return parseInteger(json);
  if (typeof json === 'bigint') return fitting(json);
  if (Number.isSafeInteger(json)) return Number(json) + 0;
  throw new DecodeError(Number.isInteger(json) ? ROUNDED : 'not an integer');
}

function parseInteger(text: string): Int64 {
  const negative = text.charCodeAt(0) === 0x2d;
  const first = negative ? 1 : 0;
  if (text.length === first || text.length > MAX_INTEGER_LENGTH) throw new DecodeError('not an integer');
  let value = 0;
  for (let index = first; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) throw new DecodeError('not an integer');
    value = value * 10 + digit;
  }
  // Sums are exact as long as they stay safe, and once unsafe they stay so.
  if (!Number.isSafeInteger(value)) return fitting(BigInt(text));
  return negative ? 0 - value : value;
}

function fitting(value: bigint): Int64 {
  if (value > MAX_INT64) throw new DecodeError('above 2^63-1');
  if (value < -MAX_INT64 - 1n) throw new DecodeError('below -2^63');
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function readInt64(json: unknown): Int64 {
  return readInteger(json);
}

export function readUint64(json: unknown): Int64 {
  const value = readInteger(json);
  if (value < 0) throw new DecodeError('negative');
  return value;
}

export function readInt32(json: unknown): number {
  const value = readInteger(json);
  if (value < -0x8000_0000 || value > 0x7fff_ffff) throw new DecodeError('does not fit in 32 bits');
  return Number(value);
}

export function readUint32(json: unknown): number {
  const value = readInteger(json);
  if (value < 0 || value > 0xffff_ffff) throw new DecodeError('does not fit in 32 unsigned bits');
  return Number(value);
}

export function readDouble(json: unknown): number {
  if (typeof json === 'number' && Number.isFinite(json)) return json;
  if (typeof json === 'bigint') return Number(json);
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return Number(json);
  if (typeof json === 'string' && json.length <= MAX_NUMBER_LENGTH && DECIMAL.test(json)) {
    const value = Number(json);
    if (Number.isFinite(value)) return value;
  }
  throw new DecodeError('not a number');
}

/** In the range of a 32-bit float; the digits beyond its precision are kept for other readers of JSON. */
export function readFloat(json: unknown): number {
  const value = readDouble(json);
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) throw new DecodeError('beyond a 32-bit float');
  return value;
}

/** An enum value by its number, or by its name in the proto file. */
export function readEnum(json: unknown, { values }: Field): number {
  if (typeof json === 'string') {
    const value = values.numbers.get(json);
    if (value === undefined) throw new DecodeError(`unknown value ${JSON.stringify(json.slice(0, 64))}`);
    return value;
  }
  if (typeof json !== 'number') throw new DecodeError('not the name or the number of an enum value');
  const value = readInt32(json);
  if (values.closed && !values.names.has(value)) throw new DecodeError(`unknown value ${value}`);
  return value;
}

/**
 * What the writers demand of the values of a plain object. It comes from this program, so a fault is an EncodeError.
 */
import { EncodeError } from './errors.ts';
import type { Field, PlainMessage } from './fields.ts';
import { durationFault, timestampFault } from './well-known.ts';
import type { Duration, Int64, Timestamp } from './well-known.ts';

const MAX_INT64 = 2n ** 63n - 1n;

export function misfit(field: Field, reason: string): EncodeError {
  return new EncodeError(`${field.fullName}: ${reason}`);
}

export function asString(field: Field, value: unknown): string {
  if (typeof value !== 'string') throw misfit(field, 'not a string');
  return value;
}

export function asBool(field: Field, value: unknown): boolean {
  if (typeof value !== 'boolean') throw misfit(field, 'not a boolean');
  return value;
}

export function asBytes(field: Field, value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw misfit(field, 'not bytes');
  return value;
}

export function asNumber(field: Field, value: unknown): number {
  if (typeof value !== 'number') throw misfit(field, 'not a number');
  return value;
}

export function asInt32(field: Field, value: unknown): number {
  if (typeof value !== 'number' || (value | 0) !== value) throw misfit(field, 'not a 32-bit integer');
  return value;
}

export function asUint32(field: Field, value: unknown): number {
  if (typeof value !== 'number' || value >>> 0 !== value) throw misfit(field, 'not an unsigned 32-bit integer');
  return value;
}

/** A closed enum takes its own values only. */
export function asEnum(field: Field, value: unknown): number {
  const number = asInt32(field, value);
  if (field.values.closed && !field.values.names.has(number)) throw misfit(field, `unknown value ${number}`);
  return number;
}

export function asInt64(field: Field, value: unknown): Int64 {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'bigint' && value <= MAX_INT64 && value >= -MAX_INT64 - 1n) return value;
  throw misfit(field, 'not an exact 64-bit integer');
}

export function asUint64(field: Field, value: unknown): Int64 {
  const integer = asInt64(field, value);
  if (integer < 0) throw misfit(field, 'negative');
  return integer;
}

export function asMessage(field: Field, value: unknown): PlainMessage {
  if (!isPlainMessage(value)) throw misfit(field, 'not an object');
  return value;
}

export function asTimestamp(field: Field, value: unknown): Timestamp {
  return asTime(field, value, timestampFault);
}

export function asDuration(field: Field, value: unknown): Duration {
  return asTime(field, value, durationFault);
}

function asTime(field: Field, value: unknown, faultOf: (time: Timestamp) => string | undefined): Timestamp {
  const { seconds, nanos } = asMessage(field, value);
  const time = { seconds: asInt64(field, seconds), nanos: asInt32(field, nanos) };
  const fault = faultOf(time);
  if (fault !== undefined) throw misfit(field, fault);
  return time;
}

export function asList(field: Field, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw misfit(field, 'not an array');
  return value;
}

export function isPlainMessage(value: unknown): value is PlainMessage {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The zero that a field without presence does not send; -0 is not it. */
export function isZero(value: unknown): boolean {
  if (typeof value === 'object') return value instanceof Uint8Array && value.length === 0;
  return Object.is(value, 0) || value === '' || value === false || value === 0n;
}

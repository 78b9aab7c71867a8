/**
 * google.protobuf.Timestamp and Duration: their ranges and their JSON forms, as the comments of timestamp.proto and
 * duration.proto give them (seed document of the message stream, "Embed Messages").
 */
import { dayOfDate, daysOfMonth, printInstant } from './calendar.ts';
import { DecodeError } from './errors.ts';

/** A 64-bit integer: a number when it is a safe integer, else a bigint. Never above 2^63-1, in unsigned fields neither. */
export type Int64 = number | bigint;

/** A point in time: seconds since 1970-01-01T00:00:00Z, and 0 to 999,999,999 nanoseconds that count forward. */
export interface Timestamp {
  seconds: Int64;
  nanos: number;
}

/** A span of time: seconds, and nanoseconds of the same sign. */
export interface Duration {
  seconds: Int64;
  nanos: number;
}

/** 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z. */
const MIN_TIMESTAMP = -62_135_596_800;
const MAX_TIMESTAMP = 253_402_300_799;
/** 10,000 years of 365.25 days, either way. */
const MAX_DURATION = 315_576_000_000;
const NANOS = 1_000_000_000;
const DAY = 86_400;

/** What keeps it from being a time stamp, or undefined when it is one. */
export function timestampFault({ seconds, nanos }: Timestamp): string | undefined {
  if (seconds < MIN_TIMESTAMP || seconds > MAX_TIMESTAMP) return 'not between the years 1 and 9999';
  if (!(nanos >= 0 && nanos < NANOS)) return 'nanos are not between 0 and 999999999';
  return undefined;
}

/** What keeps it from being a duration, or undefined when it is one. */
export function durationFault({ seconds, nanos }: Duration): string | undefined {
  if (seconds < -MAX_DURATION || seconds > MAX_DURATION) return 'longer than 10000 years';
  if (!(nanos > -NANOS && nanos < NANOS)) return 'nanos are not between -999999999 and 999999999';
  if ((seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) return 'seconds and nanos differ in sign';
  return undefined;
}

/** `.` and 3, 6 or 9 digits, as many as it takes; nothing for 0. */
function fraction(nanos: number): string {
  if (nanos === 0) return '';
  if (nanos % 1_000_000 === 0) return `.${String(nanos / 1_000_000 + 1000).slice(1)}`;
  if (nanos % 1_000 === 0) return `.${String(nanos / 1_000 + 1_000_000).slice(1)}`;
  return `.${String(nanos + NANOS).slice(1)}`;
}

function nanosOf(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.padEnd(9, '0'));
}

/** RFC 3339 in UTC, e.g. `1972-01-01T10:00:20.021Z`. The time stamp must be in range. */
export function printTimestamp({ seconds, nanos }: Timestamp): string {
  const total = Number(seconds);
  const day = Math.floor(total / DAY);
  return `${printInstant(day, total - day * DAY)}${fraction(nanos)}Z`;
}

/** Decimal seconds, e.g. `1.000340012s`. The duration must be in range. */
export function printDuration({ seconds, nanos }: Duration): string {
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  return `${sign}${Math.abs(Number(seconds))}${fraction(Math.abs(nanos))}s`;
}

const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

/** The number that `length` digits make, or NaN. */
function digitsAt(text: string, start: number, length: number): number {
  let value = 0;
  for (let index = start; index < start + length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Seconds that local time is ahead of UTC, from what follows the seconds and their fraction; NaN for anything else. */
function offsetAt(text: string, start: number): number {
  const sign = text[start];
  if (sign === 'Z') return text.length === start + 1 ? 0 : NaN;
  const [hours, minutes] = [digitsAt(text, start + 1, 2), digitsAt(text, start + 4, 2)];
  const shaped = (sign === '+' || sign === '-') && text[start + 3] === ':' && text.length === start + 6;
  if (!shaped || !(hours <= 23 && minutes <= 59)) return NaN;
  return (hours * 60 + minutes) * (sign === '-' ? -60 : 60);
}

/** Where the digits end that begin at `start`. */
function digitsEnd(text: string, start: number): number {
  let end = start;
  while (text.charCodeAt(end) >= 0x30 && text.charCodeAt(end) <= 0x39) end += 1;
  return end;
}

/** Reads RFC 3339 with any offset. Dates that no calendar has and leap seconds are refused. */
export function parseTimestamp(text: string): Timestamp {
  const [year, month, day] = [digitsAt(text, 0, 4), digitsAt(text, 5, 2), digitsAt(text, 8, 2)];
  const [hour, minute, second] = [digitsAt(text, 11, 2), digitsAt(text, 14, 2), digitsAt(text, 17, 2)];
  const punctuated = text[4] === '-' && text[7] === '-' && text[10] === 'T' && text[13] === ':' && text[16] === ':';
  const end = text[19] === '.' ? digitsEnd(text, 20) : 19;
  const offset = offsetAt(text, end);
  const exists = year >= 0 && day >= 1 && day <= daysOfMonth(year, month) && hour <= 23 && minute <= 59 && second <= 59;
  if (!punctuated || !exists || Number.isNaN(offset) || end === 20 || end > 29) {
    throw new DecodeError('not a time like "2026-01-31T23:59:59Z"');
  }
  const seconds = dayOfDate(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
  const nanos = end === 19 ? 0 : digitsAt(text, 20, end - 20) * 10 ** (29 - end);
  return checked({ seconds, nanos }, timestampFault);
}

/** Reads decimal seconds with at most 9 digits after the point. */
export function parseDuration(text: string): Duration {
  const parts = DURATION.exec(text);
  if (parts === null) throw new DecodeError('not a duration in seconds, like "1.5s"');
  const sign = parts[1] === '-' ? -1 : 1;
  // Adding 0 turns the -0 of `-0s` into 0.
  const duration = { seconds: sign * Number(parts[2]) + 0, nanos: sign * nanosOf(parts[3]) + 0 };
  return checked(duration, durationFault);
}

function checked<T>(value: T, faultOf: (value: T) => string | undefined): T {
  const fault = faultOf(value);
  if (fault !== undefined) throw new DecodeError(fault);
  return value;
}

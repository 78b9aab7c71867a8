/**
 * Messages from the protobuf JSON mapping: proto or camelCase field names, unknown fields ignored, null as unset.
 */
import { DecodeError, within } from './errors.ts';
import type { Field, MessageTable, PlainMessage } from './fields.ts';
import {
  readBool,
  readBytes,
  readDouble,
  readEnum,
  readFloat,
  readInt32,
  readInt64,
  readString,
  readUint32,
  readUint64,
  ROUNDED,
} from './json-values.ts';
import { isPlainMessage, isZero } from './plain-values.ts';
import { parseDuration, parseTimestamp } from './well-known.ts';

/** Reads one message of at most `maxDepth` nested levels, unknown fields counted. Throws DecodeError. */
export function readJsonMessage(table: MessageTable, json: unknown, maxDepth: number): PlainMessage {
  if (maxDepth === 0) throw new DecodeError('nested too deeply');
  if (!isPlainMessage(json)) throw new DecodeError('not an object');
  const message: PlainMessage = {};
  for (const list of table.lists) message[list.name] = [];
  let seen = 0;
  let field: Field | undefined;
  try {
    for (const key in json) {
      field = table.byKey.get(key);
      const value = json[key];
      if (field === undefined) {
        checkDepth(value, maxDepth - 1);
        continue;
      }
      if (value === null) continue;
      if ((seen & field.bit) !== 0) throw new DecodeError('given twice, in both spellings');
      if ((seen & field.rivals) !== 0) throw new DecodeError(`a second member of oneof ${field.oneof}`);
      seen |= field.bit;
      if (field.list) {
        readItems(field, value, message[field.name], maxDepth);
        continue;
      }
      const read = readValue(field, value, maxDepth);
      // Without presence the zero is no value.
      if (!field.implicit || !isZero(read)) message[field.name] = read;
    }
  } catch (error) {
    throw field === undefined ? error : within(field.name, error);
  }
  if ((seen & table.required) !== table.required) throw missing(table, seen);
  return message;
}

/**
 * Parses and reads. Integers beyond 2^53 that are written as bare numbers are exact: only when one is met is the text
 * parsed again, by way of the digits.
 */
export function parseJsonMessage(table: MessageTable, text: string, maxDepth: number): PlainMessage {
  const json = parse(text);
  try {
    return readJsonMessage(table, json, maxDepth);
  } catch (error) {
    if (!(error instanceof DecodeError) || error.reason !== ROUNDED) throw error;
    // JSON.parse itself does not recurse, but it calls a reviver from within a recursion.
    // Twice the depth, as every message may stand in a list.
    checkDepth(json, maxDepth * 2);
    return readJsonMessage(table, parse(text, exactIntegers), maxDepth);
  }
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

function exactIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const digits = context?.source ?? '';
  return /^-?\d{1,20}$/.test(digits) ? BigInt(digits) : value;
}

function parse(text: string, reviver?: Reviver): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    throw new DecodeError('not JSON');
  }
}

function missing(table: MessageTable, seen: number): DecodeError {
  const first = table.fields.find((field) => (table.required & ~seen & field.bit) !== 0);
  return new DecodeError('missing', first?.name);
}

/** Refuses arrays and objects nested in more than `depth` levels. */
function checkDepth(json: unknown, depth: number): void {
  if (typeof json !== 'object' || json === null) return;
  if (depth <= 0) throw new DecodeError('nested too deeply');
  for (const value of Object.values(json)) checkDepth(value, depth - 1);
}

function readItems(field: Field, json: unknown, items: unknown, depth: number): void {
  if (!Array.isArray(json)) throw new DecodeError('not an array');
  if (!Array.isArray(items)) return;
  try {
    for (const item of json) items.push(readValue(field, item, depth));
  } catch (error) {
    throw within(`[${items.length}]`, error);
  }
}

function readValue(field: Field, json: unknown, depth: number): unknown {
  switch (field.kind) {
    case 'message':
      return readJsonMessage(field.table, json, depth - 1);
    case 'string':
      return readString(json);
    case 'uint64':
    case 'fixed64':
      return readUint64(json);
    case 'enum':
      return readEnum(json, field);
    case 'timestamp':
      return parseTimestamp(readString(json));
    case 'duration':
      return parseDuration(readString(json));
    case 'bool':
      return readBool(json);
    case 'float':
      return readFloat(json);
    case 'double':
      return readDouble(json);
    case 'bytes':
      return readBytes(json);
    case 'int32':
    case 'sint32':
    case 'sfixed32':
      return readInt32(json);
    case 'uint32':
    case 'fixed32':
      return readUint32(json);
    // int64, sint64 and sfixed64, the last ones.
    default:
      return readInt64(json);
  }
}

/**
 * Messages from the binary wire format. Stricter than the format itself in three places: groups, a wire type that does
 * not belong to its field, and two members of one oneof are refused.
 */
import { BinaryReader } from './binary-reader.ts';
import { DecodeError, within } from './errors.ts';
import type { Field, MessageTable, PlainMessage } from './fields.ts';
import { isPlainMessage, isZero } from './plain-values.ts';
import { durationFault, timestampFault } from './well-known.ts';
import type { Int64 } from './well-known.ts';

/** Decodes one message of at most `maxDepth` nested messages. Throws DecodeError. */
export function decodeMessage(table: MessageTable, bytes: Uint8Array, maxDepth: number): PlainMessage {
  const reader = new BinaryReader(bytes, maxDepth);
  const message = readMessage(reader, table, {});
  if (reader.incomplete) checkRequired(table, message);
  return message;
}

/**
 * Reads fields up to the reader's end into the message, which is not empty when a part of it came before (a sub-message
 * that is sent twice is merged).
 */
function readMessage(reader: BinaryReader, table: MessageTable, message: PlainMessage): PlainMessage {
  if (reader.depth === 0) throw new DecodeError('nested too deeply');
  let seen = beginMessage(table, message);
  let field: Field | undefined;
  try {
    while (reader.position < reader.end) {
      field = undefined;
      const tag = reader.tag();
      field = table.byNumber.get(tag >>> 3);
      if (field === undefined) {
        reader.skip(tag & 7);
      } else if (field.list) {
        readItems(reader, field, listOf(message, field), tag & 7);
      } else {
        if ((tag & 7) !== field.wireType) throw wrongWireType(field, tag & 7);
        if ((seen & field.rivals) !== 0) throw new DecodeError(`a second member of oneof ${field.oneof}`);
        const value = readValue(reader, field, message[field.name]);
        if (value === undefined) continue;
        seen |= field.bit;
        // Without presence the zero is no value: it takes an earlier one back.
        if (field.implicit && isZero(value)) delete message[field.name];
        else message[field.name] = value;
      }
    }
  } catch (error) {
    throw field === undefined ? error : within(segmentOf(field, message), error);
  }
  if ((seen & table.required) !== table.required) reader.incomplete = true;
  return message;
}

/** Gives a new message its lists, and answers the set of fields that are there already. */
function beginMessage(table: MessageTable, message: PlainMessage): number {
  for (const field of table.lists) message[field.name] ??= [];
  let seen = 0;
  for (const name in message) seen |= table.byKey.get(name)?.bit ?? 0;
  return seen;
}

function listOf(message: PlainMessage, field: Field): unknown[] {
  const list = message[field.name];
  return Array.isArray(list) ? list : [];
}

function segmentOf(field: Field, message: PlainMessage): string {
  return field.list ? `${field.name}[${listOf(message, field).length}]` : field.name;
}

function wrongWireType(field: Field, wireType: number): DecodeError {
  return new DecodeError(`wire type ${wireType} instead of ${field.wireType}`);
}

/** One item, or a packed run of them. */
function readItems(reader: BinaryReader, field: Field, list: unknown[], wireType: number): void {
  if (wireType === field.wireType) {
    const value = readValue(reader, field, undefined);
    if (value !== undefined) list.push(value);
    return;
  }
  if (!field.packable || wireType !== 2) throw wrongWireType(field, wireType);
  const outerEnd = reader.end;
  reader.end = reader.length() + reader.position;
  while (reader.position < reader.end) {
    const value = readValue(reader, field, undefined);
    if (value !== undefined) list.push(value);
  }
  reader.end = outerEnd;
}

/** The value, or undefined for an enum number that means nothing here. */
function readValue(reader: BinaryReader, field: Field, previous: unknown): unknown {
  switch (field.kind) {
    case 'message':
      return readNested(reader, field, previous);
    case 'string':
      return reader.string();
    case 'uint64':
      return reader.uint64();
    case 'enum':
      return readEnum(reader, field);
    case 'timestamp':
    case 'duration':
      return readTime(reader, field, previous);
    case 'bool':
      return reader.bool();
    case 'float':
      return reader.float();
    case 'double':
      return reader.double();
    case 'bytes':
      return reader.bytes();
    case 'int32':
      return reader.int32();
    case 'uint32':
      return reader.uint32();
    case 'sint32':
      return reader.sint32();
    case 'fixed32':
      return reader.fixed32();
    case 'sfixed32':
      return reader.sfixed32();
    case 'int64':
      return reader.int64();
    case 'sint64':
      return reader.sint64();
    case 'fixed64':
      return reader.fixed64();
    // sfixed64, the last one.
    default:
      return reader.sfixed64();
  }
}

function readNested(reader: BinaryReader, field: Field, previous: unknown): PlainMessage {
  const outerEnd = reader.end;
  reader.end = reader.length() + reader.position;
  reader.depth -= 1;
  const message = readMessage(reader, field.table, isPlainMessage(previous) ? previous : {});
  reader.depth += 1;
  reader.end = outerEnd;
  return message;
}

function readTime(reader: BinaryReader, field: Field, previous: unknown): PlainMessage {
  const time = isPlainMessage(previous) ? previous : { seconds: 0, nanos: 0 };
  readNested(reader, field, time);
  const fault = timeFault(field, time);
  if (fault !== undefined) throw new DecodeError(fault);
  return time;
}

/** What keeps a value of a timestamp or duration field from being one. */
function timeFault(field: Field, { seconds, nanos }: { seconds?: unknown; nanos?: unknown }): string | undefined {
  if (!isInt64(seconds) || typeof nanos !== 'number') return 'seconds and nanos are not numbers';
  return (field.kind === 'timestamp' ? timestampFault : durationFault)({ seconds, nanos });
}

function isInt64(value: unknown): value is Int64 {
  return typeof value === 'number' || typeof value === 'bigint';
}

function readEnum(reader: BinaryReader, field: Field): number | undefined {
  const value = reader.int32();
  if (!field.values.closed || field.values.names.has(value)) return value;
  if (field.required) throw new DecodeError(`unknown value ${value}`);
  return undefined;
}

/** Every required field is there, on every level. */
function checkRequired(table: MessageTable, message: PlainMessage): void {
  for (const field of table.fields) {
    const value = message[field.name];
    if (value === undefined && field.required) throw new DecodeError('missing', field.name);
    if (field.kind !== 'message' || value === undefined) continue;
    const nested: unknown[] = Array.isArray(value) ? value : [value];
    nested.forEach((each, index) => {
      if (!isPlainMessage(each)) return;
      try {
        checkRequired(field.table, each);
      } catch (error) {
        throw within(field.list ? `${field.name}[${index}]` : field.name, error);
      }
    });
  }
}

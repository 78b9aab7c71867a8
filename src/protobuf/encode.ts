/**
 * Messages to the binary wire format. Written back to front: the last field first, a value before its tag.
 */
import type { BinaryWriter } from './binary-writer.ts';
import type { Field, MessageTable, PlainMessage } from './fields.ts';
import {
  asBool,
  asBytes,
  asDuration,
  asEnum,
  asInt32,
  asInt64,
  asList,
  asMessage,
  asNumber,
  asString,
  asTimestamp,
  asUint32,
  asUint64,
  isZero,
  misfit,
} from './plain-values.ts';

/** Writes one message, without a length in front. Throws EncodeError; the writer must be reset then. */
export function encodeMessage(writer: BinaryWriter, table: MessageTable, message: PlainMessage): void {
  let seen = 0;
  for (const field of table.descending) {
    const value = message[field.name];
    if (value === undefined) {
      if (field.required) throw misfit(field, 'missing');
    } else if (field.list) {
      encodeItems(writer, field, asList(field, value));
    } else if (!(field.implicit && isZero(value))) {
      if ((seen & field.rivals) !== 0) throw misfit(field, `a second member of oneof ${field.oneof}`);
      seen |= field.bit;
      encodeValue(writer, field, value);
      writer.varint(field.tag);
    }
  }
}

function encodeItems(writer: BinaryWriter, field: Field, items: readonly unknown[]): void {
  const before = writer.written;
  for (let index = items.length - 1; index >= 0; index -= 1) {
    encodeValue(writer, field, items[index]);
    if (!field.packed) writer.varint(field.tag);
  }
  if (field.packed && items.length > 0) {
    writer.varint(writer.written - before);
    writer.varint(field.tag);
  }
}

function encodeNested(writer: BinaryWriter, field: Field, message: PlainMessage): void {
  const before = writer.written;
  encodeMessage(writer, field.table, message);
  writer.varint(writer.written - before);
}

function encodeValue(writer: BinaryWriter, field: Field, value: unknown): void {
  switch (field.kind) {
    case 'message':
      return encodeNested(writer, field, asMessage(field, value));
    case 'string':
      return writer.string(asString(field, value));
    case 'uint64':
      return writer.int64(asUint64(field, value));
    case 'enum':
      return writer.int32(asEnum(field, value));
    case 'timestamp':
      return encodeNested(writer, field, { ...asTimestamp(field, value) });
    case 'duration':
      return encodeNested(writer, field, { ...asDuration(field, value) });
    case 'bool':
      return writer.varint(asBool(field, value) ? 1 : 0);
    case 'float':
      return writer.float(asNumber(field, value));
    case 'double':
      return writer.double(asNumber(field, value));
    case 'bytes':
      return writer.bytes(asBytes(field, value));
    case 'int32':
      return writer.int32(asInt32(field, value));
    case 'uint32':
      return writer.varint(asUint32(field, value));
    case 'sint32':
      return writer.sint32(asInt32(field, value));
    case 'fixed32':
      return writer.fixed32(asUint32(field, value));
    case 'sfixed32':
      return writer.fixed32(asInt32(field, value));
    case 'int64':
      return writer.int64(asInt64(field, value));
    case 'sint64':
      return writer.sint64(asInt64(field, value));
    case 'fixed64':
      return writer.fixed64(asUint64(field, value));
    case 'sfixed64':
      return writer.fixed64(asInt64(field, value));
  }
}

/**
 * Messages to the protobuf JSON mapping: proto field names, 64-bit integers as strings, unset fields left out.
 */
import { QUOTED } from './fields.ts';
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
import { printDuration, printTimestamp } from './well-known.ts';

/** Prints one message; enums by name when `enumNames` is set. Throws EncodeError. */
export function writeJsonMessage(table: MessageTable, message: PlainMessage, enumNames: boolean): string {
  let text = '';
  let seen = 0;
  let before: Field | undefined;
  for (const field of table.fields) {
    const value = message[field.name];
    if (value === undefined) {
      if (field.required) throw misfit(field, 'missing');
      continue;
    }
    if (field.list ? asList(field, value).length === 0 : field.implicit && isZero(value)) continue;
    if ((seen & field.rivals) !== 0) throw misfit(field, `a second member of oneof ${field.oneof}`);
    seen |= field.bit;
    text += keyAfter(before, field);
    text += field.list ? writeItems(field, asList(field, value), enumNames) : writeValue(field, value, enumNames);
    before = field;
  }
  if (before === undefined) return '{}';
  return before.quoted ? `${text}"}` : `${text}}`;
}

/**
 * The closing quote of a value, comma, key and opening quote are one string made beforehand: every piece that is put
 * together costs, once here and once when the text is sent.
 */
function keyAfter(before: Field | undefined, { jsonKey }: Field): string {
  if (before === undefined) return jsonKey.first;
  return before.quoted ? jsonKey.afterQuoted : jsonKey.afterBare;
}

function writeItems(field: Field, items: readonly unknown[], enumNames: boolean): string {
  const quote = QUOTED.has(field.kind) ? '"' : '';
  let text = '';
  for (const item of items) text += `${text === '' ? '[' : ','}${quote}${writeValue(field, item, enumNames)}${quote}`;
  return `${text}]`;
}

/** The value, without quotes when its kind is one of `QUOTED`. */
function writeValue(field: Field, value: unknown, enumNames: boolean): string {
  switch (field.kind) {
    case 'message':
      return writeJsonMessage(field.table, asMessage(field, value), enumNames);
    case 'string':
      return escaped(asString(field, value));
    case 'uint64':
    case 'fixed64':
      return String(asUint64(field, value));
    case 'enum':
      return writeEnum(field, asEnum(field, value), enumNames);
    case 'timestamp':
      return printTimestamp(asTimestamp(field, value));
    case 'duration':
      return printDuration(asDuration(field, value));
    case 'bool':
      return asBool(field, value) ? 'true' : 'false';
    case 'float':
      return writeFloat(asNumber(field, value));
    case 'double':
      return writeDouble(asNumber(field, value));
    case 'bytes':
      return Buffer.from(asBytes(field, value)).toString('base64');
    case 'int32':
    case 'sint32':
    case 'sfixed32':
      return String(asInt32(field, value));
    case 'uint32':
    case 'fixed32':
      return String(asUint32(field, value));
    // int64, sint64 and sfixed64, the last ones.
    default:
      return String(asInt64(field, value));
  }
}

function writeEnum(field: Field, value: number, enumNames: boolean): string {
  const name = enumNames ? field.values.names.get(value) : undefined;
  return name === undefined ? String(value) : `"${name}"`;
}

function writeDouble(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A value that came as a 32-bit float is printed in the fewest digits that mean the same float: 48.137432. */
function writeFloat(value: number): string {
  if (value === 0 || Math.fround(value) !== value) return writeDouble(value);
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return writeDouble(short);
  }
  return writeDouble(Number(value.toPrecision(9)));
}

/** Up to this many characters, looking at each one beats the call into the runtime. */
const SHORT_STRING = 32;
/** Text without the characters that JSON has to escape (control characters, `"`, `\`) or may have to (surrogates). */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** The inside of a JSON string. */
function escaped(text: string): string {
  if (!mayNeedEscape(text)) return text;
  return JSON.stringify(text).slice(1, -1);
}

function mayNeedEscape(text: string): boolean {
  if (text.length > SHORT_STRING) return !PLAIN.test(text);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code >= 0xd800 && code < 0xe000)) return true;
  }
  return false;
}

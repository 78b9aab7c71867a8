/**
 * One codec per message type, compiled from its descriptor at start: between plain objects and the two forms of the
 * protobuf standard, binary and JSON. protobuf-es holds the descriptors and is the oracle of the tests; this codec
 * exists because it is several times faster, checks `required` when reading, and keeps integers exact.
 */
import type { DescMessage } from '@bufbuild/protobuf';
import { BinaryWriter } from './binary-writer.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import { tableOf } from './fields.ts';
import type { PlainMessage } from './fields.ts';
import { parseJsonMessage, readJsonMessage } from './json-reader.ts';
import { writeJsonMessage } from './json-writer.ts';

/**
 * How many messages may be nested in each other, the outermost counted. Our own types need five; the rest is room for
 * fields that a newer client knows. Readers recurse, so there must be a limit.
 */
export const MAX_DEPTH = 32;

/** How `toJson` prints enums: by number (the default) or by the name in the proto file. */
export interface JsonOptions {
  enums: 'number' | 'name';
}

/**
 * `T` is a plain object: keys are proto field names, unset fields are absent (or undefined), repeated fields are arrays
 * (on reading always there), enums and floats are numbers, bytes a Uint8Array, 64-bit integers an `Int64`,
 * google.protobuf.Timestamp and Duration `{seconds, nanos}`.
 */
export interface Codec<T> {
  /** Full name of the message type, e.g. `appootb.message.Stream`. */
  readonly typeName: string;
  /**
   * Reads the binary wire format. Throws DecodeError and nothing else: for what is not the wire format, a missing
   * required field on any level, an unknown value of a required closed enum, two members of one oneof, a 64-bit
   * integer above 2^63-1, a time out of range, groups, and nesting beyond MAX_DEPTH. Unknown fields are passed over.
   */
  decode(bytes: Uint8Array): T;
  /** Writes the binary wire format. Throws EncodeError: a required field is unset or a value does not fit its field. */
  encode(message: T): Buffer;
  /** Reads the JSON mapping. Throws DecodeError and nothing else, for the same reasons as `decode` and for wrong types. */
  parseJson(text: string): T;
  /**
   * Reads the JSON mapping from what `JSON.parse` returned. As `parseJson`, except that a number literal beyond 2^53 is
   * refused: its digits are lost.
   */
  readJson(value: unknown): T;
  /** Writes the JSON mapping, with proto field names. Throws EncodeError like `encode`. */
  toJson(message: T, options?: JsonOptions): string;
}

/**
 * Compiles the codec of a message type; once, at start. `T` must be the plain form of that type. Throws TypeError for
 * what a codec has no room for: maps, groups, more than 30 fields, and well-known types other than Timestamp, Duration
 * and Empty.
 */
export function compileCodec<T extends object>(desc: DescMessage): Codec<T> {
  const table = tableOf(desc);
  const writer = new BinaryWriter();
  // The tables make the objects what `T` says; the compiler cannot follow them there.
  const typed = (message: PlainMessage) => message as T;
  const plain = (message: T) => message as PlainMessage;
  return {
    typeName: desc.typeName,
    decode: (bytes) => typed(decodeMessage(table, bytes, MAX_DEPTH)),
    encode(message) {
      try {
        encodeMessage(writer, table, plain(message));
        return writer.copy();
      } finally {
        writer.reset();
      }
    },
    parseJson: (text) => typed(parseJsonMessage(table, text, MAX_DEPTH)),
    readJson: (value) => typed(readJsonMessage(table, value, MAX_DEPTH)),
    toJson: (message, options) => writeJsonMessage(table, plain(message), options?.enums === 'name'),
  };
}

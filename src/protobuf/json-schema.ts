/** The JSON mapping of a message type as JSON Schema, from its descriptor, with the comments of the proto file where the descriptor has them. */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { tableOf } from './fields.ts';
import type { EnumTable, Field } from './fields.ts';

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

export interface ObjectSchema extends JsonSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
}

/**
 * Members are named as in the proto file; whatever else a newer peer knows may stand there too. A type inside itself (`within`) is any object:
 * schemas hold no references.
 */
export function jsonSchemaOf(desc: DescMessage, within: readonly DescMessage[] = []): ObjectSchema {
  const { fields } = tableOf(desc);
  const properties = fields.map((field) => [field.name, propertyOf(field, desc, [...within, desc])] as const);
  const pairs = rivalsIn(fields);
  return {
    type: 'object',
    ...described(commentOf(desc)),
    properties: Object.fromEntries(properties),
    required: fields.filter(({ required }) => required).map(({ name }) => name),
    ...(pairs.length > 0 && { not: { anyOf: pairs.map((pair) => ({ required: pair })) } }),
  };
}

/** Members of one oneof, two by two: they exclude each other. */
function rivalsIn(fields: readonly Field[]): readonly (readonly [string, string])[] {
  return fields.flatMap((one, at) =>
    fields.slice(at + 1).flatMap((other) => ((one.rivals & other.bit) === 0 ? [] : [[one.name, other.name] as const])),
  );
}

function propertyOf(field: Field, parent: DescMessage, within: readonly DescMessage[]): JsonSchema {
  const desc = parent.fields.find(({ number }) => number === field.number);
  const value = field.kind === 'message' ? messageOf(desc?.message, within) : valueOf(field);
  const comment = described(desc === undefined ? '' : commentOf(desc));
  return field.list ? { type: 'array', items: value, ...comment } : { ...value, ...comment };
}

function messageOf(message: DescMessage | undefined, within: readonly DescMessage[]): JsonSchema {
  return message === undefined || within.includes(message) ? { type: 'object' } : jsonSchemaOf(message, within);
}

function valueOf({ kind, values }: Field): JsonSchema {
  switch (kind) {
    case 'string':
      return { type: 'string' };
    case 'bytes':
      return { type: 'string', contentEncoding: 'base64' };
    case 'bool':
      return { type: 'boolean' };
    case 'float':
    case 'double':
      return { anyOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }] };
    case 'int32':
    case 'sint32':
    case 'sfixed32':
      return { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
    case 'uint32':
    case 'fixed32':
      return { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 };
    case 'int64':
    case 'sint64':
    case 'sfixed64':
      return { anyOf: [{ type: 'string', pattern: '^-?[0-9]{1,19}$' }, { type: 'integer' }] };
    case 'uint64':
    case 'fixed64':
      return {
        anyOf: [
          { type: 'string', pattern: '^[0-9]{1,19}$' },
          { type: 'integer', minimum: 0 },
        ],
      };
    case 'enum':
      return enumOf(values);
    case 'timestamp':
      return { type: 'string', format: 'date-time' };
    case 'duration':
      return { type: 'string', pattern: String.raw`^-?[0-9]{1,12}(\.[0-9]{1,9})?s$` };
    case 'message':
      return { type: 'object' };
  }
}

/** By number or by name. */
function enumOf({ names }: EnumTable): JsonSchema {
  return {
    anyOf: [
      { type: 'integer', enum: [...names.keys()] },
      { type: 'string', enum: [...names.values()] },
    ],
  };
}

function described(description: string): { readonly description?: string } {
  return description === '' ? {} : { description };
}

/** Numbers of the members of FileDescriptorProto and DescriptorProto that the places of comments are made of. */
const MESSAGES_OF_FILE = 4;
const FIELDS_OF_MESSAGE = 2;

/** What stands before a top-level message, or a field of one, in the proto file. */
function commentOf(desc: DescMessage | DescField): string {
  const message = desc.kind === 'message' ? desc : desc.parent;
  const place = [MESSAGES_OF_FILE, message.file.messages.indexOf(message)];
  if (desc.kind === 'field') place.push(FIELDS_OF_MESSAGE, message.fields.indexOf(desc));
  const locations = message.file.proto.sourceCodeInfo?.location ?? [];
  const found = locations.find(({ path }) => path.length === place.length && path.every((part, at) => part === place[at]));
  return found === undefined ? '' : found.leadingComments.trim().replace(/\s+/g, ' ');
}

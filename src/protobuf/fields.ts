/**
 * Descriptors flattened into the tables that the readers and writers run on: everything that can be known before the
 * first message is worked out here, once.
 */
import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';

/** A message as a plain object: proto field names, unset fields absent. */
export type PlainMessage = Record<string, unknown>;

export type Kind =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'float'
  | 'double'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'sfixed32'
  | 'int64'
  | 'uint64'
  | 'sint64'
  | 'fixed64'
  | 'sfixed64'
  | 'enum'
  | 'message'
  | 'timestamp'
  | 'duration';

export interface EnumTable {
  readonly numbers: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
  /** Closed (proto2): a number that is not listed is no value of the field. */
  readonly closed: boolean;
}

export interface Field {
  readonly name: string;
  /** Full name, for errors that are ours: `appootb.message.Stream.sn`. */
  readonly fullName: string;
  readonly number: number;
  readonly kind: Kind;
  readonly list: boolean;
  readonly required: boolean;
  /** proto3 without `optional`: a zero is not sent. */
  readonly implicit: boolean;
  /** Wire type of one value (0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes). */
  readonly wireType: number;
  /** The tag in front of a value: number and wire type; of a packed list, in front of the whole list. */
  readonly tag: number;
  /** A list of numbers: written as one run of bytes when `packed`, and read in either form. */
  readonly packable: boolean;
  readonly packed: boolean;
  /** This field's bit in the sets of fields of its message. */
  readonly bit: number;
  /** The other members of the same oneof, as a set of bits. */
  readonly rivals: number;
  readonly oneof: string | undefined;
  readonly table: MessageTable;
  readonly values: EnumTable;
  /** The value is a JSON string. */
  readonly quoted: boolean;
  /** What the JSON writer puts between the value before this field and this value, quotes of both included. */
  readonly jsonKey: { readonly first: string; readonly afterBare: string; readonly afterQuoted: string };
}

export interface MessageTable {
  readonly typeName: string;
  /** By number, ascending: the order of writing. */
  readonly fields: readonly Field[];
  readonly descending: readonly Field[];
  readonly lists: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
  /** By proto name and by JSON (camelCase) name. */
  readonly byKey: ReadonlyMap<string, Field>;
  /** The required fields, as a set of bits. */
  readonly required: number;
}

/** Sets of fields are the bits of a small integer. */
const MAX_FIELDS = 30;

/** They have a JSON form of their own which this codec does not speak. */
const UNSUPPORTED = /^google\.protobuf\.(Any|Struct|Value|ListValue|FieldMask|\w+Value)$/;

const NO_MESSAGE: MessageTable = {
  typeName: '',
  fields: [],
  descending: [],
  lists: [],
  byNumber: new Map(),
  byKey: new Map(),
  required: 0,
};
const NO_ENUM: EnumTable = { numbers: new Map(), names: new Map(), closed: false };

const SCALARS: Readonly<Record<ScalarType, Kind>> = {
  [ScalarType.STRING]: 'string',
  [ScalarType.BYTES]: 'bytes',
  [ScalarType.BOOL]: 'bool',
  [ScalarType.FLOAT]: 'float',
  [ScalarType.DOUBLE]: 'double',
  [ScalarType.INT32]: 'int32',
  [ScalarType.UINT32]: 'uint32',
  [ScalarType.SINT32]: 'sint32',
  [ScalarType.FIXED32]: 'fixed32',
  [ScalarType.SFIXED32]: 'sfixed32',
  [ScalarType.INT64]: 'int64',
  [ScalarType.UINT64]: 'uint64',
  [ScalarType.SINT64]: 'sint64',
  [ScalarType.FIXED64]: 'fixed64',
  [ScalarType.SFIXED64]: 'sfixed64',
};

/** Kinds whose JSON form is always a string. Enums and floats may be one, and bring their own quotes. */
export const QUOTED: ReadonlySet<Kind> = new Set<Kind>([
  'string',
  'bytes',
  'int64',
  'uint64',
  'sint64',
  'fixed64',
  'sfixed64',
  'timestamp',
  'duration',
]);

function wireTypeOf(kind: Kind): number {
  switch (kind) {
    case 'string':
    case 'bytes':
    case 'message':
    case 'timestamp':
    case 'duration':
      return 2;
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return 1;
    case 'float':
    case 'fixed32':
    case 'sfixed32':
      return 5;
    default:
      return 0;
  }
}

function kindOf(field: DescField): Kind {
  if (field.scalar !== undefined) return SCALARS[field.scalar];
  if (field.enum !== undefined) return 'enum';
  if (field.message?.typeName === 'google.protobuf.Timestamp') return 'timestamp';
  if (field.message?.typeName === 'google.protobuf.Duration') return 'duration';
  return 'message';
}

function enumTable(desc: DescEnum): EnumTable {
  return {
    // Aliases: every name is read, the first name of a number is printed.
    numbers: new Map(desc.values.map((value) => [value.name, value.number])),
    names: new Map(desc.values.toReversed().map((value) => [value.number, value.name])),
    closed: !desc.open,
  };
}

function fieldOf(desc: DescField, bits: ReadonlyMap<DescField, number>, tables: Map<string, MessageTable>): Field {
  if (desc.fieldKind === 'map') throw new TypeError(`${desc.toString()}: maps are not supported`);
  if (desc.message !== undefined && desc.delimitedEncoding) throw new TypeError(`${desc.toString()}: groups are not supported`);
  const kind = kindOf(desc);
  const list = desc.fieldKind === 'list';
  const wireType = wireTypeOf(kind);
  const packed = desc.fieldKind === 'list' && desc.packed;
  const bit = bits.get(desc) ?? 0;
  const members = desc.oneof?.fields ?? [];
  const quoted = !list && QUOTED.has(kind);
  const jsonKey = `"${desc.name}":${quoted ? '"' : ''}`;
  return {
    name: desc.name,
    fullName: `${desc.parent.typeName}.${desc.name}`,
    number: desc.number,
    kind,
    list,
    required: desc.presence === Presence.LEGACY_REQUIRED,
    implicit: !list && desc.presence === Presence.IMPLICIT,
    wireType,
    tag: ((desc.number << 3) | (packed ? 2 : wireType)) >>> 0,
    packable: list && wireType !== 2,
    packed,
    bit,
    rivals: members.reduce((set, member) => set | (bits.get(member) ?? 0), 0) & ~bit,
    oneof: desc.oneof?.name,
    table: desc.message === undefined ? NO_MESSAGE : tableOf(desc.message, tables),
    values: desc.enum === undefined ? NO_ENUM : enumTable(desc.enum),
    quoted,
    jsonKey: { first: `{${jsonKey}`, afterBare: `,${jsonKey}`, afterQuoted: `",${jsonKey}` },
  };
}

/**
 * The table of a message type and, through its fields, of every type it holds. `tables` has the ones made so far, so
 * that a type may hold itself. Throws TypeError for what this codec has no room for.
 */
export function tableOf(desc: DescMessage, tables = new Map<string, MessageTable>()): MessageTable {
  const known = tables.get(desc.typeName);
  if (known !== undefined) return known;
  if (UNSUPPORTED.test(desc.typeName)) throw new TypeError(`${desc.toString()}: not supported`);
  if (desc.fields.length > MAX_FIELDS) throw new TypeError(`${desc.toString()}: more than ${MAX_FIELDS} fields`);
  const fields: Field[] = [];
  const descending: Field[] = [];
  const lists: Field[] = [];
  const byNumber = new Map<number, Field>();
  const byKey = new Map<string, Field>();
  const bits = new Map(desc.fields.map((field, index) => [field, 1 << index]));
  const required = desc.fields
    .filter((field) => field.presence === Presence.LEGACY_REQUIRED)
    .reduce((set, field) => set | (bits.get(field) ?? 0), 0);
  const table = { typeName: desc.typeName, fields, descending, lists, byNumber, byKey, required };
  tables.set(desc.typeName, table);
  for (const each of desc.fields.toSorted((a, b) => a.number - b.number)) {
    const field = fieldOf(each, bits, tables);
    fields.push(field);
    descending.unshift(field);
    if (field.list) lists.push(field);
    byNumber.set(field.number, field);
    byKey.set(each.name, field).set(each.jsonName, field);
  }
  return table;
}

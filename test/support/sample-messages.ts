/**
 * For the tests: message types with every kind of field, and generators of plain messages for any type.
 */
import { create, createFileRegistry } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import {
  DurationSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as FieldType,
  FileDescriptorSetSchema,
  TimestampSchema,
} from '@bufbuild/protobuf/wkt';
import * as fc from 'fast-check';

const SCALARS = {
  text: FieldType.STRING,
  raw: FieldType.BYTES,
  flag: FieldType.BOOL,
  single: FieldType.FLOAT,
  double: FieldType.DOUBLE,
  int32: FieldType.INT32,
  uint32: FieldType.UINT32,
  sint32: FieldType.SINT32,
  fixed32: FieldType.FIXED32,
  sfixed32: FieldType.SFIXED32,
  int64: FieldType.INT64,
  uint64: FieldType.UINT64,
  sint64: FieldType.SINT64,
  fixed64: FieldType.FIXED64,
  sfixed64: FieldType.SFIXED64,
};

interface Sample {
  name: string;
  number: number;
  type: FieldType;
  label: Label;
  typeName?: string;
}

function field({ name, typeName = '', ...rest }: Sample) {
  const jsonName = name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return { name, jsonName, typeName, ...rest };
}

/** All kinds once with this label, numbers from `first`: tags of one, two and three bytes. */
function everyKind(syntax: string, prefix: string, first: number, label: Label) {
  const scalars = Object.entries(SCALARS).map(([name, type], index) =>
    field({ name: prefix + name, number: first + index * 7, type, label }),
  );
  const number = first + scalars.length * 7;
  const type = FieldType.MESSAGE;
  return [
    ...scalars,
    field({ name: `${prefix}colour`, number, type: FieldType.ENUM, label, typeName: `.sample.${syntax}.Colour` }),
    field({ name: `${prefix}child`, number: number + 7, type, label, typeName: `.sample.${syntax}.Single` }),
    field({ name: `${prefix}expire`, number: number + 14, type, label, typeName: '.google.protobuf.Duration' }),
    field({ name: `${prefix}at_time`, number: number + 5000, type, label, typeName: '.google.protobuf.Timestamp' }),
  ];
}

function file(syntax: 'proto2' | 'proto3') {
  return {
    name: `sample/${syntax}.proto`,
    package: `sample.${syntax}`,
    syntax,
    dependency: ['google/protobuf/duration.proto', 'google/protobuf/timestamp.proto'],
    enumType: [
      {
        name: 'Colour',
        value: [
          { name: 'NONE', number: 0 },
          { name: 'RED', number: 5 },
          { name: 'BLUE', number: 300 },
          ...(syntax === 'proto2' ? [{ name: 'MINUS', number: -7 }] : []),
        ],
      },
    ],
    messageType: [
      { name: 'Single', field: everyKind(syntax, 'one_', 1, Label.OPTIONAL) },
      { name: 'Many', field: everyKind(syntax, 'all_', 3, Label.REPEATED) },
      ...(syntax === 'proto2' ? [{ name: 'Needed', field: everyKind(syntax, 'need_', 2, Label.REQUIRED) }] : []),
    ],
  };
}

const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [DurationSchema.file.proto, TimestampSchema.file.proto, file('proto2'), file('proto3')],
  }),
);

/** A sample type: Single (optional fields, and itself in `one_child`), Many (lists), Needed (required, proto2 only). */
export function sampleType(name: `proto2.${'Single' | 'Many' | 'Needed'}` | `proto3.${'Single' | 'Many'}`): DescMessage {
  const desc = registry.getMessage(`sample.${name}`);
  if (desc === undefined) throw new Error(`no ${name}`);
  return desc;
}

/** As our codec gives it: a number when that is exact. */
function int64(min: bigint, max: bigint): fc.Arbitrary<number | bigint> {
  const near = fc.constantFrom(0n, 1n, -1n, 127n, 128n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, min, max);
  const integer = fc.oneof(fc.bigInt({ min, max }), near, fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }));
  return integer
    .filter((value) => value >= min && value <= max)
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
}

const MAX_INT64 = 2n ** 63n - 1n;
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'binary-ascii', maxLength: 200 }),
);
const nanos = fc.oneof(fc.constantFrom(0, 1, 20_000, 500_000_000), fc.integer({ min: 0, max: 999_999_999 }));
const timestamp = fc.record({ seconds: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), nanos });
const duration = fc
  .record({ sign: fc.constantFrom(1, -1), seconds: fc.integer({ min: 0, max: 315_576_000_000 }), nanos })
  .map((span) => ({ seconds: span.sign * span.seconds + 0, nanos: span.sign * span.nanos + 0 }));

function scalar(desc: DescField): fc.Arbitrary<unknown> {
  switch (desc.proto.type) {
    case FieldType.STRING:
      return text;
    case FieldType.BYTES:
      return fc.uint8Array({ maxLength: 40 });
    case FieldType.BOOL:
      return fc.boolean();
    case FieldType.FLOAT:
      return fc.float();
    case FieldType.DOUBLE:
      return fc.double();
    case FieldType.INT32:
    case FieldType.SINT32:
    case FieldType.SFIXED32:
      return fc.integer();
    case FieldType.UINT32:
    case FieldType.FIXED32:
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case FieldType.UINT64:
    case FieldType.FIXED64:
      return int64(0n, MAX_INT64);
    default:
      return int64(-MAX_INT64 - 1n, MAX_INT64);
  }
}

function one(desc: DescField, depth: number): fc.Arbitrary<unknown> {
  if (desc.enum !== undefined) return fc.constantFrom(...desc.enum.values.map((value) => value.number));
  if (desc.message?.typeName === TimestampSchema.typeName) return timestamp;
  if (desc.message?.typeName === DurationSchema.typeName) return duration;
  if (desc.message !== undefined) return plainMessage(desc.message, depth - 1);
  return scalar(desc);
}

/** Plain messages of a type as `decode` gives them, nested at most `depth` deep, with at most one member of a oneof. */
export function plainMessage(desc: DescMessage, depth = 5): fc.Arbitrary<Record<string, unknown>> {
  const required: string[] = [];
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const each of desc.fields) {
    const needed = each.proto.label === Label.REQUIRED;
    if (each.message !== undefined && depth === 0 && !needed && each.fieldKind !== 'list') continue;
    if (needed || each.fieldKind === 'list') required.push(each.name);
    model[each.name] =
      each.fieldKind === 'list'
        ? fc.array(one(each, depth), { maxLength: depth === 0 && each.message !== undefined ? 0 : 3 })
        : one(each, depth);
  }
  const choices = desc.oneofs.map((oneof) => fc.constantFrom(undefined, ...oneof.fields.map((member) => member.name)));
  return fc.tuple(fc.record(model, { requiredKeys: required }), fc.tuple(...choices)).map(([message, chosen]) => {
    const dropped = desc.oneofs.flatMap((oneof, index) =>
      oneof.fields.filter((member) => member.name !== chosen[index]).map((member) => member.name),
    );
    return Object.fromEntries(Object.entries(message).filter(([name]) => !dropped.includes(name)));
  });
}

/** The codec against protobuf-es, which passes the conformance tests of protobuf: the same bytes, the same JSON. */
import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import { FieldDescriptorProto_Type } from '@bufbuild/protobuf/wkt';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCodec } from './codec.ts';
import { plainMessage, sampleType } from '../../test/support/sample-messages.ts';
import { PackageSchema, PostSchema, ReceiptsSchema, StreamSchema } from './index.ts';

const types: DescMessage[] = [
  StreamSchema,
  PostSchema,
  PackageSchema,
  ReceiptsSchema,
  sampleType('proto2.Single'),
  sampleType('proto2.Many'),
  sampleType('proto2.Needed'),
];

function property(desc: DescMessage, check: (message: Record<string, unknown>) => void) {
  fc.assert(fc.property(plainMessage(desc, 3), check), { numRuns: 150 });
}

describe.each(types)('$typeName', (desc) => {
  const codec = compileCodec<Record<string, unknown>>(desc);

  test('our bytes are theirs, and theirs are read back', () => {
    property(desc, (message) => {
      const bytes = codec.encode(message);
      const theirs = fromBinary(desc, bytes);
      expect(theirs.$unknown ?? []).toEqual([]);
      expect(codec.decode(toBinary(desc, theirs))).toEqual(message);
      expect(codec.decode(bytes)).toEqual(message);
    });
  });

  test('our JSON is theirs, and theirs is read back in both spellings', () => {
    property(desc, (message) => {
      const theirs = fromBinary(desc, codec.encode(message));
      const json = toJson(desc, theirs, { useProtoFieldName: true });
      expect(rounded(desc, JSON.parse(codec.toJson(message, { enums: 'name' })))).toEqual(rounded(desc, json));
      expect(codec.readJson(json)).toEqual(message);
      expect(codec.parseJson(JSON.stringify(toJson(desc, theirs)))).toEqual(positiveZeros(message));
    });
  });

  test('they read our JSON with enum numbers as the same message', () => {
    property(desc, (message) => {
      const json = JSON.parse(codec.toJson(message));
      const theirs = fromBinary(desc, codec.encode(message));
      expect(toBinary(desc, fromJson(desc, json))).toEqual(toBinary(desc, theirs));
    });
  });
});

describe.each([sampleType('proto3.Single'), sampleType('proto3.Many')])('$typeName', (desc) => {
  const codec = compileCodec<Record<string, unknown>>(desc);

  test('zeros are left out as they do, on both wires', () => {
    property(desc, (message) => {
      const bytes = codec.encode(message);
      const theirs = fromBinary(desc, bytes);
      expect(Buffer.from(toBinary(desc, theirs))).toEqual(bytes);
      const json = toJson(desc, theirs, { useProtoFieldName: true });
      expect(rounded(desc, JSON.parse(codec.toJson(message, { enums: 'name' })))).toEqual(rounded(desc, json));
      expect(codec.decode(bytes)).toEqual(codec.readJson(json));
    });
  });
});

/** Numbers of JSON to the precision of a 32-bit float: we print the shortest digits of a float, they print a double. */
function rounded(desc: DescMessage, json: unknown): unknown {
  return JSON.parse(JSON.stringify(json), (key, value) => {
    return typeof value === 'number' && hasFloats(desc, key) ? Math.fround(value) : value;
  });
}

/** Is the member (an index, in a list) one that could hold a float? In our types all numbers of JSON are floats or small. */
function hasFloats(desc: DescMessage, key: string): boolean {
  const member = desc.fields.find((field) => field.name === key);
  return member === undefined || member.proto.type === FieldDescriptorProto_Type.FLOAT;
}

/** JSON.stringify writes -0 as 0. */
function positiveZeros(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(positiveZeros);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, positiveZeros(each)]));
}

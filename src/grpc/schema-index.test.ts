import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import type { DescFile } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as FieldType,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { beforeEach, expect, test } from 'vitest';
import { createSchemaIndex } from './schema-index.ts';
import type { SchemaIndex } from './schema-index.ts';

/** base.proto declares what extending.proto extends; top.proto imports both. */
function testFiles(): DescFile[] {
  const field = { name: 'id', number: 1, type: FieldType.INT32, label: Label.OPTIONAL };
  const set = create(FileDescriptorSetSchema, {
    file: [
      {
        name: 'base.proto',
        package: 'base',
        syntax: 'proto2',
        messageType: [
          {
            name: 'Thing',
            field: [{ ...field, oneofIndex: 0 }],
            oneofDecl: [{ name: 'kind' }],
            extensionRange: [{ start: 100, end: 200 }],
            nestedType: [{ name: 'Inner', enumType: [{ name: 'Color', value: [{ name: 'RED', number: 0 }] }] }],
          },
        ],
      },
      {
        name: 'extending.proto',
        package: 'extending',
        syntax: 'proto2',
        dependency: ['base.proto'],
        extension: [
          { ...field, name: 'first', number: 100, extendee: '.base.Thing' },
          { ...field, name: 'second', number: 150, extendee: '.base.Thing' },
        ],
      },
      {
        name: 'top.proto',
        package: 'top',
        syntax: 'proto3',
        dependency: ['base.proto', 'extending.proto'],
        service: [{ name: 'Things', method: [{ name: 'Get', inputType: '.base.Thing', outputType: '.base.Thing' }] }],
      },
    ],
  });
  return [...createFileRegistry(set).files];
}

let index: SchemaIndex;

beforeEach(() => {
  index = createSchemaIndex();
  const top = testFiles().find((file) => file.proto.name === 'top.proto');
  if (top === undefined) throw new Error('top.proto is missing');
  index.add(top);
  index.add(top);
});

const names = (files: Uint8Array[] | undefined): string[] | undefined =>
  files?.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);

test('a file brings what it imports, each once', () => {
  expect(names(index.fileByName('top.proto'))).toEqual(['top.proto', 'base.proto', 'extending.proto']);
  expect(names(index.fileByName('base.proto'))).toEqual(['base.proto']);
  expect(index.fileByName('other.proto')).toBeUndefined();
});

test.each([
  ['top.Things', 'top.proto'],
  ['top.Things.Get', 'top.proto'],
  ['base.Thing', 'base.proto'],
  ['base.Thing.id', 'base.proto'],
  ['base.Thing.kind', 'base.proto'],
  ['base.Thing.Inner', 'base.proto'],
  ['base.Thing.Inner.Color', 'base.proto'],
  ['base.Thing.Inner.RED', 'base.proto'],
  ['extending.first', 'extending.proto'],
])('%s is declared in %s', (symbol, file) => {
  expect(names(index.fileOfSymbol(symbol))?.[0]).toBe(file);
});

test.each(['base', 'base.Missing', '.base.Thing', 'base.Thing.Inner.Color.RED', ''])('%j is declared nowhere', (symbol) => {
  expect(index.fileOfSymbol(symbol)).toBeUndefined();
});

test('extensions by number, and the numbers of a type', () => {
  expect(names(index.fileOfExtension('base.Thing', 150))?.[0]).toBe('extending.proto');
  expect(index.fileOfExtension('base.Thing', 151)).toBeUndefined();
  expect(index.extensionNumbers('base.Thing')).toEqual([100, 150]);
  expect(index.extensionNumbers('base.Thing.Inner')).toEqual([]);
  expect(index.extensionNumbers('base.Missing')).toBeUndefined();
});

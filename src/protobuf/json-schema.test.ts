import * as fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { describe, expect, test } from 'vitest';
import { plainMessage, sampleType } from '../../test/support/sample-messages.ts';
import { StreamSchema, compileCodec, jsonSchemaOf, loadSchema } from './index.ts';

describe.each([
  ['appootb.message.Stream', StreamSchema],
  ['every kind of field, proto2', sampleType('proto2.Single')],
  ['every kind of list, proto2', sampleType('proto2.Many')],
  ['required fields', sampleType('proto2.Needed')],
  ['every kind of field, proto3', sampleType('proto3.Single')],
])('%s', (_, desc) => {
  test('is written as the schema says, enums by number and by name', () => {
    const codec = compileCodec<Record<string, unknown>>(desc);
    const schema = Compile(jsonSchemaOf(desc));
    fc.assert(
      fc.property(plainMessage(desc), fc.constantFrom('number' as const, 'name' as const), (message, enums) => {
        const json: unknown = JSON.parse(codec.toJson(message, { enums }));
        expect([json, [...schema.Errors(json)]]).toEqual([json, []]);
      }),
    );
  });
});

test('the comments of the proto file come along, and what it requires is required', () => {
  const desc = loadSchema().getMessage('appootb.message.Post');
  expect(desc && jsonSchemaOf(desc)).toMatchObject({
    description: 'Message post: one message with its postmark.',
    required: ['postmark', 'type'],
    properties: {
      postmark: { description: 'Message postmark.', required: ['category', 'sender', 'receiver'] },
      coordinate: { properties: { latitude: { description: 'Latitude in degrees.' } } },
    },
    not: {
      anyOf: [{ required: ['text', 'resource'] }, { required: ['text', 'coordinate'] }, { required: ['resource', 'coordinate'] }],
    },
  });
});

/** The published interface, number by number: a change here breaks clients that are out there. */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { loadSchema } from './index.ts';

const schema = loadSchema();

/** As in the table of the published schema: `category=1 r Category`, r for required, * for repeated. */
function line(field: DescField): string {
  const mark = field.fieldKind === 'list' ? ' *' : field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED ? ' r' : '';
  const scalars: Record<number, string> = { 2: 'float', 4: 'uint64', 5: 'int32', 8: 'bool', 9: 'string', 13: 'uint32' };
  const type = (field.message ?? field.enum)?.name ?? scalars[field.proto.type];
  return `${field.name}=${field.number}${mark} ${type}`;
}

function lines(message: DescMessage | undefined): string[] {
  const inOneof = (field: DescField) => (field.oneof === undefined ? '' : `${field.oneof.name}: `);
  return (message?.fields ?? []).map((field) => inOneof(field) + line(field));
}

describe('appootb.message', () => {
  test.each([
    [
      'Postmark',
      [
        'category=1 r Category',
        'sender=2 r uint64',
        'receiver=3 r uint64',
        'unique_id=4 uint64',
        'expire=8 Duration',
        'timestamp=9 Timestamp',
      ],
    ],
    ['Text', ['content=1 r string']],
    ['Media', ['url=1 r string', 'thumbnail=2 string']],
    ['Location', ['latitude=1 r float', 'longitude=2 r float']],
    [
      'Post',
      [
        'postmark=1 r Postmark',
        'type=2 r Type',
        'envelope: text=10 Text',
        'envelope: resource=11 Media',
        'envelope: coordinate=12 Location',
        // Ours, for those who ask for extensions.
        'caption=100 string',
      ],
    ],
    ['Postbox', ['posts=1 * Post']],
    ['ClientId', ['category=1 r Category', 'last_id=2 uint64']],
    ['ClientIds', ['ids=1 * ClientId']],
    ['Receipts', ['local_ids=1 * ClientId', 'postmarks=2 * Postmark']],
    ['Connections', ['product=1 r string', 'unique_ids=2 * string']],
    ['Tag', ['product=1 r string', 'name=2 r string', 'prefixed=3 bool']],
    ['Package', ['target: tag=1 Tag', 'target: conn=2 Connections', 'sn=8 r string', 'posts=9 * Post']],
  ])('%s', (name, fields) => {
    expect(lines(schema.getMessage(`appootb.message.${name}`))).toEqual(fields);
  });

  test('Stream, with our extensions far from the published numbers', () => {
    const fields = schema.getMessage('appootb.message.Stream')?.fields ?? [];
    expect(fields.filter((field) => field.number < 100).map(line)).toEqual([
      'sn=1 r string',
      'target=2 uint64',
      'type=3 r PayloadType',
      'local=10 ClientIds',
      'postbox=11 Postbox',
      'receipts=12 Receipts',
    ]);
    expect(fields.map(line)).toEqual(expect.arrayContaining(['cut=100 bool', 'changed=101 bool']));
  });

  test.each([
    ['Category', 'CATEGORY', 'UNSPECIFIED PRIVATE GROUP CHANNEL ROOM'],
    ['PayloadType', 'PAYLOAD_TYPE', 'UNSPECIFIED SYNC MESSAGES RECEIPTS'],
    ['Type', 'TYPE', 'UNSPECIFIED TEXT AUDIO STICKER PHOTO VIDEO GIF FILE LOCATION CONTACT RECALL READ'],
  ])('%s', (name, prefix, names) => {
    const values = schema.getEnum(`appootb.message.${name}`)?.values ?? [];
    expect(values.map((value) => `${value.number} ${value.name}`)).toEqual(
      names.split(' ').map((each, number) => `${number} ${prefix}_${each}`),
    );
  });
});

test('services and their methods', () => {
  const methods = [...schema].flatMap((desc) =>
    desc.kind === 'service' ? desc.methods.map((method) => `${desc.typeName}/${method.name} ${method.methodKind}`) : [],
  );
  expect(methods.toSorted()).toEqual([
    'accelbyte.chat.chat.v1.ChatUserChatRateLimitedService/OnMessage unary',
    'accelbyte.chat.chat.v1.ChatUserConnectedService/OnMessage unary',
    'accelbyte.chat.chat.v1.ChatUserDisconnectedService/OnMessage unary',
    'accelbyte.chat.chat.v1.PersonalChatPersonalChatSentService/OnMessage unary',
    'appootb.message.Chat/Interact bidi_streaming',
    'appootb.message.Chat/Send unary',
    'appootb.message.InnerChat/Deliver unary',
    'appootb.message.InnerChat/Kick unary',
    'appootb.message.Room/Interact bidi_streaming',
    'appootb.message.Room/Send unary',
    'grpc.health.v1.Health/Check unary',
    'grpc.health.v1.Health/Watch server_streaming',
    'grpc.reflection.v1.ServerReflection/ServerReflectionInfo bidi_streaming',
    'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo bidi_streaming',
  ]);
});

test('the schema that reflection serves has the comments', () => {
  const file = schema.getFile('appootb/message/chat.proto');
  const comments = file?.proto.sourceCodeInfo?.location.map((location) => location.leadingComments) ?? [];
  expect(comments.join('')).toContain('Message postmark');
});

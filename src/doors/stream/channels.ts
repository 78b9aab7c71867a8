/** This door's WebSockets in the AsyncAPI document: the JSON form of `appootb.message.Stream`, from the proto file, with an example of each frame. */
import { Type as Schema } from 'typebox';
import type { AsyncChannel, AsyncMessage } from '../../api/index.ts';
import { jsonSchemaOf, loadSchema } from '../../protobuf/index.ts';
import type { JsonSchema, ObjectSchema } from '../../protobuf/index.ts';
import { Category, PayloadType, Type } from './wire.ts';

/** What a frame may carry, each for one payload type. */
const MEMBERS = { local: 'SYNC', postbox: 'MESSAGES', receipts: 'RECEIPTS' } as const;
type Member = keyof typeof MEMBERS;

const text = (description: string) => Schema.Optional(Schema.String({ description }));

const Query = Schema.Object({
  extensions: text('1: what is no part of the published interface is sent as well.'),
  enum: text('name: enums are sent by name.'),
  token: text('Token of the user, where it cannot stand in a header.'),
  ticket: text('One-use ticket in place of a token.'),
});

/** A frame that carries this and nothing else. */
function carrying(stream: ObjectSchema, member: Member): JsonSchema {
  const name = MEMBERS[member];
  const others = Object.keys(MEMBERS).filter((one) => one !== member);
  const kept = Object.entries(stream.properties).filter(([property]) => !others.includes(property));
  const type = {
    anyOf: [{ const: PayloadType[name] }, { const: `PAYLOAD_TYPE_${name}` }],
    description: `What it carries: ${member}.`,
  };
  const { not: _, ...rest } = stream;
  return { ...rest, properties: { ...Object.fromEntries(kept), type } };
}

const GROUP = '489204122419200';

function exampleIn(category: Category) {
  const postmark = { category, sender: '1', receiver: GROUP };
  const post = { type: Type.TEXT, text: { content: 'Hello' } };
  const stored = { ...postmark, unique_id: '489204130021376', timestamp: '2026-11-25T10:15:00.123Z' };
  return {
    sync: { sn: 's1', type: PayloadType.SYNC, local: { ids: [{ category, last_id: '489204130021375' }] } },
    send: { sn: 's2', type: PayloadType.MESSAGES, postbox: { posts: [{ postmark, ...post }] } },
    receipts: { sn: 's3', type: PayloadType.RECEIPTS, receipts: { local_ids: [{ category, last_id: stored.unique_id }] } },
    messages: { sn: stored.unique_id, type: PayloadType.MESSAGES, postbox: { posts: [{ postmark: stored, ...post }] } },
  };
}

export function createChannels(): readonly AsyncChannel[] {
  const desc = loadSchema().getMessage('appootb.message.Stream');
  if (desc === undefined) throw new Error('the schema has no appootb.message.Stream');
  const stream = jsonSchemaOf(desc);

  function channel(name: string, address: string, description: string, category: Category): AsyncChannel {
    const example = exampleIn(category);
    const frame = (summary: string, member: Member, shown: unknown): AsyncMessage => {
      return { summary, payload: Schema.Unsafe<object>(carrying(stream, member)), example: shown };
    };
    return {
      name,
      address,
      protocol: 'ws',
      description,
      query: Query,
      security: 'user',
      receives: {
        sync: frame(
          'Asks for everything that is newer: answered by messages with the same sn, page by page, until an empty one.',
          'local',
          example.sync,
        ),
        send: frame(
          'Sends posts, takes them back or has read them: answered by messages with the same sn and what was stored.',
          'postbox',
          example.send,
        ),
        receipts: frame('What has reached the client.', 'receipts', example.receipts),
      },
      sends: {
        messages: frame(
          'Posts: of others, of the user’s other connections, or in answer to sync and send.',
          'postbox',
          example.messages,
        ),
      },
    };
  }

  return [
    channel(
      'stream',
      '/message/chat',
      'The message stream of a user: one appootb.message.Stream per text frame in the protobuf JSON mapping, or per binary frame in protobuf.',
      Category.GROUP,
    ),
    channel('streamRoom', '/message/room', 'The same in rooms: one is in a room while connected to it.', Category.ROOM),
  ];
}

/** The AsyncAPI document as it is served: references lead somewhere, operations name messages of their channel, examples are what the schemas say. */
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webSocketText } from '../support/clients/carriers.ts';
import type { StreamJson } from '../support/clients/stream-frame.ts';
import { Category, PayloadType } from '../support/clients/stream-frame.ts';
import { DeskPeer } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, markPost, textPost } from '../support/stream-peer.ts';

interface Reference {
  readonly $ref: string;
}

interface Message {
  readonly name: string;
  readonly summary: string;
  readonly payload: object;
  readonly examples: readonly { readonly payload: unknown }[];
}

interface Document {
  readonly asyncapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly servers: Readonly<Record<string, { readonly host: string; readonly protocol: string }>>;
  readonly channels: Readonly<
    Record<
      string,
      { readonly address: string; readonly servers: Reference[]; readonly messages: Readonly<Record<string, Reference>> }
    >
  >;
  readonly operations: Readonly<
    Record<
      string,
      { readonly action: string; readonly channel: Reference; readonly messages: Reference[]; readonly security: Reference[] }
    >
  >;
  readonly components: { readonly messages: Readonly<Record<string, Message>>; readonly securitySchemes: object };
}

let server: TestServer;
let document: Document;
beforeAll(async () => {
  server = await startServer();
  document = (await (await fetch(`${server.url}/api/asyncapi.json`)).json()) as Document;
});
afterAll(() => server.close());

function follow(reference: string): unknown {
  const parts = reference.replace(/^#\//, '').split('/');
  return parts.reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], document);
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  );
}

test('has what AsyncAPI 3 asks for, and nothing beside it', () => {
  expect(document.asyncapi).toBe('3.0.0');
  expect(document.info).toMatchObject({ title: 'Switchboard', version: expect.any(String) as unknown });
  expect(Object.keys(document).sort()).toEqual([
    'asyncapi',
    'channels',
    'components',
    'defaultContentType',
    'info',
    'operations',
    'servers',
  ]);
  for (const { host } of Object.values(document.servers)) expect(host).toBe(new URL(server.url).host);
  for (const names of [document.channels, document.operations, document.servers].map(Object.keys)) {
    expect(names.length).toBeGreaterThan(0);
  }
  // The form that names of components must have.
  for (const name of Object.keys(document.components.messages)) expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
});

test('every reference leads somewhere', () => {
  const references = referencesIn(document);
  expect(references.length).toBeGreaterThan(50);
  for (const reference of references) expect([reference, follow(reference) !== undefined]).toEqual([reference, true]);
});

test('every operation receives or sends messages of its own channel', () => {
  for (const [name, { action, channel, messages }] of Object.entries(document.operations)) {
    expect(['send', 'receive']).toContain(action);
    expect(messages.length).toBeGreaterThan(0);
    for (const { $ref } of messages) expect([name, $ref.startsWith(`${channel.$ref}/messages/`)]).toEqual([name, true]);
  }
  const used = new Set(Object.values(document.operations).flatMap(({ messages }) => messages.map(({ $ref }) => $ref)));
  const declared = Object.entries(document.channels).flatMap(([name, { messages }]) =>
    Object.keys(messages).map((message) => `#/channels/${name}/messages/${message}`),
  );
  expect([...used].sort()).toEqual(declared.sort());
});

test('every example is what its schema says', () => {
  for (const [name, { payload, examples, summary }] of Object.entries(document.components.messages)) {
    expect(summary).not.toBe('');
    expect(examples.length).toBeGreaterThan(0);
    const schema = Compile(payload);
    for (const example of examples) expect([name, [...schema.Errors(example.payload)]]).toEqual([name, []]);
  }
});

test('all fourteen frames of the desk are in it, and what a real session hears is as it says', async () => {
  const frames = [
    'send_message',
    'mark_message_delivered',
    'mark_message_read',
    'message_added',
    'message_not_added',
    'message_updated',
    'update_typing',
    'typing_updated',
    'user_connected',
    'user_disconnected',
    'chat_updated',
    'operator_updated',
    'global_updated',
    'chat_notification',
  ];
  const { messages } = document.components;
  const known = new Set(Object.keys(messages).map((name) => name.replace(/^(chat|broadcast)\./, '')));
  for (const frame of frames) expect(known).toContain(frame);

  const board = await DeskPeer.connect(server.url, 2, { role: 'operator', path: '/broadcast' });
  const client = await DeskPeer.connect(server.url, 1, { query: { source: 'lk', extensions: '1' } });
  const { uuid } = (await client.send('Hello')).data.message.chat as { uuid: string };
  const operator = await DeskPeer.connect(server.url, 2, { role: 'operator', query: { chat: uuid } });
  operator.say('update_typing', { text: 'H' });
  await operator.send('Hello yourself');
  await client.settled();
  await board.next('operator_updated');
  const told = [
    ...client.told.map((frame) => ['chat', frame] as const),
    ...board.told.map((frame) => ['broadcast', frame] as const),
  ];
  expect(new Set(told.map(([, { type }]) => type)).size).toBeGreaterThan(5);
  for (const [channel, frame] of told) {
    const schema = messages[`${channel}.${frame.type}`]?.payload;
    expect([frame.type, schema && [...Compile(schema).Errors(frame)]]).toEqual([frame.type, []]);
  }
});

const errorsOf = (name: string, frame: unknown): unknown[] => {
  const schema = document.components.messages[name]?.payload;
  return schema === undefined ? ['no such message'] : [...Compile(schema).Errors(frame)];
};

test('the message stream is in it as its proto file has it, and what a real session says and hears is as it says', async () => {
  expect(document.channels['stream']).toMatchObject({ address: '/message/chat' });
  expect(document.channels['streamRoom']).toMatchObject({ address: '/message/room' });
  const [ada, bob] = await server.newUsers(2);
  const [one, other] = [
    await StreamPeer.connect(webSocketText, server, ada, { extensions: true }),
    await StreamPeer.connect(webSocketText, server, bob, { extensions: true }),
  ];
  const place = { peer: bob };
  const said: StreamJson = { sn: 'a-1', type: PayloadType.MESSAGES, postbox: { posts: [textPost(place, ada, 'Hello')] } };
  const answer = await one.ask(said);
  const id = answer.postbox?.posts?.[0]?.postmark.unique_id ?? '';
  await other.nextPush();
  const read: StreamJson = { sn: 'b-1', type: PayloadType.MESSAGES, postbox: { posts: [markPost(11, { peer: ada }, bob, id)] } };
  await other.ask(read);
  await one.nextPush();
  const receipts: StreamJson = {
    sn: 'b-2',
    type: PayloadType.RECEIPTS,
    receipts: { local_ids: [{ category: Category.PRIVATE, last_id: id }] },
  };
  other.link.send(receipts);
  // Refused posts are told with extensions.
  const refused = await one.post([textPost({ group: 1 }, ada, 'x')]);
  expect(refused.errors).toHaveLength(1);
  const sync: StreamJson = { sn: 'b-3', type: PayloadType.SYNC, local: { ids: [{ category: Category.PRIVATE }] } };
  await other.sync([{ category: Category.PRIVATE }]);
  for (const [name, frame] of [
    ['stream.send', said],
    ['stream.send', read],
    ['stream.receipts', receipts],
    ['stream.sync', sync],
  ] as const) {
    expect([name, errorsOf(name, frame)]).toEqual([name, []]);
  }
  const heard = [...one.frames, ...other.frames];
  expect(heard.length).toBeGreaterThan(5);
  for (const frame of heard) expect([frame, errorsOf('stream.messages', frame)]).toEqual([frame, []]);
});

test('what the message stream refuses its schema refuses as well', () => {
  const postmark = { category: 1, sender: '1', receiver: '2' };
  const post = { postmark, type: 'TYPE_TEXT', text: { content: 'Hello' } };
  const frame = { sn: 's', type: 'PAYLOAD_TYPE_MESSAGES', postbox: { posts: [post] } };
  expect(errorsOf('stream.send', frame)).toEqual([]);
  for (const wrong of [
    { ...frame, sn: undefined },
    { ...frame, type: 1 },
    { ...frame, type: 'PAYLOAD_TYPE_SYNC' },
    { ...frame, postbox: { posts: [{ ...post, postmark: { ...postmark, receiver: undefined } }] } },
    { ...frame, postbox: { posts: [{ ...post, type: 99 }] } },
    { ...frame, postbox: { posts: [{ ...post, resource: { url: 'https://example.com/a.png' } }] } },
    { ...frame, postbox: { posts: [{ ...post, postmark: { ...postmark, sender: 'Ada' } }] } },
  ]) {
    const asSent: unknown = JSON.parse(JSON.stringify(wrong));
    expect([asSent, errorsOf('stream.send', asSent).length > 0]).toEqual([asSent, true]);
  }
  const { description } = document.components.messages['stream.send']?.payload as { description?: string };
  expect(description).toContain('one frame in either direction');
});

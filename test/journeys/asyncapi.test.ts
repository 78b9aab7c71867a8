/** The AsyncAPI document as it is served: references lead somewhere, operations name messages of their channel, examples are what the schemas say. */
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeskPeer } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

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

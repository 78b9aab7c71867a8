/** What the configuration says of the messenger, and what a program that embeds the server gets of it. */
import type { Server } from 'socket.io';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config.ts';
import { parseConfig } from '../../src/compose.ts';
import { MESSENGER_EVENTS } from '../../src/config/options.ts';
import { createEventNames } from '../../src/doors/messenger/event-names.ts';
import { createOrigins } from '../../src/doors/messenger/origins.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

const parse = (options: Readonly<Record<string, string>>) => parseConfig({ options, env: {} }).messenger;

describe('event names', () => {
  test('of the configuration are those of the door', () => {
    const other = createEventNames(MESSENGER_EVENTS.map((event) => [event, `my_${event}`]));
    const client = ['join_chat', 'leave_chat', 'typing_start', 'typing_end', 'send_message', 'mark_read', 'sync'] as const;
    for (const event of client) expect([other.incoming(`my_${event}`), other.incoming(event)]).toEqual([event, undefined]);
    expect(other.outgoing('new_message')).toBe('my_new_message');
    // Aliases stay.
    expect(other.incoming('joinChat')).toBe('join_chat');
    for (const inherited of ['constructor', '__proto__', 'toString']) expect(other.incoming(inherited)).toBeUndefined();
  });

  test('are read from pairs', () => {
    expect(parse({ 'messenger-events': 'new_message=message, join_chat=enter' }).eventNames).toEqual([
      ['new_message', 'message'],
      ['join_chat', 'enter'],
    ]);
    expect(parse({}).eventNames).toEqual([]);
  });

  test.each([
    'no_such_event=x',
    'new_message',
    'new_message=',
    'new_message=a b',
    'new_message=disconnect',
    'new_message=error',
    'new_message=join_chat',
    'new_message=x,sidebar_update=x',
  ])('%s is refused', (text) => {
    expect(() => parse({ 'messenger-events': text })).toThrow(ConfigError);
  });
});

describe('origins', () => {
  const admits = (origin: string | undefined, host: string, allowed: readonly string[] = [], own = ''): boolean =>
    createOrigins({ allowed, own }).admits({ headers: { host, ...(origin !== undefined && { origin }) } });

  test.each([
    [undefined, 'chat.example', true],
    ['https://chat.example', 'chat.example', true],
    ['https://chat.example', 'CHAT.example', true],
    ['http://chat.example:8080', 'chat.example:8080', true],
    ['http://chat.example:8080', 'chat.example', false],
    ['https://evil.example', 'chat.example', false],
    ['https://chat.example.evil.example', 'chat.example', false],
    ['null', 'chat.example', false],
    ['', 'chat.example', false],
    ['file://', 'chat.example', false],
  ])('a page of %s at %s: %s', (origin, host, admitted) => {
    expect(admits(origin, host)).toBe(admitted);
  });

  test('that are allowed, and the public one, are admitted', () => {
    expect(admits('https://app.example', 'chat.example', ['https://app.example'])).toBe(true);
    expect(admits('https://evil.example', 'chat.example', ['https://app.example'])).toBe(false);
    expect(admits('https://evil.example', 'chat.example', ['*'])).toBe(true);
    expect(admits('https://chat.example', '10.0.0.7', [], 'https://chat.example/under')).toBe(true);
  });

  test.each(['chat.example', 'https://chat.example/path', 'ftp://chat.example', 'https://'])('%s is no origin', (text) => {
    expect(() => parse({ 'allowed-origins': text })).toThrow(ConfigError);
  });
});

test('a program that embeds the server has its Socket.IO server', async () => {
  await using server = await startServer();
  const [one] = await server.newUsers(1);
  const peer = await MessengerPeer.connect(server.url, one);
  const { io } = server.messenger;
  expect(io.of('/').sockets.size).toBe(1);
  io.of('/tools').on('connection', (socket) => socket.onAny((_event, answer: (text: string) => void) => answer('pong')));
  const tools = peer.socket.io.socket('/tools');
  tools.connect();
  expect(await tools.timeout(10_000).emitWithAck('ping')).toBe('pong');
  await peer.close();
});

describe('a program that embeds the server hears what a client asks for', () => {
  type Embedded = Parameters<Parameters<TestServer['messenger']['io']['use']>[0]>[0];

  test.each<[string, (socket: Embedded, hear: (said: unknown) => void) => void]>([
    ['by the event', (socket, hear) => void socket.on('join_chat', (chat) => hear(chat))],
    ['by any event', (socket, hear) => void socket.onAny((_event, chat) => hear(chat))],
    ['by any event, before us', (socket, hear) => void socket.prependAny((_event, chat) => hear(chat))],
    [
      'in a middleware of the socket',
      (socket, hear) =>
        void socket.use(([, chat], proceed) => {
          hear(chat);
          proceed();
        }),
    ],
    [
      'as a packet of the carrier',
      ({ conn }, hear) => void conn.on('packet', ({ data }) => hear(JSON.parse(data.slice(data.indexOf('[')))[1])),
    ],
    [
      'as data of the carrier',
      ({ conn }, hear) => void conn.on('data', (data) => hear(JSON.parse(data.slice(data.indexOf('[')))[1])),
    ],
    [
      'as a message of the carrier',
      ({ conn }, hear) => void conn.on('message', (data) => hear(JSON.parse(data.slice(data.indexOf('[')))[1])),
    ],
  ])('%s', async (_how, listen) => {
    await using server = await startServer();
    const [one] = await server.newUsers(1);
    const chatId = String(await server.group([one]));
    const peer = await MessengerPeer.connect(server.url, one);
    const joined = { ok: true, chatId, unreadCount: 0 };
    // Before anybody listens, too.
    expect(await peer.ask('join_chat', chatId)).toEqual(joined);
    const heard: unknown[] = [];
    for (const socket of server.messenger.io.of('/').sockets.values()) listen(socket, (said) => heard.push(said));
    expect(await peer.ask('join_chat', chatId)).toEqual(joined);
    expect(await peer.ask('leave_chat', chatId)).toEqual({ ok: true, chatId });
    expect(heard[0]).toBe(chatId);
    await peer.close();
  });

  test('and its own events, answers and rooms go on beside ours', async () => {
    await using server = await startServer();
    const [one] = await server.newUsers(1);
    const peer = await MessengerPeer.connect(server.url, one);
    // Its own events are not among those of the interface.
    const io = server.messenger.io as unknown as Server;
    const [socket] = io.of('/').sockets.values();
    peer.socket.on('question', (answer: (said: string) => void) => answer('an answer'));
    expect(await peer.ask('leave_chat', '1')).toMatchObject({ ok: true });
    expect(await socket?.timeout(10_000).emitWithAck('question')).toBe('an answer');
    await socket?.join('a room');
    const told = new Promise((resolve) => peer.socket.on('told', resolve));
    io.to('a room').emit('told', 'something');
    expect(await told).toBe('something');
    expect(await peer.ask('leave_chat', '1')).toMatchObject({ ok: true });
    socket?.disconnect(true);
    expect(await peer.ended).toBe('io server disconnect');
  });
});

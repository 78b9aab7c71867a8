/** What the configuration says of the messenger, and what a program that embeds the server gets of it. */
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config.ts';
import { parseConfig } from '../../src/compose.ts';
import { MESSENGER_EVENTS } from '../../src/config/options.ts';
import { createEventNames } from '../../src/doors/messenger/event-names.ts';
import { createOrigins } from '../../src/doors/messenger/origins.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { startServer } from '../support/server.ts';

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

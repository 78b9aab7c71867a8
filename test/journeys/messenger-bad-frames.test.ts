/** What hostile clients send the Socket.IO half of the messenger: the connection lives on or ends as the protocol says, the others notice nothing. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { RawPeer } from '../support/clients/messenger-raw.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ 'max-frame-bytes': '128KiB', 'signal-rate': '50/1000', 'connect-timeout': '2s' });
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

const user = async (): Promise<number> => (await server.newUsers(1))[0];

describe('events', () => {
  test.each([
    ['an unknown event', ['no_such_event', {}], 'not_supported'],
    ['an event of the server', ['new_message', { id: '1' }], 'not_supported'],
    ['a name of an object’s own', ['constructor', '1'], 'not_supported'],
    ['__proto__', ['__proto__', '1'], 'not_supported'],
    ['a very long name', ['x'.repeat(100_000), '1'], 'not_supported'],
    ['error', ['error', 'x'], 'not_supported'],
    ['nothing', ['join_chat'], 'invalid_argument'],
    ['null', ['join_chat', null], 'invalid_argument'],
    ['a number', ['join_chat', 7], 'invalid_argument'],
    ['a list', ['join_chat', ['1']], 'invalid_argument'],
    ['an empty object', ['join_chat', {}], 'invalid_argument'],
    ['a number inside', ['join_chat', { chatId: 7 }], 'invalid_argument'],
    ['no id', ['join_chat', 'abc'], 'not_found'],
    ['an id with a sign', ['join_chat', '-1'], 'not_found'],
    ['an id beyond ours', ['join_chat', '9'.repeat(400)], 'not_found'],
    ['an inherited member', ['join_chat', JSON.parse('{"__proto__":{"chatId":"1"}}')], 'invalid_argument'],
    ['no content', ['send_message', { chatId: '1' }], 'invalid_argument'],
    ['content that is none', ['send_message', { chatId: '1', content: { toString: 'x' } }], 'invalid_argument'],
    ['a key that is none', ['send_message', { chatId: '1', content: 'x', clientMessageId: 7 }], 'invalid_argument'],
    [
      'a key that is too long',
      ['send_message', { chatId: '1', content: 'x', clientMessageId: 'k'.repeat(500) }],
      'invalid_argument',
    ],
    ['chats that are none', ['sync', { chats: 'all' }], 'invalid_argument'],
    [
      'too many chats',
      ['sync', { chats: Array.from({ length: 101 }, (_, at) => ({ chatId: String(at + 1) })) }],
      'invalid_argument',
    ],
    ['a place that is none', ['sync', { chats: [{ chatId: '1', lastId: 7 }] }], 'invalid_argument'],
    ['a message that is none', ['mark_read', { chatId: '1', messageId: {} }], 'invalid_argument'],
    ['bytes', ['join_chat', Buffer.from('1')], 'invalid_argument'],
  ])('%s is refused in the answer', async (_what, [event = '', ...payload], code) => {
    const peer = await MessengerPeer.connect(server.url, await user());
    expect(await peer.ask(event as string, ...payload)).toMatchObject({ ok: false, error: { code } });
    expect(await peer.ask('leave_chat', '1')).toMatchObject({ ok: true });
    await peer.close();
  });

  test('the fields that are wrong are named', async () => {
    const peer = await MessengerPeer.connect(server.url, await user());
    expect((await peer.ask('send_message', { chatId: '1' })).error).toMatchObject({ fields: { content: 'is missing' } });
    expect((await peer.ask('join_chat', 7)).error).toMatchObject({ fields: { chatId: 'is missing' } });
    await peer.close();
  });

  test('what the core refuses is named as clients of this interface call it', async () => {
    const one = await user();
    const chatId = String(await server.group([one]));
    const peer = await MessengerPeer.connect(server.url, one);
    const refused = async (more: object) => (await peer.ask('send_message', { chatId, content: 'x', ...more })).error;
    expect(await refused({ content: '' })).toMatchObject({
      message: expect.stringMatching(/^content: /) as unknown,
      fields: { content: 'a message needs a text' },
    });
    for (const clientMessageId of ['', 'k'.repeat(500), 'k\0']) {
      const error = await refused({ clientMessageId });
      expect(error).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(/^clientMessageId: /) as unknown });
      expect(Object.keys(error?.fields ?? {})).toEqual(['clientMessageId']);
    }
    await peer.close();
  });

  test('texts that cannot be stored are refused', async () => {
    const one = await user();
    const chatId = String(await server.group([one]));
    const peer = await MessengerPeer.connect(server.url, one);
    for (const content of ['', 'nul \0', '\ud800', 'x'.repeat(65_537)]) {
      const { error } = await peer.ask('send_message', { chatId, content });
      expect(['invalid_argument', 'too_large']).toContain(error?.code);
    }
    expect(await peer.ask('send_message', { chatId, content: 'x'.repeat(65_536) })).toMatchObject({ ok: true });
    await peer.close();
  });

  test('without an acknowledgement a refusal is counted and nothing is said', async () => {
    const peer = await MessengerPeer.connect(server.url, await user());
    const refused = (): Promise<number> =>
      server.metric('switchboard_refusals_total', { door: 'messenger', code: 'not_supported' });
    const before = await refused();
    peer.say('no_such_event', 1);
    peer.say('no_such_event');
    await peer.settled();
    expect(await refused()).toBe(before + 2);
    expect(peer.told).toEqual([]);
    await peer.close();
  });
});

describe('packets', () => {
  test.each([
    ['no packet', '4'],
    ['an unknown type', '49[]'],
    ['no JSON', '42{'],
    ['a reserved name', '42["disconnect"]'],
    ['a reserved name of the emitter', '42["newListener"]'],
    ['no list', '42{"0":"join_chat"}'],
    ['attachments without a number', '45-["join_chat",{"_placeholder":true,"num":0}]'],
    ['too many attachments', '451000000000-["join_chat",{"_placeholder":true,"num":0}]'],
    ['attachments that are a fraction', '451.5-["join_chat",{"_placeholder":true,"num":0}]'],
    ['text in place of an attachment', '451-["join_chat",{"_placeholder":true,"num":0}]', '42["join_chat","1"]'],
    ['an event of another namespace', '42/admin,["join_chat","1"]'],
    ['a second connect', '40{}'],
    ['a server’s refusal', '44{"message":"x"}'],
    ['a heartbeat in the wrong direction', '2'],
  ])('%s ends the connection', async (_what, ...packets) => {
    const one = await user();
    const peer = await RawPeer.connect(server.url, one);
    for (const packet of packets) peer.socket.send(packet);
    await peer.closed;
    while (server.chat.listSessions(server.actor(one)).length > 0) await new Promise(setImmediate);
    expect(await peer.answers()).toBe(false);
  });

  test.each([
    ['an acknowledgement of nothing', '431[]'],
    ['an acknowledgement of anything', '4399999999999999999999[{}]'],
    ['a huge acknowledgement number', `42${'9'.repeat(300)}["join_chat","1"]`],
    ['a number for a name', '42[7,"join_chat"]'],
    ['an event with a hundred thousand arguments', `42["join_chat"${',1'.repeat(50_000)}]`],
    ['depths', `42["join_chat",${'['.repeat(50_000)}${']'.repeat(50_000)}]`],
    ['prototypes', '42["join_chat",{"__proto__":{"chatId":"1"},"constructor":{"prototype":{"ok":true}}}]'],
    ['a namespace that is not there', '40/admin,{}'],
  ])('%s does no harm', async (_what, packet) => {
    const peer = await RawPeer.connect(server.url, await user());
    peer.socket.send(packet);
    expect(await peer.answers()).toBe(true);
    expect(Object.hasOwn(Object.prototype, 'ok')).toBe(false);
    peer.socket.close();
    await peer.closed;
  });

  test('placeholders in the depths of a binary event end the connection and nothing else', async () => {
    const peer = await RawPeer.connect(server.url, await user());
    const depth = 30_000;
    peer.socket.send(`451-["join_chat",${'['.repeat(depth)}{"_placeholder":true,"num":0}${']'.repeat(depth)}]`);
    peer.socket.send(Buffer.from('x'));
    await Promise.race([peer.closed, peer.answers()]);
    const other = await RawPeer.connect(server.url, await user());
    expect(await other.answers()).toBe(true);
  });

  test('before the token are not for anybody', async () => {
    const peer = await RawPeer.open(server.url);
    peer.socket.send('421["join_chat","1"]');
    await peer.closed;
    expect(peer.said.drain()).toEqual([]);
  });

  test('that never come end the connection in time', async () => {
    const peer = await RawPeer.open(server.url);
    await peer.closed;
    expect(peer.said.drain()).toEqual([]);
  });

  test('of every sort are carried out in the order in which they came, however many come at once', async () => {
    const one = await user();
    const chatId = String(await server.group([one]));
    const peer = await RawPeer.connect(server.url, one);
    const send = (id: number, name = '"send_message"'): string => `42${id}[${name},{"chatId":"${chatId}","content":"${id}"}]`;
    // Those that are not read directly: a name in other letters, an unknown event, another namespace, a number with a space.
    const packets = [
      send(1),
      send(2, String.raw`"\u0073end_message"`),
      send(3),
      '424["nope"]',
      send(5),
      '40/elsewhere,{}',
      send(6),
      '427 ["nope"]',
      send(8),
    ];
    for (const packet of packets) peer.socket.send(packet);
    const answers: number[] = [];
    while (answers.length < 8) {
      const said = /^43(\d+)/.exec(await peer.said.next());
      if (said !== null) answers.push(Number(said[1]));
    }
    const { messages } = await server.chat.readHistory(server.actor(one), { conversation: Number(chatId), limit: 10 });
    expect(messages.map(({ content }) => content?.text)).toEqual(['1', '2', '3', '5', '6', '8']);
    expect(answers.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    peer.socket.close();
    await peer.closed;
  });

  test('that bytes follow are carried out, and what comes after them as well', async () => {
    const one = await user();
    const chatId = String(await server.group([one]));
    const peer = await RawPeer.connect(server.url, one);
    peer.socket.send(`451-1["send_message",{"chatId":"${chatId}","content":"one","more":{"_placeholder":true,"num":0}}]`);
    peer.socket.send(Buffer.from('bytes'));
    peer.socket.send(`422["send_message",{"chatId":"${chatId}","content":"two"}]`);
    expect(await peer.answers()).toBe(true);
    const stored = async () =>
      (await server.chat.readHistory(server.actor(one), { conversation: Number(chatId), limit: 10 })).messages;
    await expect.poll(async () => (await stored()).map(({ content }) => content?.text)).toEqual(['one', 'two']);
    peer.socket.close();
    await peer.closed;
  });

  test('after a farewell are nobody’s', async () => {
    const one = await user();
    const chatId = String(await server.group([one]));
    const peer = await RawPeer.connect(server.url, one);
    peer.socket.send('41');
    peer.socket.send(`421["send_message",{"chatId":"${chatId}","content":"too late"}]`);
    await peer.closed;
    const { messages } = await server.chat.readHistory(server.actor(one), { conversation: Number(chatId), limit: 10 });
    expect(messages).toEqual([]);
  });

  test('that are too big end the connection, on both transports', async () => {
    const peer = await RawPeer.connect(server.url, await user());
    peer.socket.send(`42["join_chat","${'x'.repeat(200_000)}"]`);
    expect(await peer.closed).toBe(1009);
    const opened = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
    const body = 'x'.repeat(200_000);
    const posted = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body });
    expect(posted.status).toBe(413);
  });
});

describe('requests', () => {
  test.each([
    ['an unknown transport', 'GET', '?EIO=4&transport=pigeon', 400],
    ['an older protocol', 'GET', '?EIO=3&transport=polling', 400],
    ['a handshake by POST', 'POST', '?EIO=4&transport=polling', 400],
    ['somebody else’s session', 'GET', '?EIO=4&transport=polling&sid=x', 400],
    ['a session of all objects', 'GET', '?EIO=4&transport=polling&sid=__proto__', 400],
    ['a method that is none', 'DELETE', '?EIO=4&transport=polling', 404],
    ['nothing at all', 'GET', '', 400],
  ])('%s is refused', async (_what, method, query, status) => {
    for (const path of ['/socket.io', '/socket.io/']) {
      expect((await fetch(`${server.url}${path}${query}`, { method })).status).toBe(status);
    }
  });

  test('an upgrade that is none is answered and closed', async () => {
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
    if (!socket.closed) await once(socket, 'close');
    const peer = await RawPeer.connect(server.url, await user());
    expect(await peer.answers()).toBe(true);
  });
});

describe('pages of other origins', () => {
  const polling = '/socket.io/?EIO=4&transport=polling';

  async function upgradeStatus(url: string, origin: string): Promise<number> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { origin });
    const opened = once(socket, 'open').then(() => 101);
    const refused = once(socket, 'unexpected-response').then(([, response]) => Number(response.statusCode));
    socket.on('error', () => undefined);
    const status = await Promise.race([opened, refused]);
    socket.terminate();
    return status;
  }

  test('may not connect, by either transport', async () => {
    for (const origin of ['https://evil.example', 'null', `${server.url}.evil.example`, `http://127.0.0.1:${server.port + 1}`]) {
      expect((await fetch(`${server.url}${polling}`, { headers: { origin } })).status).toBe(403);
      expect(await upgradeStatus(server.url, origin)).toBe(403);
    }
    expect((await fetch(`${server.url}${polling}`, { headers: { origin: server.url } })).status).toBe(200);
    expect(await upgradeStatus(server.url, server.url)).toBe(101);
  });

  test('may where the configuration says so', async () => {
    await using own = await startServer({ 'allowed-origins': 'https://app.example,https://other.example' });
    const origin = 'https://app.example';
    const answer = await fetch(`${own.url}${polling}`, { headers: { origin } });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    const asked = await fetch(`${own.url}${polling}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    expect(await upgradeStatus(own.url, origin)).toBe(101);
    expect(await upgradeStatus(own.url, 'https://evil.example')).toBe(403);
    expect((await fetch(`${own.url}${polling}`, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
  });
});

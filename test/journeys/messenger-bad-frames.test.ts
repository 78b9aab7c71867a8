/** What hostile clients send the Socket.IO half of the messenger: the connection lives on or ends as the protocol says, the others notice nothing. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { MAX_FRUITLESS } from '../../src/doors/messenger/patience.ts';
import { Inbox } from '../support/inbox.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ 'max-frame-bytes': '128KiB', 'signal-rate': '50/1000', 'connect-timeout': '2s' });
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

/** Packets by hand, as no client library writes them. */
class RawPeer {
  readonly socket: WebSocket;
  readonly said = new Inbox<string>();
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, 'close').then(([code]) => {
      this.said.end(new Error(`closed with ${code}`));
      return Number(code);
    });
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => this.said.push(data.toString()));
  }

  static async open(headers: Readonly<Record<string, string>> = {}): Promise<RawPeer> {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { headers });
    const peer = new RawPeer(socket);
    await once(socket, 'open');
    expect(await peer.said.next()).toMatch(/^0\{/);
    return peer;
  }

  static async connect(user: number): Promise<RawPeer> {
    const peer = await RawPeer.open();
    peer.socket.send(`40${JSON.stringify({ token: tokenFor(user) })}`);
    expect(await peer.said.next()).toMatch(/^40\{"sid":/);
    return peer;
  }

  /** Whether the server still answers on this connection. */
  async answers(): Promise<boolean> {
    this.socket.send('4277["leave_chat","1"]');
    const wanted = '4377[{"ok":true,"chatId":"1"}]';
    try {
      for (let said = await this.said.next(); said !== wanted; said = await this.said.next());
      return true;
    } catch {
      return false;
    }
  }
}

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

describe('floods', () => {
  test('of joins and typing are refused, and not told to the others', async () => {
    const [one, two] = await server.newUsers(2);
    const chatId = String(await server.group([one, two]));
    const [flooder, other] = [await MessengerPeer.connect(server.url, one), await MessengerPeer.connect(server.url, two)];
    await other.ask('join_chat', chatId);
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, at) => flooder.ask(at % 2 === 0 ? 'typing_start' : 'typing_end', chatId)),
    );
    const refused = answers.filter(({ error }) => error?.code === 'rate_limited');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.error).toMatchObject({ retryAfter: expect.any(Number) });
    await other.settled();
    const told = other.told.filter(({ event }) => event.startsWith('typing'));
    expect(told.length).toBeLessThanOrEqual(answers.length - refused.length);
    // Sends have their own limit.
    expect(await flooder.ask('send_message', { chatId, content: 'x' })).toMatchObject({ ok: true });
    await Promise.all([flooder.close(), other.close()]);
  });

  test.each([
    ['events that nobody knows', '420["nope",{"a":1}]'],
    ['events that nobody knows, without asking for an answer', '42["nope"]'],
    ['requests beyond the rate', '420["join_chat","1"]'],
    ['sends to nobody', '420["send_message",{"chatId":"1","content":"x"}]'],
    ['other namespaces', '40/elsewhere,{}'],
    ['answers that nobody asked for', '430[]'],
    ['packets that say nothing', '6'],
  ])('of %s end the connection, and the others are answered', async (_what, packet) => {
    const [one, two] = await server.newUsers(2);
    const chatId = String(await server.group([two]));
    const other = await MessengerPeer.connect(server.url, two);
    const ended = (): Promise<number> =>
      server.metric('switchboard_sessions_closed_total', { door: 'messenger', reason: 'policy' });
    const before = await ended();
    const flooder = await RawPeer.connect(one);
    let isOpen = true;
    const closed = flooder.closed.then(() => (isOpen = false));
    let answered = 0;
    while (isOpen) {
      for (let at = 0; at < 200; at += 1) flooder.socket.send(packet);
      // Sends are not held back by the rate of this server.
      expect(await other.ask('send_message', { chatId, content: 'x' })).toMatchObject({ ok: true });
      answered += 1;
    }
    await closed;
    expect(answered).toBeGreaterThan(0);
    expect(await ended()).toBe(before + 1);
    expect(flooder.said.drain().length).toBeLessThanOrEqual(MAX_FRUITLESS + 100);
    await other.close();
  });

  test('of pings of the carrier end the connection', async () => {
    const one = await user();
    const flooder = await RawPeer.connect(one);
    let isOpen = true;
    const closed = flooder.closed.then(() => (isOpen = false));
    while (isOpen) {
      for (let at = 0; at < 200; at += 1) if (flooder.socket.readyState === WebSocket.OPEN) flooder.socket.ping();
      await new Promise(setImmediate);
    }
    await closed;
    expect(server.chat.listSessions(server.actor(one))).toEqual([]);
  });

  test('before anybody has signed in, and by polling, end the connection', async () => {
    const early = await RawPeer.open();
    for (let at = 0; at <= MAX_FRUITLESS; at += 1) early.socket.send('40/elsewhere,{}');
    await early.closed;
    const opened = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
    const address = `${server.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
    const body = Array.from({ length: MAX_FRUITLESS + 1 }, () => '40/elsewhere,{}').join('\u001e');
    await fetch(address, { method: 'POST', body });
    expect((await fetch(address)).status).toBe(400);
  });

  test('of connects on one connection open one session', async () => {
    const one = await user();
    const peer = await RawPeer.open();
    const connect = `40${JSON.stringify({ token: tokenFor(one) })}`;
    for (let at = 0; at < 50; at += 1) peer.socket.send(connect);
    // Socket.IO ends the connection: one CONNECT is all a namespace takes.
    await peer.closed;
    const sessions = (): number => server.chat.listSessions(server.actor(one)).length;
    while (sessions() > 0) await new Promise(setImmediate);
    expect(sessions()).toBe(0);
  });

  test('of bad tokens end the connection', async () => {
    const peer = await RawPeer.open();
    for (let at = 0; at < 50; at += 1) peer.socket.send('40{"token":"guess"}');
    await peer.closed;
    expect(peer.said.drain().filter((said) => said.startsWith('44')).length).toBeLessThanOrEqual(20);
  });

  test('of comings and goings in the namespace leave nothing behind', async () => {
    const one = await user();
    const peer = await RawPeer.connect(one);
    let comings = 0;
    const over = async (): Promise<void> => {
      while (server.chat.listSessions(server.actor(one)).length > 0) await new Promise(setImmediate);
    };
    const goOn = async (): Promise<void> => {
      for (;;) {
        peer.socket.send('41');
        await over();
        peer.socket.send(`40${JSON.stringify({ token: tokenFor(one) })}`);
        const said = await peer.said.next();
        if (said.startsWith('40')) comings += 1;
      }
    };
    await expect(goOn()).rejects.toThrow(/^closed with/);
    expect(comings).toBeGreaterThan(1);
    expect(comings).toBeLessThanOrEqual(20);
    await over();
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
    const peer = await RawPeer.connect(one);
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
    const peer = await RawPeer.connect(await user());
    peer.socket.send(packet);
    expect(await peer.answers()).toBe(true);
    expect(Object.hasOwn(Object.prototype, 'ok')).toBe(false);
    peer.socket.close();
    await peer.closed;
  });

  test('placeholders in the depths of a binary event end the connection and nothing else', async () => {
    const peer = await RawPeer.connect(await user());
    const depth = 30_000;
    peer.socket.send(`451-["join_chat",${'['.repeat(depth)}{"_placeholder":true,"num":0}${']'.repeat(depth)}]`);
    peer.socket.send(Buffer.from('x'));
    await Promise.race([peer.closed, peer.answers()]);
    const other = await RawPeer.connect(await user());
    expect(await other.answers()).toBe(true);
  });

  test('before the token are not for anybody', async () => {
    const peer = await RawPeer.open();
    peer.socket.send('421["join_chat","1"]');
    await peer.closed;
    expect(peer.said.drain()).toEqual([]);
  });

  test('that never come end the connection in time', async () => {
    const peer = await RawPeer.open();
    await peer.closed;
    expect(peer.said.drain()).toEqual([]);
  });

  test('that are too big end the connection, on both transports', async () => {
    const peer = await RawPeer.connect(await user());
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
    const peer = await RawPeer.connect(await user());
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

describe('a reader that does not read', () => {
  test.each(['slow', 'kicked'] as const)('and polls no more leaves nothing waiting when it is ended as %s', async (reason) => {
    await using own = await startServer({ 'max-buffered-bytes': '70KiB', 'max-text-bytes': '60KiB' });
    const [one, two] = await own.newUsers(2);
    const chatId = String(await own.group([one, two]));
    for (let at = 0; at < 5; at += 1) {
      const opened = await fetch(`${own.url}/socket.io/?EIO=4&transport=polling`);
      const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
      const body = `40${JSON.stringify({ token: tokenFor(two) })}`;
      await fetch(`${own.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body });
    }
    const clients = Reflect.get(own.messenger.io.engine, 'clients') as Record<string, object>;
    const pollers = Object.values(clients);
    const waiting = (): number[] => pollers.map((poller) => (Reflect.get(poller, 'writeBuffer') as unknown[]).length);
    const writer = await MessengerPeer.connect(own.url, one);
    const sessions = () => own.chat.listSessions(own.actor(two));
    await writer.ask('send_message', { chatId, content: 'x'.repeat(50_000) });
    expect(Math.min(...waiting())).toBeGreaterThan(0);
    if (reason === 'kicked') for (const { id } of sessions()) own.chat.endSession(own.actor(two), id);
    else while (sessions().length > 0) await writer.ask('send_message', { chatId, content: 'x'.repeat(50_000) });
    await expect.poll(sessions).toEqual([]);
    expect(waiting()).toEqual([0, 0, 0, 0, 0]);
    // And nothing is kept of their connections: the writer's alone is left.
    expect(Object.keys(clients)).toHaveLength(1);
    await writer.close();
  });

  test('is cut off and may come back', async () => {
    await using own = await startServer({ 'max-buffered-bytes': '70KiB', 'max-text-bytes': '60KiB' });
    const [one, two] = await own.newUsers(2);
    const chatId = String(await own.group([one, two]));
    const writer = await MessengerPeer.connect(own.url, one);
    const slow = new WebSocket(`${own.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    await once(slow, 'message');
    slow.send(`40${JSON.stringify({ token: tokenFor(two) })}`);
    await once(slow, 'message');
    slow.pause();
    const closed = (): Promise<number> => own.metric('switchboard_sessions_closed_total', { door: 'messenger', reason: 'slow' });
    while ((await closed()) === 0) await writer.ask('send_message', { chatId, content: 'x'.repeat(50_000) });
    slow.resume();
    await once(slow, 'close');
    // One that polls and stops asking is no other.
    const opened = await fetch(`${own.url}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
    const address = `${own.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
    await fetch(address, { method: 'POST', body: `40${JSON.stringify({ token: tokenFor(two) })}` });
    await (await fetch(address)).text();
    while ((await closed()) === 1) await writer.ask('send_message', { chatId, content: 'x'.repeat(50_000) });
    expect((await fetch(address)).status).toBe(400);
    const back = await MessengerPeer.connect(own.url, two);
    expect(await back.ask('sync', { chats: [{ chatId }] })).toMatchObject({ ok: true, chats: [{ more: true }] });
  });
});

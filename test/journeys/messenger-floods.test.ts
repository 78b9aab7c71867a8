/** Socket.IO clients that send without end or read nothing: they are cut off, the others are answered, and nothing is left of them. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { MAX_FRUITLESS } from '../../src/doors/messenger/patience.ts';
import { RawPeer } from '../support/clients/messenger-raw.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
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

const user = async (): Promise<number> => (await server.newUsers(1))[0];

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
    const flooder = await RawPeer.connect(server.url, one);
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
    const flooder = await RawPeer.connect(server.url, one);
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
    const early = await RawPeer.open(server.url);
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
    const peer = await RawPeer.open(server.url);
    const connect = `40${JSON.stringify({ token: tokenFor(one) })}`;
    for (let at = 0; at < 50; at += 1) peer.socket.send(connect);
    // Socket.IO ends the connection: one CONNECT is all a namespace takes.
    await peer.closed;
    const sessions = (): number => server.chat.listSessions(server.actor(one)).length;
    while (sessions() > 0) await new Promise(setImmediate);
    expect(sessions()).toBe(0);
  });

  test('of bad tokens end the connection', async () => {
    const peer = await RawPeer.open(server.url);
    for (let at = 0; at < 50; at += 1) peer.socket.send('40{"token":"guess"}');
    await peer.closed;
    expect(peer.said.drain().filter((said) => said.startsWith('44')).length).toBeLessThanOrEqual(20);
  });

  test('of comings and goings in the namespace leave nothing behind', async () => {
    const one = await user();
    const peer = await RawPeer.connect(server.url, one);
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

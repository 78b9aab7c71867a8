/** What users may say, through every door at once: rates, repeats, mutes, bans, and the hook that is asked before. */
import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../src/core/index.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { CARRIERS } from '../support/clients/carriers.ts';
import { DeskPeer } from '../support/clients/support.ts';
import { startHook } from '../support/hook.ts';
import type { Answering } from '../support/hook.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';
import { openVoices } from '../support/voices.ts';
import type { Refusal, Voice } from '../support/voices.ts';

const DOORS = 8;

/** Every voice says something of its own, one after the other. */
async function each(voices: readonly Voice[], text: (voice: Voice) => string): Promise<(readonly [string, string | Refusal])[]> {
  const said: (readonly [string, string | Refusal])[] = [];
  for (const voice of voices) said.push([voice.name, await voice.say(text(voice))]);
  return said;
}

async function limitedFacts(server: TestServer): Promise<readonly DomainEvent[]> {
  await server.chat.core.committer.idle();
  return (await server.chat.core.store.events(0, 1_000)).filter(({ type }) => type === 'user.rate-limited');
}

async function moderate(server: TestServer, method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${server.url}/api${path}`, {
    method,
    headers: { 'api-token': API_TOKENS.admin, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
}

async function closeAll(voices: readonly Voice[]): Promise<void> {
  for (const voice of voices) await voice.close();
}

describe('through every door', () => {
  test('a user has one rate, and is told of once', async () => {
    // One more for the private conversation, which is opened first.
    await using server = await startServer({ 'rate-limit': `${DOORS + 1}/600000` });
    const [user, peer] = await server.newUsers(2);
    const voices = await openVoices(server, user, peer);
    expect(voices).toHaveLength(DOORS);
    expect(await each(voices, ({ name }) => `from ${name}`)).toEqual(voices.map(({ name }) => [name, `from ${name}`]));
    const again = await openVoices(server, user, peer);
    for (const [name, taken] of await each([...voices, ...again], () => 'once more')) {
      expect([name, taken]).toMatchObject([
        name,
        { code: 'rate_limited', message: expect.stringMatching(/^Too many .* Try again in \d+\.\d s\.$/) },
      ]);
      const { wait } = taken as Refusal;
      // A token comes every 66 s; the desk says so in words alone.
      if (name !== 'support') expect([name, wait !== undefined && wait > 5 && wait <= 67]).toEqual([name, true]);
    }
    expect(await limitedFacts(server)).toMatchObject([{ user, session: { reason: 'rate_limited', code: 429, forced: false } }]);
    await closeAll([...voices, ...again]);
  });

  test('users of one address share what it may', async () => {
    await using server = await startServer({ 'address-rate-limit': '3/600000' });
    const users = await server.newUsers(4);
    const [first] = users;
    const peers = await Promise.all(users.slice(1).map((user) => StreamPeer.connect(CARRIERS[0] ?? expect.fail(), server, user)));
    for (const peer of peers) await peer.send({ peer: first }, 'hello');
    const late = await DeskPeer.connect(server.url, first, { query: { source: 'lk' } });
    expect(await late.send('hello')).toMatchObject({ type: 'message_not_added', data: { code: 'rate_limited' } });
    await late.close();
    for (const peer of peers) await peer.close();
  });

  test('whoever says the same everywhere is muted everywhere', async () => {
    await using server = await startServer({ 'spam-limit': `${DOORS}/10m/10m` });
    const [user, peer] = await server.newUsers(2);
    const voices = await openVoices(server, user, peer);
    expect(await each(voices, () => 'Buy!')).toEqual(voices.map(({ name }) => [name, 'Buy!']));
    for (const [name, taken] of await each(voices, (voice) => `Something else from ${voice.name}`)) {
      expect([name, taken]).toMatchObject([
        name,
        { code: 'rate_limited', message: expect.stringMatching(/^The same was said too often\./) },
      ]);
    }
    expect((await limitedFacts(server))[0]).toMatchObject({ user, session: { reason: 'spam', code: 429 } });
    await closeAll(voices);
  });

  test('who is muted is told until when and why, and speaks again when it is lifted', async () => {
    await using server = await startServer();
    const [user, peer] = await server.newUsers(2);
    const voices = await openVoices(server, user, peer);
    const answer = await moderate(server, 'PUT', `/restrictions/${user}`, {
      kind: 'mute',
      seconds: 3_600,
      reason: 'Advertising',
    });
    const { until } = (await answer.json()) as { until: string };
    for (const [name, taken] of await each(voices, () => 'Hello?')) {
      expect([name, taken]).toMatchObject([
        name,
        { code: 'permission_denied', message: `You are muted until ${until}: Advertising` },
      ]);
      if (name !== 'support') expect((taken as Refusal).wait).toBeGreaterThan(3_000);
    }
    expect((await moderate(server, 'DELETE', `/restrictions/${user}`)).status).toBe(204);
    expect(await each(voices, ({ name }) => name)).toEqual(voices.map(({ name }) => [name, name]));
    await closeAll(voices);
  });

  test('a long reason in any script is told as far as the door has room', async () => {
    await using server = await startServer();
    const [user] = await server.newUsers(1);
    const reason = '理由'.repeat(250);
    expect((await moderate(server, 'PUT', `/restrictions/${user}`, { kind: 'ban', reason })).status).toBe(200);
    const words = `You are banned: ${reason}`;
    for (const carrier of CARRIERS) {
      const { code, message } = await (await carrier.connect({ port: server.port, token: tokenFor(user) })).ended;
      expect([code, words.startsWith(message.replace(/…$/, '')), message.length > 30]).toEqual([
        carrier.endings.notAllowed,
        true,
        true,
      ]);
    }
    const desk = await (await DeskPeer.connect(server.url, user, { query: { source: 'lk' } })).ended;
    expect([desk.code, words.startsWith(desk.reason.replace(/…$/, ''))]).toEqual([4403, true]);
    await expect(MessengerPeer.connect(server.url, user)).rejects.toMatchObject({ message: words });
  });

  test('who is banned is put out at once and not let in, until it is lifted', async () => {
    await using server = await startServer();
    const [user, peer] = await server.newUsers(2);
    const voices = await openVoices(server, user, peer);
    const board = await DeskPeer.connect(server.url, user, { role: 'operator', path: '/broadcast' });
    await board.ping();
    expect((await moderate(server, 'PUT', `/restrictions/${user}`, { kind: 'ban', reason: 'Advertising' })).status).toBe(200);
    const ends = await Promise.all(voices.flatMap(({ name, ended }) => ended?.then((how) => [name, how]) ?? []));
    expect(Object.fromEntries(ends)).toEqual({
      gRPC: '7 the user is banned',
      'WebSocket JSON': '4403 the user is banned',
      'WebSocket binary': '4403 the user is banned',
      'Socket.IO': 'io server disconnect',
      support: '4403 the user is banned',
    });
    expect((await board.ended).code).toBe(4403);
    const words = 'You are banned: Advertising';
    for (const carrier of CARRIERS) {
      const link = await carrier.connect({ port: server.port, token: tokenFor(user) });
      expect(await link.ended).toEqual({ code: carrier.endings.notAllowed, message: words });
    }
    await expect(MessengerPeer.connect(server.url, user)).rejects.toMatchObject({ data: { code: 'permission_denied' } });
    const desk = await DeskPeer.connect(server.url, user, { query: { source: 'lk' } });
    expect(await desk.ended).toEqual({ code: 4403, reason: words });
    const calls = voices.filter(({ ended }) => ended === undefined);
    expect(calls).toHaveLength(3);
    for (const [name, taken] of await each(calls, () => 'Hello?')) {
      expect([name, taken]).toEqual([name, { code: 'permission_denied', message: words }]);
    }
    await server.chat.core.committer.idle();
    const facts = (await server.chat.core.store.events(0, 1_000)).filter(({ type }) => type === 'user.disconnected');
    expect(facts.map(({ session }) => session)).toEqual(
      Array.from({ length: 6 }, () => ({ reason: 'banned', code: 4030, forced: true })),
    );
    await moderate(server, 'DELETE', `/restrictions/${user}?kind=ban`);
    const back = await openVoices(server, user, peer);
    expect(await each(back, ({ name }) => name)).toEqual(back.map(({ name }) => [name, name]));
    await closeAll(back);
  });
});

describe('the moderation hook', () => {
  const judge: Answering = ({ text = '' }) => {
    if (text.startsWith('bad')) return { verdict: 'refuse', reason: 'Not here, please.' };
    return text.startsWith('damn') ? { verdict: 'change', text: text.replace('damn', 'd***') } : { verdict: 'pass' };
  };

  test('lets pass, changes and refuses through every door; back ends are not asked about', async () => {
    await using hook = await startHook(judge);
    await using server = await startServer({ 'moderation-url': hook.url, 'moderation-timeout': '30s' });
    const [user, peer] = await server.newUsers(2);
    const voices = await openVoices(server, user, peer);
    expect(await each(voices, ({ name }) => name)).toEqual(voices.map(({ name }) => [name, name]));
    expect(await each(voices, ({ name }) => `damn ${name}`)).toEqual(voices.map(({ name }) => [name, `d*** ${name}`]));
    for (const [name, taken] of await each(voices, ({ name }) => `bad ${name}`)) {
      expect([name, taken]).toEqual([name, { code: 'permission_denied', message: 'Not here, please.' }]);
    }
    expect(new Set(hook.asked.map(({ door }) => door))).toEqual(new Set(['stream', 'messenger', 'management', 'support']));
    expect(new Set(hook.asked.map(({ sender }) => sender.id))).toEqual(new Set([String(user)]));
    const asked = hook.asked.length;
    await moderate(server, 'POST', '/conversations', { kind: 'group', name: 'News', members: [String(peer)] });
    const said = await fetch(`${server.url}/api/private/${peer}/messages`, {
      method: 'POST',
      headers: { 'api-token': API_TOKENS.admin, 'x-on-behalf-of': String(user), 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'bad news' }),
    });
    expect([said.status, hook.asked.length]).toEqual([201, asked]);
    await closeAll(voices);
  });

  test('keeps what one client sends in its order, however long each verdict takes', async () => {
    const held: (() => void)[] = [];
    await using hook = await startHook((_, response) => {
      // Answered in turned order, three at a time.
      held.push(() => response.end('{"verdict":"pass"}'));
      if (held.length === 3) for (const release of held.splice(0).toReversed()) release();
      return undefined;
    });
    await using server = await startServer({ 'moderation-url': hook.url, 'moderation-timeout': '30s' });
    const [user, peer] = await server.newUsers(2);
    for (const carrier of CARRIERS) {
      const sender = await StreamPeer.connect(carrier, server, user);
      const hearer = await StreamPeer.connect(carrier, server, peer);
      const words = Array.from({ length: 30 }, (_, at) => `${carrier.name} ${at}`);
      await Promise.all(words.map((text) => sender.send({ peer }, text)));
      expect((await hearer.pushes.take(30)).map(({ text }) => text?.content)).toEqual(words);
      await sender.close();
      await hearer.close();
    }
    const socket = await MessengerPeer.connect(server.url, user);
    const { conversation } = await server.chat.openPrivate(server.actor(user), peer);
    const words = Array.from({ length: 30 }, (_, at) => `Socket.IO ${at}`);
    await Promise.all(words.map((content) => socket.ask('send_message', { chatId: String(conversation.id), content })));
    const { messages } = await server.chat.readHistory(server.actor(user), { conversation: conversation.id, limit: 30 });
    expect(messages.map(({ content }) => content?.text)).toEqual(words);
    await socket.close();
  });

  test.each<[string, Answering]>([
    ['hangs', () => undefined],
    ['answers with an error', (_, response) => void response.writeHead(503).end()],
    ['answers rubbish', (_, response) => void response.end('<html>')],
    ['answers megabytes', (_, response) => void response.end(`{"verdict":"refuse","reason":"${'x'.repeat(3_000_000)}"}`)],
    ['redirects', (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
    ['wants what no client may send', () => ({ verdict: 'change', text: '' })],
    ['is gone', (_, __, request) => void request.socket.destroy()],
  ])('has no say where it %s: the configured answer applies', async (_, answer) => {
    await using hook = await startHook(answer);
    const options = { 'moderation-url': hook.url, 'moderation-timeout': '100ms' };
    for (const [failure, taken] of [
      ['pass', 'Hello'],
      ['refuse', expect.objectContaining({ code: 'unavailable' })],
    ] as const) {
      await using server = await startServer({ ...options, 'moderation-failure': failure });
      const [user, peer] = await server.newUsers(2);
      const voices = await openVoices(server, user, peer);
      expect(await each(voices, () => 'Hello')).toEqual(voices.map(({ name }) => [name, taken]));
      // After five in a row it is left alone.
      expect(server.logged.filter(({ level }) => level === 'warn').map(({ text }) => text)).toEqual([
        'the moderation hook has failed several times in a row: it is asked again in some seconds',
      ]);
      expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
      expect(await server.metric('switchboard_moderation_verdicts_total', { verdict: 'none' })).toBe(DOORS);
      await closeAll(voices);
    }
    expect(hook.asked.length).toBeLessThan(2 * DOORS);
  });
});

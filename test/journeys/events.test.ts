/** The event feed from doors to sinks: seed 000 and wire.md section 2, word for word, and what the relay promises. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { idOfUuid, uuidOf } from '../../src/core/index.ts';
import { EVENT_SCHEMAS } from '../../src/feed/index.ts';
import type { FeedEvent } from '../../src/feed/index.ts';
import { collectingSink } from '../support/collecting-sink.ts';
import type { CollectingSink } from '../support/collecting-sink.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const SCHEMAS = new Map(
  [...EVENT_SCHEMAS].map(([name, schema]) => [name, Compile(Type.Unsafe<unknown>({ ...schema, additionalProperties: false }))]),
);

let sink: CollectingSink;
let server: TestServer;

beforeEach(async () => {
  sink = collectingSink();
  server = await startServer({}, undefined, { sinks: [sink] });
});
afterEach(async () => {
  await server.close();
  // Whatever was told in any test is what the schemas say.
  for (const { envelope, json } of sink.taken)
    expect([json, SCHEMAS.get(envelope.name)?.Check(JSON.parse(json))]).toEqual([json, true]);
});

/** Sends over HTTP as a user and answers with the id. */
async function say(
  user: number,
  receiver: number,
  text: string,
  headers: Record<string, string> = {},
  category = 1,
): Promise<number> {
  const response = await fetch(`${server.url}/message/chat/send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenFor(user)}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      postmark: { category, sender: String(user), receiver: String(receiver) },
      type: 1,
      text: { content: text },
    }),
  });
  const answer = (await response.json()) as { unique_id: string };
  expect([response.status, answer]).toMatchObject([200, {}]);
  return Number(answer.unique_id);
}

interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
}

async function ask(path: string, options: { token?: string; body?: object; method?: string } = {}): Promise<Answer> {
  const { token = API_TOKENS.admin, body, method = body === undefined ? 'GET' : 'POST' } = options;
  const response = await fetch(server.url + path, {
    method,
    headers: { 'api-token': token, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

function named(name: string, events: readonly FeedEvent[] = sink.taken): FeedEvent[] {
  return events.filter(({ envelope }) => envelope.name === name);
}

/** The newest event of a name, once there are so many. */
async function arrived(name: string, count = 1): Promise<FeedEvent[]> {
  await expect.poll(() => named(name).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
  return named(name);
}

test('personalChatSent: a private message, with the trace of the request', async () => {
  const [alice, bob] = await server.newUsers(2);
  const id = await say(alice, bob, 'hello', { traceparent: TRACEPARENT });
  const [event] = await arrived('personalChatSent');
  expect(event).toMatchObject({ topic: 'personalChat', place: id });
  expect(JSON.parse(event?.json ?? '')).toEqual({
    payload: {
      personalChatSent: {
        message_id: uuidOf(id),
        sender_id: uuidOf(alice),
        target_id: uuidOf(bob),
        payload: 'hello',
        target_type: 'PERSONAL',
        target_members: [uuidOf(alice), uuidOf(bob)],
      },
    },
    id: uuidOf(id),
    version: 1,
    name: 'personalChatSent',
    namespace: 'default',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    clientId: 'stream',
    userId: uuidOf(alice),
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanContext: TRACEPARENT,
  });
});

test('personalChatSent: a group, its members as they are by then', async () => {
  const [alice, bob, carol] = await server.newUsers(3);
  const group = await server.group([alice, bob]);
  await say(alice, group, 'one', {}, 2);
  await server.chat.changeMembers(server.actor(alice), group, { add: [{ user: carol }], remove: [] });
  await say(bob, group, 'two', {}, 2);
  const [one, two] = (await arrived('personalChatSent', 2)).map(({ envelope }) => envelope.payload['personalChatSent']);
  expect(one).toMatchObject({ target_type: 'GROUP', target_id: uuidOf(group), sender_id: uuidOf(alice) });
  expect(two).toMatchObject({ target_members: [alice, bob, carol].map(uuidOf) });
});

test('users of another account system keep the ids they have there', async () => {
  const external = '3194e023-c19f-4a42-9172-9e18d68e3a3a';
  const { user } = await server.chat.access.authenticate(tokenFor(external));
  const [bob] = await server.newUsers(1);
  await say(user, bob, 'from elsewhere', { authorization: `Bearer ${tokenFor(external)}` });
  const [event] = await arrived('personalChatSent');
  expect(event?.envelope.userId).toBe(external);
  expect(event?.envelope.payload).toMatchObject({
    personalChatSent: { sender_id: external, target_members: expect.arrayContaining([external]) },
  });
});

test('userConnected and userDisconnected: once for each session, with why it ended', async () => {
  const [alice] = await server.newUsers(1);
  const peer = await MessengerPeer.connect(server.url, alice);
  const [connected] = await arrived('userConnected');
  expect(JSON.parse(connected?.json ?? '')).toEqual({
    payload: { userConnected: {} },
    id: expect.stringMatching(UUID),
    version: 1,
    name: 'userConnected',
    namespace: 'default',
    timestamp: expect.any(String),
    clientId: 'messenger',
    userId: uuidOf(alice),
    sessionId: expect.stringMatching(UUID),
  });
  const session = idOfUuid(connected?.envelope.sessionId ?? '') ?? 0;
  server.chat.endSession(server.actor(alice), session);
  await peer.ended;
  const [ended] = await arrived('userDisconnected');
  expect(ended?.envelope).toMatchObject({
    payload: { userDisconnected: { reason: 'kicked', code: 4021, forced: true } },
    sessionId: connected?.envelope.sessionId,
  });
  const other = await MessengerPeer.connect(server.url, alice);
  await other.close();
  const [, left] = await arrived('userDisconnected', 2);
  expect(left?.envelope.payload).toEqual({
    userDisconnected: { reason: 'client_namespace_disconnect', code: 1000, forced: false },
  });
  expect(named('userConnected')).toHaveLength(2);
  expect(left?.key).toBe(uuidOf(alice));
});

test('the wider family: what happens to messages, conversations and members', async () => {
  const [alice, bob, carol] = await server.newUsers(3);
  const group = await server.group([alice, bob]);
  const id = await say(alice, group, 'before', {}, 2);
  const { chat } = server;
  const [as, by] = [server.actor(alice), server.actor(bob)];
  await chat.editText(as, id, 'after');
  await chat.moveCursorToMessage(by, 'read', id);
  await chat.changeMembers(as, group, { add: [{ user: carol }], remove: [] });
  await chat.recallMessage(as, id);
  await chat.deleteConversation(as, group);
  await arrived('conversationDeleted');
  const own = sink.taken.filter(({ topic }) => topic === 'switchboard');
  expect(own.every(({ key }) => key === uuidOf(group))).toBe(true);
  expect(own.map(({ envelope }) => envelope.name)).toEqual(
    expect.arrayContaining([
      'conversationCreated',
      'messageEdited',
      'messageRead',
      'membersChanged',
      'messageRecalled',
      'conversationDeleted',
    ]),
  );
  expect(named('membersChanged')[0]?.envelope.payload).toMatchObject({
    membersChanged: { conversation_id: uuidOf(group), added: [{ user_id: uuidOf(carol), role: 'member' }], removed: [] },
  });
  expect(named('messageRecalled')[0]?.envelope.payload).toEqual({
    messageRecalled: { message_id: uuidOf(id), conversation_id: uuidOf(group), index: 1 },
  });
});

test('an outage loses nothing and keeps the order of each conversation', async () => {
  const [alice, bob] = await server.newUsers(2);
  sink.answerWith(() => ({ type: 'unavailable', why: 'nobody is there' }));
  const sent: number[] = [];
  for (let at = 0; at < 30; at += 1) sent.push(await say(alice, bob, `text ${at}`));
  await expect.poll(() => sink.asked.length).toBeGreaterThan(0);
  expect((await ask('/api/events/sinks')).body.sinks).toMatchObject([{ sink: 'collector', failing: 'nobody is there' }]);
  sink.answerWith();
  await arrived('personalChatSent', 30);
  expect([...new Set(named('personalChatSent').map(({ place }) => place))]).toEqual(sent);
  await expect.poll(async () => (await ask('/api/events/sinks')).body.sinks).toMatchObject([{ behind: 0, pending: 0 }]);
});

test(
  'one event that is refused holds up its own conversation and no other, and is kept as a dead letter',
  { timeout: 60_000 },
  async () => {
    await server.close();
    sink = collectingSink({ batch: 1, lanes: 4 });
    server = await startServer({}, undefined, { sinks: [sink] });
    const [alice, bob, carol] = await server.newUsers(3);
    const poison = (event: FeedEvent): boolean => event.json.includes('poison');
    let attempts = 0;
    sink.answerWith((event) => {
      if (!poison(event)) return { type: 'delivered' };
      attempts += 1;
      // So that the test does not wait for minutes: it is taken at the fourth time.
      return attempts < 4 ? { type: 'refused', why: 'it answered 400' } : { type: 'delivered' };
    });
    const held = await say(alice, bob, 'poison');
    const behind = await say(alice, bob, 'behind it');
    const other = await say(alice, carol, 'elsewhere');
    await expect.poll(() => sink.taken.some(({ place }) => place === other)).toBe(true);
    expect(sink.asked.some(({ place }) => place === behind)).toBe(false);
    expect((await ask(`/api/trace/${held}`)).body.sinks).toMatchObject([{ sink: 'collector', state: 'waiting' }]);
    await expect.poll(() => sink.taken.some(({ place }) => place === behind), { timeout: 30_000 }).toBe(true);
    const order = sink.taken.map(({ place }) => place);
    expect(order.indexOf(held)).toBeLessThan(order.indexOf(behind));
    expect(attempts).toBe(4);
  },
);

test('a server that comes back goes on where it was; a connection whose server was lost has ended', async () => {
  await server.close();
  const data = mkdtempSync(join(tmpdir(), 'switchboard-events-'));
  try {
    sink = collectingSink();
    server = await startServer({ data }, undefined, { sinks: [sink] });
    const [alice, bob] = await server.newUsers(2);
    const first = await say(alice, bob, 'first');
    await arrived('personalChatSent');
    sink.answerWith(() => ({ type: 'unavailable', why: 'nobody is there' }));
    const second = await say(alice, bob, 'second');
    // As a server that was killed would leave it.
    const origin = { door: 'stream', session: 7 };
    await server.chat.core.committer.commit({ type: 'fact', event: 'user.connected', namespace: 'default', user: alice, origin });
    await server.close();

    const after = collectingSink();
    server = await startServer({ data }, undefined, { sinks: [after] });
    await expect.poll(() => named('userDisconnected', after.taken).length).toBe(1);
    expect(named('userDisconnected', after.taken)[0]?.envelope).toMatchObject({
      payload: { userDisconnected: { reason: 'server_lost', code: 1006, forced: true } },
      sessionId: uuidOf(7),
    });
    expect(after.taken.map(({ place }) => place)).toContain(second);
    expect(after.taken.map(({ place }) => place)).not.toContain(first);
  } finally {
    await server.close();
    rmSync(data, { recursive: true });
  }
});

test('however many connections a lost server had, the next one starts and tells their ends', async () => {
  await server.close();
  const data = mkdtempSync(join(tmpdir(), 'switchboard-events-'));
  const count = 1_200;
  try {
    server = await startServer({ data });
    const { store } = server.chat.core;
    const begun = Array.from({ length: count }, (_, at) => {
      const origin = { door: 'stream', session: at + 1 };
      return { type: 'fact', event: 'user.connected', namespace: 'default', user: 1, origin } as const;
    });
    await store.commit(begun);
    await server.close();
    // Fewer may wait for the disk at a time than there were connections.
    server = await startServer({ data, 'max-waiting-operations': '600' });
    const ended = (await server.chat.core.store.events(0, 10_000)).filter(({ type }) => type === 'user.disconnected');
    expect(ended).toHaveLength(count);
    expect(await server.chat.core.store.openSessions()).toEqual([]);
  } finally {
    await server.close();
    rmSync(data, { recursive: true });
  }
});

test('read in pages by back ends, within their namespace, by name, from any place', async () => {
  const [alice, bob] = await server.newUsers(2);
  const sent: number[] = [];
  for (let at = 0; at < 5; at += 1) sent.push(await say(alice, bob, `text ${at}`));
  const first = await ask('/api/events?type=personalChatSent&limit=3');
  expect(first.body).toMatchObject({ more: true, cut: false });
  expect(first.body.events.map(({ place }: { place: string }) => Number(place))).toEqual(sent.slice(0, 3));
  const rest = await ask(`/api/events?type=personalChatSent&limit=3&after=${first.body.next}`);
  expect(rest.body.events).toMatchObject(
    ['text 3', 'text 4'].map((payload) => ({ event: { payload: { personalChatSent: { payload } } } })),
  );
  expect(rest.body.more).toBe(false);
  expect((await ask('/api/events', { token: API_TOKENS.elsewhere })).body.events).toEqual([]);
  expect((await ask('/api/events', { token: API_TOKENS.deliver })).status).toBe(403);
  expect((await ask('/api/events?type=nothing')).body.error).toMatchObject({
    code: 'invalid_argument',
    fields: { type: expect.any(String) },
  });
  expect((await ask('/api/events?after=9007199254740991')).body.error.fields).toEqual({ after: 'lies in the future' });
  expect((await ask('/api/events/sinks', { token: API_TOKENS.elsewhere })).status).toBe(403);
});

test('a cursor from before what is kept is told so', async () => {
  const [alice, bob] = await server.newUsers(2);
  const id = await say(alice, bob, 'old');
  await server.group([alice, bob]);
  await server.chat.core.committer.commit({ type: 'trim-feed', before: id + 1_000_000, limit: 100 });
  const later = await say(alice, bob, 'new');
  const page = await ask('/api/events?after=1&type=personalChatSent');
  expect(page.body).toMatchObject({ cut: true, events: [{ place: String(later) }] });
  expect((await ask(`/api/events?after=${later}`)).body.cut).toBe(false);
});

test('followed live as server-sent events, and taken up again where it was', async () => {
  const [alice, bob] = await server.newUsers(2);
  const follow = async (headers: Record<string, string>) => {
    const response = await fetch(`${server.url}/api/events?type=personalChatSent`, {
      headers: { 'api-token': API_TOKENS.admin, accept: 'text/event-stream', ...headers },
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    return (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  };
  const reader = await follow({});
  const until = async (from: typeof reader, what: string): Promise<string> => {
    let text = '';
    while (!text.includes(what)) text += (await from.read()).value ?? '';
    return text;
  };
  await until(reader, ': the feed');
  const one = await say(alice, bob, 'one');
  const text = await until(reader, '"payload":"one"');
  expect(text).toContain(`id: ${one}\nevent: personalChatSent\ndata: {`);
  await reader.cancel();
  const two = await say(alice, bob, 'two');
  const again = await follow({ 'last-event-id': String(one) });
  const missed = await until(again, '"payload":"two"');
  expect(missed).not.toContain('"payload":"one"');
  expect(missed).toContain(`id: ${two}`);
  // The server goes: so does the follower.
  const closed = (async () => {
    while (!(await again.read()).done);
  })();
  await server.close();
  await closed;
});

test('a range once more, to one sink, in steps', async () => {
  const [alice, bob] = await server.newUsers(2);
  const sent: number[] = [];
  for (let at = 0; at < 6; at += 1) sent.push(await say(alice, bob, `text ${at}`));
  await arrived('personalChatSent', 6);
  const range = { sink: 'collector', after: String((sent[0] ?? 0) - 1), until: String(sent[4]) };
  const first = await ask('/api/events/replay', { body: { ...range, limit: 3 } });
  expect(first.body).toEqual({ delivered: 3, next: String(sent[2]), more: true });
  const rest = await ask('/api/events/replay', { body: { ...range, after: first.body.next } });
  expect(rest.body).toEqual({ delivered: 2, next: String(sent[4]), more: false });
  expect(named('personalChatSent').map(({ place }) => place)).toEqual([...sent, ...sent.slice(0, 5)]);
  expect((await ask('/api/events/replay', { body: { ...range, sink: 'nobody' } })).body.error).toMatchObject({
    code: 'not_found',
    message: 'There is no sink of this name. There are: collector.',
  });
  expect((await ask('/api/events/replay', { body: { ...range, limit: 1_000_000 } })).status).toBe(400);
});

test('where a message is', async () => {
  const [alice, bob] = await server.newUsers(2);
  const peer = await MessengerPeer.connect(server.url, bob);
  const id = await say(alice, bob, 'hello', { traceparent: TRACEPARENT });
  await arrived('personalChatSent');
  await peer.next('new_message');
  await expect
    .poll(async () => (await ask(`/api/trace/${id}`)).body.sinks)
    .toEqual([{ sink: 'collector', state: 'delivered', attempts: 0 }]);
  const { body } = await ask(`/api/trace/${uuidOf(id)}`);
  expect(body).toMatchObject({
    messageId: String(id),
    kind: 'private',
    index: 1,
    senderId: String(alice),
    state: 'sent',
    door: 'stream',
    traceparent: TRACEPARENT,
    sessions: [{ userId: String(bob), door: 'messenger' }],
    receipts: [{ userId: String(bob), delivered: false, read: false }],
    events: [{ name: 'personalChatSent', place: String(id) }],
  });
  expect(JSON.stringify(body)).not.toContain('hello');
  expect((await ask('/api/trace/12345')).status).toBe(404);
  expect((await ask(`/api/trace/${id}`, { token: API_TOKENS.elsewhere })).status).toBe(404);
  await peer.close();
});

test('a sink that hangs changes nothing for those who chat, and ends with the server', async () => {
  const [alice, bob] = await server.newUsers(2);
  sink.answerWith(() => new Promise(() => undefined));
  for (let at = 0; at < 20; at += 1) await say(alice, bob, `text ${at}`);
  expect(sink.taken).toEqual([]);
  const before = Date.now();
  await server.close();
  // The grace of the relay and that of connections, not more.
  expect(Date.now() - before).toBeLessThan(9_000);
});

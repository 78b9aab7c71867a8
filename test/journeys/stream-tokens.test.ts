/** Who is calling: every place a token may stand in, and every token that must not pass (wire.md, section 1, "Token"). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PostSchema } from '../../src/protobuf/gen/appootb/message/chat_pb.js';
import { CARRIERS } from '../support/clients/carriers.ts';
import { GrpcClient } from '../support/clients/grpc.ts';
import { request } from '../support/clients/http.ts';
import { Category, encodeMessage } from '../support/clients/stream-frame.ts';
import { WebSocketClient } from '../support/clients/websocket.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, textPost } from '../support/stream-peer.ts';
import { SECRET, signToken, tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const places: readonly {
  name: string;
  query?: (token: string) => string;
  headers?: (token: string) => Record<string, string>;
}[] = [
  { name: 'the query', query: (token) => `?token=${token}` },
  { name: 'Authorization: Bearer', headers: (token) => ({ Authorization: `Bearer ${token}` }) },
  { name: 'authorization: bearer, in small letters', headers: (token) => ({ authorization: `bearer ${token}` }) },
  { name: 'Grpc-Metadata-Token', headers: (token) => ({ 'Grpc-Metadata-Token': token }) },
  { name: 'Appootb-Token', headers: (token) => ({ 'Appootb-Token': token }) },
  {
    name: 'the query, beside an Authorization of another scheme',
    query: (token) => `?token=${token}`,
    headers: () => ({ Authorization: 'Basic dTpw' }),
  },
];

/** A user is who the token says when their posts are taken. */
async function canSpeak(client: WebSocketClient, user: number): Promise<void> {
  const post = textPost({ peer: user }, user, 'it is me');
  client.text(JSON.stringify({ sn: 'me', type: 2, postbox: { posts: [post] } }));
  expect(JSON.parse(await client.nextText())).toMatchObject({ sn: 'me', postbox: { posts: [{ type: 1 }] } });
  await client.close();
}

describe('a good token', () => {
  test.each(places)('in $name opens a WebSocket', async ({ query, headers }) => {
    const [user] = await server.newUsers(1);
    const token = tokenFor(user);
    const path = `/message/chat${query?.(token) ?? ''}`;
    // Compression is offered, and not taken.
    const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
    const client = await WebSocketClient.connect({ port: server.port, path, headers: { ...offer, ...headers?.(token) } });
    expect(client.headers).not.toHaveProperty('sec-websocket-protocol');
    expect(client.headers).not.toHaveProperty('sec-websocket-extensions');
    await canSpeak(client, user);
  });

  test('in the subprotocols opens a WebSocket, which answers with the other of the two', async () => {
    const [user] = await server.newUsers(1);
    const headers = { 'Sec-WebSocket-Protocol': `bearer, ${tokenFor(user)}` };
    const client = await WebSocketClient.connect({ port: server.port, path: '/message/chat', headers });
    expect(client.headers['sec-websocket-protocol']).toBe('bearer');
    await canSpeak(client, user);
  });

  test.each(places)('in $name sends over HTTP', async ({ query, headers }) => {
    const [user] = await server.newUsers(1);
    const token = tokenFor(user);
    const body = JSON.stringify(textPost({ peer: user }, user, 'it is me'));
    const answer = await request(server.port, {
      path: `/message/chat/send${query?.(token) ?? ''}`,
      headers: headers?.(token) ?? {},
      body,
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ category: 1, sender: String(user), receiver: String(user) });
  });

  test.each([
    ['token', (token: string) => ({ token })],
    ['authorization', (token: string) => ({ authorization: `Bearer ${token}` })],
    ['grpc-metadata-token', (token: string) => ({ 'grpc-metadata-token': token })],
    ['appootb-token', (token: string) => ({ 'appootb-token': token })],
  ])('in the gRPC metadata %s', async (_name, metadata) => {
    const [user] = await server.newUsers(1);
    using client = new GrpcClient(server.port);
    const post = encodeMessage(PostSchema, textPost({ peer: user }, user, 'it is me'));
    expect(await client.unary('/appootb.message.Chat/Send', post, metadata(tokenFor(user)))).toMatchObject({ code: 0 });
  });
});

describe('a ticket', () => {
  test('is good for one connection', async () => {
    const [user] = await server.newUsers(1);
    const ticket = server.chat.access.issueTicket(await server.chat.access.authenticate(tokenFor(user)));
    const path = `/message/chat?ticket=${ticket}`;
    await canSpeak(await WebSocketClient.connect({ port: server.port, path }), user);
    const again = await WebSocketClient.connect({ port: server.port, path });
    expect(await again.ended).toMatchObject({ code: 4401 });
  });

  test('that nobody gave out is worth nothing, even beside a good token', async () => {
    const path = `/message/chat?ticket=made-up&token=${tokenFor(1)}`;
    const client = await WebSocketClient.connect({ port: server.port, path });
    expect(await client.ended).toMatchObject({ code: 4401 });
  });
});

const now = Math.floor(Date.now() / 1000);
const claims = { sub: '1', iat: now - 10, exp: now + 3_600 };
const none = { header: { alg: 'none', typ: 'JWT' } };
const badTokens: readonly [string, string][] = [
  ['', ''],
  ['expired', signToken({ ...claims, exp: now - 60 })],
  ['not valid yet', signToken({ ...claims, nbf: now + 600 })],
  ['from the future', signToken({ ...claims, iat: now + 600 })],
  ['of another key', signToken(claims, { secret: `${SECRET}.` })],
  ['without an algorithm', signToken(claims, none)],
  ['without an algorithm and without a signature', signToken(claims, none).replace(/[^.]*$/, '')],
  ['of an algorithm in other letters', signToken(claims, { header: { alg: 'hs256' } })],
  ['of an algorithm that needs a public key', signToken(claims, { header: { alg: 'RS256' } })],
  ['with an unknown critical header', signToken(claims, { header: { alg: 'HS256', crit: ['x'], x: 1 } })],
  ['without a subject', signToken({ ...claims, sub: undefined })],
  ['with an empty subject', signToken({ ...claims, sub: '' })],
  ['with a number for a subject', signToken({ ...claims, sub: 1 })],
  ['with an unknown role', signToken({ ...claims, role: 'root' })],
  ['with a namespace that is no name', signToken({ ...claims, ns: '../default' })],
  ['with an expiry that is no number', signToken({ ...claims, exp: 'never' })],
  ['too long', signToken({ ...claims, junk: 'x'.repeat(7_000) })],
  ['that is no token', 'x.y.z'],
  ['of two parts', 'eyJhbGciOiJIUzI1NiJ9.e30'],
  ['of dots', '..'],
];

describe.each(badTokens)('a token %s', (_name, token) => {
  test.each(CARRIERS)('does not open $name', async (carrier) => {
    const sessions = await server.metric('switchboard_sessions');
    const before = await server.metric('switchboard_refusals_total', { code: 'unauthenticated' });
    const link = await carrier.connect({ port: server.port, token });
    const { code, message } = await link.ended;
    expect(code).toBe(carrier.endings.unauthenticated);
    if (token !== '') expect(message).not.toContain(token);
    expect(await server.metric('switchboard_sessions')).toBe(sessions);
    expect(await server.metric('switchboard_refusals_total', { code: 'unauthenticated' })).toBe(before + 1);
    expect(link.violations).toEqual([]);
  });

  test('does not send', async () => {
    const post = textPost({ peer: 1 }, 1, 'x');
    const headers: Record<string, string> = token === '' ? {} : { Authorization: `Bearer ${token}` };
    const answer = await request(server.port, { path: '/message/chat/send', headers, body: JSON.stringify(post) });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body)).toEqual({ code: 16, message: expect.stringMatching(/^[A-Z].*\.$/), details: [] });
    using client = new GrpcClient(server.port);
    const sent = await client.unary('/appootb.message.Chat/Send', encodeMessage(PostSchema, post), { token });
    expect(sent).toMatchObject({ code: 16, response: undefined });
  });
});

describe('guests', () => {
  test.each(CARRIERS)('have no place in the chat of $name', async (carrier) => {
    const [user] = await server.newUsers(1);
    const link = await carrier.connect({ port: server.port, token: tokenFor(user, { role: 'guest' }) });
    expect((await link.ended).code).toBe(carrier.endings.notAllowed);
  });

  test('do not send', async () => {
    const [user, other] = await server.newUsers(2);
    const token = tokenFor(user, { role: 'guest' });
    const post = textPost({ peer: other }, user, 'x');
    const answer = await request(server.port, { path: `/message/chat/send?token=${token}`, body: JSON.stringify(post) });
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([403, 7]);
    using client = new GrpcClient(server.port);
    expect(await client.unary('/appootb.message.Chat/Send', encodeMessage(PostSchema, post), { token })).toMatchObject({
      code: 7,
    });
  });
});

describe('who a token is for', () => {
  test('a subject that is no id of ours gets one, the same each time', async () => {
    const users = await Promise.all(
      ['alice@example.org', 'alice@example.org', '9007199254740993', '0', '01', '-1'].map((sub) =>
        server.chat.access.authenticate(tokenFor(sub)),
      ),
    );
    const ids = users.map(({ user }) => user);
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(5);
    for (const id of ids) expect(Number.isSafeInteger(id) && id > 0).toBe(true);
  });

  test.each(CARRIERS)('namespaces do not see each other over $name', async (carrier) => {
    const [one, two] = await server.newUsers(2);
    const here = await StreamPeer.connect(carrier, server, two);
    // The same ids in another namespace, where only the first has ever shown a token.
    const there = await StreamPeer.connect(carrier, server, one, { token: tokenFor(one, { ns: 'elsewhere' }), extensions: true });
    const answer = await there.post([textPost({ peer: two }, one, 'hello')]);
    expect(answer.errors).toMatchObject([{ index: 0, code: 5 }]);
    const group = await server.group([one, two]);
    expect((await there.post([textPost({ group }, one, 'hello')])).errors).toMatchObject([{ index: 0, code: 5 }]);
    expect((await there.sync([{ category: Category.GROUP }], group)).posts).toEqual([]);
    await here.settled();
    expect(here.pushes.size).toBe(0);
  });
});

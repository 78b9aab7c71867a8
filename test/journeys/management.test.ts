/** The management interface of a whole server, over the network: with the stream beside it, across restarts, and with requests as they should not be. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSwitchboard, parseConfig } from '../../src/compose.ts';
import { request } from '../support/clients/http.ts';
import type { StreamJson } from '../support/clients/stream-frame.ts';
import { WebSocketClient } from '../support/clients/websocket.ts';
import type { Answer } from '../support/management.ts';
import { SECRET } from '../support/tokens.ts';

const ADMIN = { 'api-token': 'the secret of a back end' };

interface Server extends AsyncDisposable {
  readonly port: number;
  call(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: object,
  ): Promise<Pick<Answer, 'status' | 'body'>>;
}

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'switchboard-management-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

async function start(): Promise<Server> {
  const options = { port: '0', data, 'jwt-secret': SECRET, 'api-token': ADMIN['api-token'], 'log-level': 'silent' };
  const board = await createSwitchboard(parseConfig({ options, env: {} }));
  const { port, url } = await board.listen();
  return {
    port,
    async call(method, path, headers = {}, body) {
      const response = await fetch(url + path, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    },
    [Symbol.asyncDispose]: () => board.close(),
  };
}

async function signUp(server: Server, username: string): Promise<{ id: string; headers: { authorization: string } }> {
  const { status, body } = await server.call('POST', '/api/auth/register', {}, { username, password: 'correct horse' });
  expect(status).toBe(201);
  return { id: body.user.id, headers: { authorization: `Bearer ${body.token}` } };
}

async function nextPost(client: WebSocketClient): Promise<object | undefined> {
  const { postbox } = JSON.parse(await client.nextText()) as StreamJson;
  return postbox?.posts?.[0];
}

it('is one server with the stream: what is done here is heard there, and the other way round', async () => {
  await using server = await start();
  const [alice, bob] = [await signUp(server, 'alice'), await signUp(server, 'bob')];
  const group = (
    await server.call('POST', '/api/conversations', alice.headers, { kind: 'group', name: 'Team', members: [bob.id] })
  ).body;

  const { ticket } = (await server.call('POST', '/api/tickets', bob.headers)).body;
  const listening = await WebSocketClient.connect({ port: server.port, path: `/message/chat?ticket=${ticket}` });
  const sent = (await server.call('POST', `/api/conversations/${group.id}/messages`, alice.headers, { text: 'Hello' })).body;
  expect(await nextPost(listening)).toMatchObject({
    postmark: { category: 2, sender: alice.id, receiver: group.id, unique_id: sent.id },
    text: { content: 'Hello' },
  });

  listening.text(
    JSON.stringify({
      sn: 'a',
      type: 2,
      postbox: { posts: [{ postmark: { category: 2, sender: bob.id, receiver: group.id }, type: 1, text: { content: 'Hi' } }] },
    }),
  );
  await nextPost(listening);
  const page = (await server.call('GET', `/api/conversations/${group.id}/messages?after=${sent.id}`, alice.headers)).body;
  expect(page.messages).toMatchObject([{ index: 2, senderId: bob.id, text: 'Hi' }]);
  expect((await server.call('GET', `/api/conversations/${group.id}/unread`, alice.headers)).body).toMatchObject({
    unreadCount: 1,
  });
  expect((await server.call('GET', `/api/users/${bob.id}`, alice.headers)).body).toMatchObject({ online: true });

  expect((await server.call('DELETE', `/api/conversations/${group.id}/messages/${sent.id}`, alice.headers)).body).toMatchObject({
    state: 'recalled',
  });
  expect(await nextPost(listening)).toMatchObject({ postmark: { unique_id: sent.id }, type: 10 });

  const { sessions } = (await server.call('GET', '/api/sessions', bob.headers)).body;
  expect(sessions).toMatchObject([{ userId: bob.id, door: 'stream' }]);
  expect((await server.call('DELETE', `/api/sessions/${sessions[0].id}`, ADMIN)).status).toBe(204);
  expect(await listening.ended).toMatchObject({ code: 1008 });
});

it('ends live connections whose token is revoked', async () => {
  await using server = await start();
  const alice = await signUp(server, 'alice');
  const listening = await WebSocketClient.connect({
    port: server.port,
    path: '/message/chat',
    headers: { Authorization: alice.headers.authorization },
  });
  expect((await server.call('POST', '/api/auth/logout', alice.headers)).status).toBe(204);
  expect(await listening.ended).toMatchObject({ code: 4401 });
  expect((await server.call('GET', '/api/users/me', alice.headers)).status).toBe(401);
});

it('remembers everything it has acknowledged', async () => {
  const key = { 'idempotency-key': 'one' };
  const before = await (async () => {
    await using server = await start();
    const [alice, bob] = [await signUp(server, 'alice'), await signUp(server, 'bob')];
    const left = await signUp(server, 'left');
    const message = await server.call('POST', `/api/private/${bob.id}/messages`, { ...alice.headers, ...key }, { text: 'Hello' });
    expect(message.status).toBe(201);
    await server.call('PUT', `/api/blocks/${left.id}`, bob.headers);
    await server.call('POST', '/api/auth/logout', left.headers);
    const billing = (await server.call('POST', '/api/api-tokens', ADMIN, { name: 'billing', scopes: ['users'] })).body;
    return { alice, bob, left, message: message.body, billing };
  })();
  await using server = await start();
  const { alice, bob, left, message, billing } = before;
  const again = await server.call('POST', `/api/private/${bob.id}/messages`, { ...alice.headers, ...key }, { text: 'Hello' });
  expect(again).toEqual({ status: 200, body: message });
  const { conversations } = (await server.call('GET', '/api/conversations', bob.headers)).body;
  expect(conversations).toMatchObject([{ peerId: alice.id, unreadCount: 1, lastMessage: message }]);
  expect((await server.call('GET', '/api/blocks', bob.headers)).body).toEqual({ userIds: [left.id] });
  expect((await server.call('GET', '/api/users/me', left.headers)).status).toBe(401);
  expect((await server.call('POST', '/api/auth/login', {}, { username: 'left', password: 'correct horse' })).status).toBe(200);
  expect((await server.call('GET', `/api/users/${bob.id}`, { 'api-token': billing.secret })).status).toBe(200);
});

it('refuses an Api-Token header that is there twice or empty', async () => {
  await using server = await start();
  const twice = { 'Api-Token': ADMIN['api-token'], 'api-token': ADMIN['api-token'] };
  for (const headers of [twice, { 'Api-Token': ' ' }]) {
    const answer = await request(server.port, { method: 'GET', path: '/api/sessions', headers });
    expect(answer).toMatchObject({ status: 401, headers: { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } });
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'unauthenticated' } });
  }
  expect(
    (await request(server.port, { method: 'GET', path: '/api/sessions', headers: { 'Api-Token': ADMIN['api-token'] } })).status,
  ).toBe(200);
});

it('reads no more of a body than it may, and nothing of one before it knows who sends it', async () => {
  await using server = await start();
  const alice = await signUp(server, 'alice');
  const body = JSON.stringify({ kind: 'group', name: 'x'.repeat(2_000_000) });
  const stranger = await request(server.port, { path: '/api/conversations', body });
  expect(stranger.status).toBe(401);
  const answer = await request(server.port, {
    path: '/api/conversations',
    headers: { Authorization: alice.headers.authorization },
    body,
  });
  expect([answer.status, JSON.parse(answer.body)]).toMatchObject([413, { error: { code: 'too_large' } }]);
  const lying = {
    Authorization: alice.headers.authorization,
    'Content-Type': 'application/json',
    'Content-Length': '9000000000',
  };
  expect((await request(server.port, { path: '/api/conversations', headers: lying })).status).toBe(413);
  expect((await server.call('GET', '/api/users/me', alice.headers)).status).toBe(200);
});

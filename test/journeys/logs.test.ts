/** What a real server writes to standard error: lines of JSON that say what happens, and never a token, a password or a message text. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS } from '../support/clients/carriers.ts';
import { request } from '../support/clients/http.ts';
import { Running } from '../support/command-line.ts';
import { StreamPeer, textPost } from '../support/stream-peer.ts';
import { SECRET, tokenFor } from '../support/tokens.ts';

const API_TOKEN = 'api-token-that-nobody-logs';
/** Every text that is sent, whole or broken, has this word in it. */
const WORD = 'Geheimnis';
const PASSWORD = 'correct horse that nobody logs';

interface Line {
  readonly level: number;
  readonly time: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

let folder: string;
let server: Running;
let port: number;
const tokens: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-logs-'));
  const options = ['--port', '0', '--data', folder, '--log-level', 'debug', '--api-token', API_TOKEN, '--jwt-secret', SECRET];
  server = new Running(['start', ...options]);
  port = Number(new URL(/ url=(\S+) /.exec(await server.line(/ready/))?.[1] ?? '').port);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A token that is looked for in the log. */
function mint(user: number, claims: object = {}): string {
  const token = tokenFor(user, claims);
  tokens.push(token);
  return token;
}

function linesOf(text: string): readonly Line[] {
  return server.err.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === text);
}

test('the start: version, address, folder and options, with the secrets masked', async () => {
  const { version } = (await import('../../package.json', { with: { type: 'json' } })).default;
  const options = { port: '0', data: folder, 'log-level': 'debug', 'api-token': '********', 'jwt-secret': '********' };
  expect(linesOf('listening')).toMatchObject([
    { level: 30, version, pid: server.pid, url: `http://127.0.0.1:${port}`, data: folder, options },
  ]);
});

describe('what clients send is not in it', () => {
  test.each(CARRIERS)('over $name, good and bad', async (carrier) => {
    const [one, two] = [101, 102];
    const good = await StreamPeer.connect(carrier, { port }, two, { token: mint(two) });
    const peer = await StreamPeer.connect(carrier, { port }, one, { token: mint(one) });
    await peer.send({ peer: two }, `${WORD} good`);
    expect(await good.nextPush()).toMatchObject({ text: { content: `${WORD} good` } });
    await expect(peer.send({ group: 12_345 }, `${WORD} nowhere`)).rejects.toThrow('refused');
    await expect(peer.send({ peer: two }, `${WORD}${'x'.repeat(70_000)}`)).rejects.toThrow('refused');
    await peer.close();
    const stranger = await StreamPeer.connect(carrier, { port }, one, { token: mint(one) });
    stranger.link.send({ sn: '1', type: 2, postbox: { posts: [textPost({ peer: one }, two, `${WORD} in another name`)] } });
    await stranger.ended;
    const broken = await StreamPeer.connect(carrier, { port }, one, { token: mint(one) });
    broken.link.sendBytes(Buffer.from(`{"sn": "${WORD}`));
    await broken.ended;
    await good.close();
    for (const bad of [mint(one, { exp: 1 }), mint(one, { role: 'king' }), `${mint(one)}x`, 'no-token-at-all']) {
      tokens.push(bad);
      const refused = await StreamPeer.connect(carrier, { port }, one, { token: bad }).catch(() => undefined);
      await refused?.ended;
    }
  });

  test('over HTTP, in every place a token has, good and bad', async () => {
    await request(port, { path: `/message/chat/send?token=${mint(102)}`, body: '{}' });
    const path = '/message/chat/send';
    const post = JSON.stringify(textPost({ peer: 102 }, 101, `${WORD} over HTTP`));
    const statuses: number[] = [];
    for (const headers of [
      { Authorization: `Bearer ${mint(101)}` },
      { 'Grpc-Metadata-Token': mint(101) },
      { 'Appootb-Token': `${mint(101)}broken` },
      { Authorization: `Bearer ${mint(101, { exp: 1 })}` },
    ]) {
      for (const body of [post, post.slice(0, -3), WORD, post.replace('"type":1', `"type":"${WORD}"`)]) {
        statuses.push((await request(port, { path, headers, body })).status);
      }
    }
    expect(statuses).toEqual([200, 400, 400, 400, 200, 400, 400, 400, ...Array.from({ length: 8 }, () => 401)]);
    for (const large of [`/message/chat/send?token=${mint(101)}${'x'.repeat(20_000)}`, `/%zz?token=${mint(101)}`]) {
      expect((await request(port, { path: large, body: post })).status).toBeGreaterThanOrEqual(400);
    }
    await request(port, {
      path: '/message/inner/chat/deliver',
      headers: { 'Api-Token': API_TOKEN },
      body: JSON.stringify({ tag: { product: 'default', name: 'user:1' }, sn: 'n', posts: [JSON.parse(post)] }),
    });
  });

  test('over /api, accounts and messages, good and bad', async () => {
    const call = async (path: string, body: object | string, headers: Record<string, string> = {}) =>
      (await request(port, { path, headers, body: typeof body === 'string' ? body : JSON.stringify(body) })).status;
    const account = { username: 'alice', password: PASSWORD };
    expect(await call('/api/auth/register', account)).toBe(201);
    expect(await call('/api/auth/login', { ...account, password: `${PASSWORD}!` })).toBe(401);
    expect(await call('/api/auth/login', `{"password": "${PASSWORD}`)).toBe(400);
    const as = { Authorization: `Bearer ${mint(101)}` };
    expect(await call('/api/private/102/messages', { text: `${WORD} over the API` }, as)).toBe(201);
    expect(await call('/api/private/102/messages', { text: [WORD] }, as)).toBe(400);
    expect(await call('/api/private/9/messages', { text: WORD }, as)).toBe(404);
    expect(await call('/api/tokens', { sub: '1' }, { 'Api-Token': `${API_TOKEN}?` })).toBe(401);
  });
});

test('sessions that open and close are told at debug, with who and why', () => {
  const opened = linesOf('a session has opened');
  expect(opened.length).toBeGreaterThanOrEqual(12);
  for (const { level, user, door, namespace } of opened)
    expect([level, namespace, door, [101, 102].includes(Number(user))]).toEqual([20, 'default', 'stream', true]);
  for (const line of linesOf('a session has closed'))
    expect(line).toMatchObject({ level: 20, door: 'stream', reason: expect.any(String) });
});

test('the drain has a beginning and an end, and nothing in all this was secret or a fault', async () => {
  server.kill('SIGTERM');
  expect(await server.ended()).toBe(0);
  expect([linesOf('draining').length, linesOf('closed').length]).toEqual([1, 1]);
  const all = server.err.join('\n');
  // A token is its signature: the rest may be somebody's name.
  const signatures = tokens.map((token) => token.split('.')[2] ?? token);
  expect(signatures.length).toBeGreaterThan(20);
  for (const secret of [...tokens, ...signatures, WORD, PASSWORD, API_TOKEN, SECRET]) expect(all).not.toContain(secret);
  for (const line of server.err) expect((JSON.parse(line) as Line).level).toBeLessThan(40);
});

/** Requests over HTTP/1.1 that must not pass: status, body, count, and that nothing of them is stored. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exchange, open, parseAnswer, received, request } from '../support/clients/http.ts';
import type { HttpRequest } from '../support/clients/http.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { textPost } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';
import { createWitness } from '../support/witness.ts';
import type { Witness } from '../support/witness.ts';

let server: TestServer;
let witness: Witness;
beforeAll(async () => {
  server = await startServer();
  witness = await createWitness(server);
});
afterAll(async () => {
  await witness.untouched();
  await server.close();
});

const post = (): string => JSON.stringify(textPost({ group: witness.group }, witness.one, 'bad'));
const send = (more: Partial<HttpRequest> = {}): HttpRequest => ({
  path: `/message/chat/send?token=${tokenFor(witness.one)}`,
  body: post(),
  ...more,
});

describe('bodies that are no post: 400, code 3, counted', () => {
  const cases: [string, () => Partial<HttpRequest>][] = [
    ['none', () => ({ body: undefined as never })],
    ['an empty one', () => ({ body: '' })],
    ['white space', () => ({ body: ' \n' })],
    ['no JSON', () => ({ body: 'hello' })],
    ['half a post', () => ({ body: post().slice(0, -1) })],
    ['two posts', () => ({ body: post() + post() })],
    ['a byte order mark', () => ({ body: `\ufeff${post()}` })],
    ['an array', () => ({ body: `[${post()}]` })],
    ['a stream frame', () => ({ body: `{"sn":"s","type":2,"postbox":{"posts":[${post()}]}}` })],
    ['no postmark', () => ({ body: '{"type":1,"text":{"content":"bad"}}' })],
    ['no type', () => ({ body: post().replace('"type":1,', '') })],
    [
      'two members of the envelope',
      () => ({ body: post().replace('"text"', '"coordinate":{"latitude":1,"longitude":1},"text"') }),
    ],
    ['an id of 2^63', () => ({ body: post().replace(/"receiver":"\d+"/, '"receiver":9223372036854775808') })],
    ['an id of 1e400', () => ({ body: post().replace(/"receiver":"\d+"/, '"receiver":1e400') })],
    ['half of a surrogate pair', () => ({ body: post().replace('bad', String.raw`\ud800`) })],
    ['bytes that are not UTF-8', () => ({ body: Buffer.from(post().replace('bad', 'b\u00e4d'), 'latin1') })],
    ['a surrogate in UTF-8', () => ({ body: Buffer.from(post().replace('bad', '\u00ed\u00a0\u0080'), 'latin1') })],
    ['UTF-16', () => ({ body: Buffer.from(post(), 'utf16le') })],
    ['gzip', () => ({ body: gzipSync(post()), headers: { 'Content-Encoding': 'gzip' } })],
    ['a form', () => ({ body: 'sender=1', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })],
    ['arrays nested deeply', () => ({ body: '['.repeat(250_000) })],
    [
      'an unknown field nested deeply',
      () => ({ body: post().replace('{', `{"x":${'['.repeat(200_000)}${']'.repeat(200_000)},`) }),
    ],
    ['one byte over the limit', () => ({ body: post().padEnd(524_289) })],
    ['a length over the limit', () => ({ body: post(), headers: { 'Content-Length': '524289' } })],
  ];

  test.each(cases)('%s', async (_name, change) => {
    const refusals = (): Promise<number> => server.metric('switchboard_refusals_total', { door: 'stream' });
    const before = await refusals();
    const { status, headers, body } = await request(server.port, send(change()));
    expect([status, JSON.parse(body)]).toEqual([400, { code: 3, message: expect.stringMatching(/./), details: [] }]);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(await refusals()).toBe(before + 1);
    await witness.unharmed();
  });

  test('chunks over the limit together', async () => {
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    const { path } = send();
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const { status, body } = parseAnswer(await exchange(server.port, Buffer.from(head + chunk.repeat(9))));
    expect([status, JSON.parse(body).code]).toEqual([400, 3]);
  });

  test('up to the limit, of any content type or of none, a post passes', async () => {
    const [user] = await server.newUsers(1);
    for (const headers of [
      {},
      { 'Content-Type': '' },
      { 'Content-Type': 'text/plain' },
      { 'Content-Type': 'application/json; charset=latin1' },
    ]) {
      const body = JSON.stringify(textPost({ peer: user }, user, 'gr\u00fc\u00dfe')).padEnd(524_286);
      const path = `/message/chat/send?token=${tokenFor(user)}`;
      expect((await request(server.port, { path, headers, body })).status).toBe(200);
    }
  });
});

describe('places and methods that are not there', () => {
  const refusals = (door: string): Promise<number> => server.metric('switchboard_refusals_total', { door });
  const ask = (method: string, path: string) =>
    request(server.port, send({ method, path: `${path}?token=${tokenFor(witness.one)}` }));

  test.each([
    ['GET', '/message/chat/send', 'POST'],
    ['PUT', '/message/chat/send', 'POST'],
    ['DELETE', '/message/chat/send', 'POST'],
    ['PATCH', '/message/room/send', 'POST'],
    ['GET', '/message/inner/chat/deliver', 'POST'],
    ['POST', '/message/inner/chat/conn/default/1', 'DELETE'],
  ])('%s %s takes %s', async (method, path, allowed) => {
    const before = await refusals('stream');
    const { status, headers, body } = await ask(method, path);
    expect([status, headers['allow']]).toEqual([405, allowed]);
    expect(JSON.parse(body)).toEqual({ code: 12, message: expect.stringContaining(allowed), details: [] });
    expect(await refusals('stream')).toBe(before + 1);
    await witness.unharmed();
  });

  test.each([
    ['GET', '/message/chat'],
    ['POST', '/message/chat'],
    ['POST', '/message/chat/send/'],
    ['POST', '/message//chat/send'],
    ['POST', '/message/chat/./send'],
    ['POST', '/message/chat/../chat/send'],
    ['POST', '/message/chat/send%00'],
    ['POST', '/message/chat%2fsend'],
    ['POST', '/message/inner/chat'],
    ['DELETE', '/message/inner/chat/conn/default'],
    ['DELETE', '/message/inner/chat/conn/default/1/2'],
    ['GET', `/message/${'a/'.repeat(3_000)}`],
  ])('%s %s is nothing of the stream', async (method, path) => {
    const before = await refusals('stream');
    const { status, body } = await ask(method, path);
    expect([status, JSON.parse(body)]).toEqual([404, { code: 5, message: expect.any(String), details: [] }]);
    expect(await refusals('stream')).toBe(before + 1);
    await witness.unharmed();
  });

  test.each([
    ['POST', '//message/chat/send'],
    ['POST', '/Message/Chat/Send'],
    ['POST', '/messages'],
    ['POST', '/appootb.message.Chat/Send'],
    ['GET', '/../../etc/passwd'],
    ['GET', '/%2e%2e/%2e%2e/etc/passwd'],
    ['GET', `/${'a/'.repeat(5_000)}`],
  ])('%s %s is nothing of anybody', async (method, path) => {
    const before = await refusals('http');
    const { status, body } = await ask(method, path);
    expect([status, JSON.parse(body)]).toEqual([404, { error: { code: 'not_found', message: expect.any(String) } }]);
    expect(await refusals('http')).toBe(before + 1);
    await witness.unharmed();
  });

  test.each([
    ['/%', 'http'],
    ['/%zz', 'http'],
    ['/message/chat/send%', 'stream'],
    ['/message/chat/%zz', 'stream'],
    ['/message/inner/chat/conn/%ff/1', 'stream'],
    ['/api/users/%zz', 'api'],
  ])('%s cannot be decoded', async (path, door) => {
    const before = await refusals(door);
    const { status, headers, body } = await request(server.port, { path, method: 'DELETE' });
    const message = 'The address is malformed.';
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual(
      door === 'stream' ? { code: 3, message, details: [] } : { error: { code: 'invalid_argument', message } },
    );
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(await refusals(door)).toBe(before + 1);
  });
});

describe('requests that are none', () => {
  test.each([
    ['noise', Buffer.alloc(100, 0xff)],
    ['TLS', Buffer.from('16030100f8010000f40303', 'hex')],
    ['a broken first line', 'POST\r\n\r\n'],
    ['an unknown method', 'BREW /message/chat/send HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['another version', 'POST /message/chat/send HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['no host', 'POST /message/chat/send HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
    ['a space in a header name', 'POST /message/chat/send HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n'],
    ['a bare line feed in a header', 'POST /message/chat/send HTTP/1.1\r\nHost: x\r\nX: a\nb\r\n\r\n'],
    ['a folded header', 'POST /message/chat/send HTTP/1.1\r\nHost: x\r\nX: a\r\n b: c\r\n\u0000\r\n\r\n'],
    ['a length that is no number', 'POST /message/chat/send HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n'],
    ['two lengths', 'POST /message/chat/send HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST /message/chat/send HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['an encoding that is none', 'POST /message/chat/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, identity\r\n\r\n'],
    ['a chunk size that is none', 'POST /message/chat/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('%s', async (_name, bytes) => {
    const before = await server.metric('switchboard_refusals_total');
    const answer = await exchange(server.port, Buffer.from(bytes));
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 4(00|01|04) /);
    expect(await server.metric('switchboard_refusals_total')).toBeGreaterThan(before);
    await witness.unharmed();
  });

  test('what has no request line is answered plainly and counted as http', async () => {
    const before = await server.metric('switchboard_refusals_total', { door: 'http', code: 'invalid_argument' });
    const { status, headers, body } = parseAnswer(await exchange(server.port, Buffer.from('GARBAGE\r\n\r\n')));
    expect([status, headers['connection'], JSON.parse(body)]).toEqual([
      400,
      'close',
      { error: { code: 'invalid_argument', message: 'This is no HTTP request.' } },
    ]);
    expect(await server.metric('switchboard_refusals_total', { door: 'http', code: 'invalid_argument' })).toBe(before + 1);
  });

  test.each([
    ['a header of the stream', '/message/chat/send', { 'Appootb-Token': 'x'.repeat(20_000) }, 'stream'],
    ['a query of the stream', `/message/chat/send?token=${'x'.repeat(20_000)}`, {}, 'stream'],
    ['a header of the api', '/api/users/me', { Authorization: `Bearer ${'x'.repeat(20_000)}` }, 'api'],
    ['a header elsewhere', '/', { 'X-Large': 'x'.repeat(17_000) }, 'http'],
    ['a header that not even the parser takes', '/', { 'X-Large': 'x'.repeat(40_000) }, 'http'],
  ])('headers over the limit, %s: 431', async (_name, path, headers, door) => {
    const counted = () => server.metric('switchboard_refusals_total', { door, code: 'too_large' });
    const before = await counted();
    const { status, body } = await request(server.port, send({ path, headers, method: 'GET' }));
    const message = expect.stringContaining('16384') as unknown;
    expect(status).toBe(431);
    expect(JSON.parse(body)).toEqual(
      door === 'stream' ? { code: 3, message, details: [] } : { error: { code: 'too_large', message } },
    );
    expect(await counted()).toBe(before + 1);
    await witness.unharmed();
  });

  test('an upgrade of what is nobody’s place is counted', async () => {
    const refused = async (path: string) =>
      (await request(server.port, { path, method: 'GET', headers: { Connection: 'Upgrade', Upgrade: 'websocket' } })).status;
    const counted = (door: string) => server.metric('switchboard_refusals_total', { door, code: 'not_found' });
    const before = [await counted('http'), await counted('stream')];
    expect([await refused('/nowhere'), await refused('/message/nowhere')]).toEqual([404, 404]);
    expect([await counted('http'), await counted('stream')]).toEqual(before.map((count) => count + 1));
  });

  test('under /api unknown paths and methods are counted', async () => {
    const counted = (code: string) => server.metric('switchboard_refusals_total', { door: 'api', code });
    const before = [await counted('not_found'), await counted('not_supported')];
    expect((await request(server.port, { path: '/api/nothing', method: 'GET' })).status).toBe(404);
    expect((await request(server.port, { path: '/api/users/me', method: 'PUT' })).status).toBe(405);
    expect([await counted('not_found'), await counted('not_supported')]).toEqual(before.map((count) => count + 1));
  });

  test('a hundred requests in one segment are answered in their order', async () => {
    const [user] = await server.newUsers(1);
    const body = (at: number): string => JSON.stringify(textPost({ peer: user }, user, `text ${at}`));
    const requests = Array.from({ length: 100 }, (_, at) => {
      const close = at === 99 ? 'Connection: close\r\n' : '';
      const text = body(at);
      return `POST /message/chat/send?token=${tokenFor(user)} HTTP/1.1\r\nHost: x\r\n${close}Content-Length: ${text.length}\r\n\r\n${text}`;
    });
    const answers = (await exchange(server.port, Buffer.from(requests.join('')))).toString();
    const ids = [...answers.matchAll(/"unique_id":"(\d+)"/g)].map(([, id]) => Number(id));
    expect(ids).toHaveLength(100);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  test('a client that leaves in the middle of its body has sent nothing', async () => {
    const socket = open(server.port);
    const over = received(socket);
    const { path } = send();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${post().length}\r\n\r\n${post().slice(0, -1)}`);
    socket.end();
    await over;
    await witness.unharmed();
  });
});

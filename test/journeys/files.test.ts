/** Files from end to end: uploads, good and bad, links, downloads, and what becomes of files that are used, taken back or forgotten. */
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamJson } from '../support/clients/stream-frame.ts';
import { WebSocketClient } from '../support/clients/websocket.ts';
import { open, parseAnswer, received, request } from '../support/clients/http.ts';
import { animation, photo, picture, pngBomb } from '../support/pictures.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const LIMIT = 2_000_000;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ 'max-file-bytes': String(LIMIT), 'max-image-pixels': '1000000', 'max-unused-files': '1000' });
  await server.users(1, 2, 3);
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

const bearer = (user: number, claims: object = {}) => ({ authorization: `Bearer ${tokenFor(user, claims)}` });

interface Uploaded {
  id: string;
  name: string;
  mediaType: string;
  size: number;
  width?: number;
  height?: number;
  url: string;
  previewUrl?: string;
  expiresAt: string;
}

interface Refused {
  error: { code: string; message: string; fields?: Record<string, string> };
}

interface Reply {
  readonly status: number;
  readonly body: Uploaded & Refused;
}

async function ask(path: string, init: RequestInit): Promise<Reply> {
  const answer = await fetch(server.url + path, init);
  return { status: answer.status, body: (await answer.json()) as Reply['body'] };
}

function post(body: RequestInit['body'], name = 'a.bin', headers: Record<string, string> = bearer(1)): Promise<Reply> {
  return ask(`/api/files?name=${encodeURIComponent(name)}`, { method: 'POST', body: body ?? null, headers });
}

async function upload(bytes: Buffer | string, name = 'a.bin', user = 1): Promise<Uploaded> {
  const headers = { 'content-type': 'application/octet-stream', ...bearer(user) };
  const { status, body } = await post(typeof bytes === 'string' ? bytes : new Uint8Array(bytes), name, headers);
  expect(status).toBe(201);
  return body;
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(server.url + path, { headers, method });
}

function codeOf({ status, body }: Reply): string {
  return `${status} ${body.error.code}`;
}

/** Sends a message of the file's link to another user, as the stream of another client would. */
async function send(user: number, peer: number, url: string): Promise<string> {
  const answer = await fetch(`${server.url}/api/private/${peer}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(user) },
    body: JSON.stringify({ type: 'file', resource: { url } }),
  });
  expect(answer.status).toBe(201);
  const { id, conversationId } = (await answer.json()) as { id: string; conversationId: string };
  return `/api/conversations/${conversationId}/messages/${id}`;
}

describe('an upload', () => {
  test('of a body or of a form is answered with what it is and a link', async () => {
    const png = await picture(600, 300).png().toBuffer();
    const file = await upload(png, 'Кошка 1.png');
    expect(file).toMatchObject({ name: 'Кошка 1.png', mediaType: 'image/png', width: 600, height: 300 });
    expect(Date.parse(file.expiresAt)).toBeGreaterThan(Date.now());
    const form = new FormData();
    form.append('note', 'not looked at');
    form.append('file', new Blob([new Uint8Array(png)], { type: 'text/html' }), 'Кошка 2.png');
    const answer = await post(form);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ name: 'Кошка 2.png', mediaType: 'image/png', size: file.size });
    const shown = await get(file.url);
    expect([shown.status, shown.headers.get('content-type')]).toEqual([200, 'image/png']);
    const small = await sharp(Buffer.from(await (await get(file.previewUrl ?? '')).arrayBuffer())).metadata();
    expect([small.format, small.width, small.height]).toEqual(['webp', 480, 240]);
  });

  test('of more than one JSON body is taken whatever type the sender names', async () => {
    const bytes = 'x'.repeat(1_500_000);
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/html', 'x/y']) {
      const answer = await post(bytes, 'a.txt', { 'content-type': type, ...bearer(1) });
      expect(answer.body).toMatchObject({ mediaType: 'text/plain', size: 1_500_000 });
    }
  });

  test('needs somebody who may, and a file', async () => {
    expect(codeOf(await post('a', 'a', {}))).toBe('401 unauthenticated');
    expect(codeOf(await post('a', 'a', bearer(9, { role: 'guest' })))).toBe('403 permission_denied');
    expect(codeOf(await post('a', 'a', { 'api-token': API_TOKENS.deliver }))).toBe('403 permission_denied');
    expect((await post('a', 'a', { 'api-token': API_TOKENS.admin })).status).toBe(201);
    expect(codeOf(await post('', 'a'))).toBe('400 invalid_argument');
    expect(codeOf(await post(new FormData()))).toBe('400 invalid_argument');
    const form = new FormData();
    form.append('file', 'words in a field');
    expect(codeOf(await post(form))).toBe('400 invalid_argument');
    const empty = new FormData();
    empty.append('file', new Blob([]), 'empty');
    expect(codeOf(await post(empty))).toBe('400 invalid_argument');
    const twice = await ask('/api/files?name=a&name=b', { method: 'POST', body: 'a', headers: bearer(1) });
    expect(codeOf(twice)).toBe('400 invalid_argument');
  });

  test('that is too large is refused while it comes in, also in a form and without a length', async () => {
    const large = new Uint8Array(LIMIT + 1);
    expect(codeOf(await post(large))).toBe('413 too_large');
    const form = new FormData();
    form.append('file', new Blob([large]), 'large');
    expect(codeOf(await post(form))).toBe('413 too_large');
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(100_000));
        if ((sent += 100_000) >= 4_000_000) controller.close();
      },
    });
    let sent = 0;
    const options = { method: 'POST', body: stream, duplex: 'half' as const, headers: bearer(1) };
    expect(codeOf(await ask('/api/files', options))).toBe('413 too_large');
    expect((await post(large.subarray(0, LIMIT))).status).toBe(201);
  });

  test('that claims more pixels than memory is refused', async () => {
    expect(codeOf(await post(new Uint8Array(pngBomb(50_000)), 'bomb.png'))).toBe('413 too_large');
    expect(codeOf(await post(new Uint8Array(await animation('gif', 700, 700)), 'bomb.gif'))).toBe('413 too_large');
  });

  test('that is a bomb of zeros in an archive is what it is: an archive nobody opens', async () => {
    const zip = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(1_000)]);
    const { url } = await upload(zip, 'bomb.zip');
    const { headers } = await get(url);
    expect([headers.get('content-type'), headers.get('content-encoding'), headers.get('content-length')]).toEqual([
      'application/zip',
      null,
      '1004',
    ]);
  });

  test('that breaks off leaves nothing, whatever its length said', async () => {
    const before = await server.chat.core.store.unusedFiles('default', 3);
    const head = (length: string, type: string) =>
      `POST /api/files?name=a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenFor(3)}\r\nExpect: 100-continue\r\nContent-Type: ${type}\r\n${length}\r\n\r\n`;
    const part = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf a file';
    for (const [length, type, body] of [
      ['Content-Length: 1000', 'image/png', 'half'],
      ['Transfer-Encoding: chunked', 'image/png', '4\r\nhalf\r\n'],
      ['Content-Length: 1000', 'multipart/form-data; boundary=x', part],
    ] as const) {
      const socket = open(server.port);
      const begun = new Promise((resolve) => socket.once('data', resolve));
      socket.write(head(length, type));
      // The server has begun to read: `100 Continue`.
      expect(String(await begun)).toMatch(/^HTTP\/1.1 100 /);
      socket.write(body);
      socket.destroySoon();
    }
    // A form that is whole as a body and has no end as a form.
    const cut = await request(server.port, {
      path: '/api/files',
      headers: { ...bearer(3), 'Content-Type': 'multipart/form-data; boundary=x' },
      body: part,
    });
    expect([cut.status, JSON.parse(cut.body)]).toMatchObject([400, { error: { code: 'invalid_argument' } }]);
    await upload('whole', 'whole', 3);
    expect(await server.chat.core.store.unusedFiles('default', 3)).toEqual({ count: before.count + 1, bytes: before.bytes + 5 });
  });

  test('with a form that is none, or with tricks in it, is refused or made harmless', async () => {
    for (const type of ['multipart/form-data', 'multipart/form-data; boundary=']) {
      const answer = await request(server.port, {
        path: '/api/files',
        headers: { ...bearer(1), 'Content-Type': type },
        body: 'x',
      });
      expect([type, answer.status]).toEqual([type, 400]);
    }
    const form = new FormData();
    form.append('__proto__', 'x');
    form.append('file', new Blob(['x']), 'x');
    expect((await post(form)).body).toMatchObject({ name: 'x', size: 1 });
    for (const [given, name] of [
      ['../../../etc/passwd', 'passwd'],
      ['C:\\Windows\\system.ini', 'system.ini'],
      ['a\u202egpj.exe', 'agpj.exe'],
      ['"; filename="x.html', '_; filename=_x.html'],
      ['a\r\nX-Evil: 1', 'aX-Evil_ 1'],
      ['x'.repeat(1_000), 'x'.repeat(255)],
    ] as const) {
      const file = await upload('x', given);
      expect(file.name).toBe(name);
      const answer = await get(file.url);
      expect([answer.status, answer.headers.get('x-evil')]).toEqual([200, null]);
      expect(decodeURIComponent(answer.headers.get('content-disposition')?.split("''")[1] ?? '')).toBe(name);
    }
  });

  test('of a photo tells nothing of where and with what it was taken', async () => {
    const { url } = await upload(await photo('jpeg'), 'me.jpg');
    const bytes = Buffer.from(await (await get(url)).arrayBuffer());
    expect((await sharp(bytes).metadata()).exif).toBeUndefined();
    expect(bytes.includes('SECRET')).toBe(false);
  });

  test('is in the document, as a form and as bytes', async () => {
    const document = (await (await get('/api/openapi.json')).json()) as {
      paths: Record<string, { post: { requestBody: object } }>;
    };
    expect(document.paths['/api/files']?.post.requestBody).toMatchObject({
      required: true,
      content: { 'multipart/form-data': {}, 'application/octet-stream': {} },
    });
  });
});

describe('a link', () => {
  test('opens its file, and no other, until its end', async () => {
    const [file, other] = [await upload('mine', 'a.txt'), await upload('other', 'b.txt')];
    expect(await (await get(file.url)).text()).toBe('mine');
    const [path = '', query = ''] = file.url.split('?');
    const later = query.replace(/exp=([0-9]+)/, (_, exp: string) => `exp=${Number(exp) + 3_600}`);
    const missing = await (await get(`/files/${Number(file.id) + 1}/a.txt?${query}`)).text();
    for (const bad of [
      path,
      `${path}?${later}`,
      `${path}?${query}x`,
      `${path}?exp=1&sig=x`,
      `${other.url.split('?')[0]}?${query}`,
      `/files/0/a.txt?${query}`,
      `/files/nonsense/a.txt?${query}`,
    ]) {
      const answer = await get(bad);
      expect([bad, answer.status, await answer.text()]).toEqual([bad, 404, missing]);
    }
  });

  test('is not needed by those who may see the file, and of no use to ask for by others', async () => {
    const file = await upload('between two', 'a.txt');
    const [path = ''] = file.url.split('?');
    const seenBy = async (user: number) => [
      (await get(path, bearer(user))).status,
      (await get(`/api/files/${file.id}`, bearer(user))).status,
    ];
    expect([await seenBy(1), await seenBy(2)]).toEqual([
      [200, 200],
      [404, 404],
    ]);
    await send(1, 2, file.url);
    expect([await seenBy(1), await seenBy(2), await seenBy(3)]).toEqual([
      [200, 200],
      [200, 200],
      [404, 404],
    ]);
    expect((await get(`${path}?token=${tokenFor(2)}`)).status).toBe(200);
    expect((await get(path, { authorization: 'Bearer nonsense' })).status).toBe(401);
    expect(await (await get(`/api/files/${file.id}`, bearer(2))).json()).toMatchObject({ id: file.id, size: 11, url: file.url });
  });

  test('of a message that is taken back opens nothing any more', async () => {
    const file = await upload('regretted', 'a.txt');
    const message = await send(1, 2, file.url);
    expect((await get(file.url)).status).toBe(200);
    expect((await get(message, bearer(1), 'DELETE')).status).toBe(200);
    expect((await get(file.url)).status).toBe(404);
    expect((await get(`/api/files/${file.id}`, bearer(1))).status).toBe(404);
  });

  test('of somebody else cannot be sent on by who may not see the file', async () => {
    const file = await upload('secret', 'a.txt');
    const answer = await fetch(`${server.url}/api/private/3/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(2) },
      body: JSON.stringify({ type: 'file', resource: { url: `/files/${file.id}/a.txt` } }),
    });
    expect(answer.status).toBe(404);
  });
});

describe('on the stream', () => {
  test('a file is a link to everybody, and has its caption for those who ask for extensions', async () => {
    const file = await upload(await picture(8, 8).png().toBuffer(), 'a.png');
    const connect = (query: string) =>
      WebSocketClient.connect({ port: server.port, path: `/message/chat?token=${tokenFor(2)}${query}` });
    const [plain, extended] = [await connect(''), await connect('&extensions=1')];
    await server.chat.sendMessage(server.actor(1), {
      target: { peer: 2 },
      content: { kind: 'photo', text: 'Look', resource: { url: `${server.url}${file.url}` } },
    });
    const postOf = async (client: WebSocketClient) => (JSON.parse(await client.nextText()) as StreamJson).postbox?.posts?.[0];
    const [told, more] = [await postOf(plain), await postOf(extended)];
    expect(told?.resource).toEqual({ url: file.url, thumbnail: file.previewUrl });
    expect([told, more]).toMatchObject([{ type: 4 }, { type: 4, caption: 'Look', resource: { url: file.url } }]);
    expect(told).not.toHaveProperty('caption');
    await Promise.all([plain, extended].map((client) => client.close()));
  });
});

describe('a download', () => {
  test('says what it is, is never guessed at or run, and is kept by the browser alone', async () => {
    const { url } = await upload('<script>alert(1)</script>', 'page.html');
    const { headers } = await get(url);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="page.html"; filename*=UTF-8''page.html`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cross-origin-resource-policy': 'cross-origin',
      'content-length': '25',
      'accept-ranges': 'bytes',
    });
    expect(headers.get('cache-control')).toMatch(/^private, max-age=[0-9]+, immutable$/);
    const { url: picturesUrl } = await upload(await picture(8, 8).png().toBuffer(), 'a.png');
    expect((await get(picturesUrl)).headers.get('content-disposition')).toMatch(/^inline; /);
  });

  test('has ranges, and no patience with nonsense in them', async () => {
    const { url } = await upload('0123456789', 'digits.txt');
    const part = async (range: string, more: Record<string, string> = {}) => {
      const answer = await get(url, { range, ...more });
      return [answer.status, answer.headers.get('content-range'), answer.status === 416 ? '' : await answer.text()];
    };
    expect(await part('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
    expect(await part('bytes=0-0')).toEqual([206, 'bytes 0-0/10', '0']);
    expect(await part('bytes=8-')).toEqual([206, 'bytes 8-9/10', '89']);
    expect(await part('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await part('bytes=-100')).toEqual([206, 'bytes 0-9/10', '0123456789']);
    expect(await part('bytes=5-1000')).toEqual([206, 'bytes 5-9/10', '56789']);
    for (const behind of ['bytes=10-', 'bytes=10-20', 'bytes=-0']) expect(await part(behind)).toEqual([416, 'bytes */10', '']);
    for (const nonsense of [
      'bytes=5-2',
      'bytes=-',
      'bytes=a-b',
      'lines=1-2',
      'bytes=1-2,4-5',
      'bytes=1e3-',
      `bytes=${'9'.repeat(40)}-`,
    ]) {
      expect(await part(nonsense)).toEqual([200, null, '0123456789']);
    }
    const tag = (await get(url)).headers.get('etag') ?? '';
    expect((await part('bytes=2-4', { 'if-range': tag }))[0]).toBe(206);
    expect((await part('bytes=2-4', { 'if-range': '"other"' }))[0]).toBe(200);
    expect((await part('bytes=2-4', { 'if-range': 'Wed, 21 Oct 2015 07:28:00 GMT' }))[0]).toBe(200);
  });

  test('is not repeated for who has it, and tells its size without its bytes', async () => {
    const { url } = await upload('0123456789', 'digits.txt');
    const tag = (await get(url)).headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[0-9a-f]{64}"$/);
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const answer = await get(url, { 'if-none-match': known });
      expect([answer.status, await answer.text()]).toEqual([304, '']);
    }
    expect((await get(url, { 'if-none-match': '"x"' })).status).toBe(200);
    const head = await get(url, {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
    expect((await get(url, { range: 'bytes=1-2' }, 'HEAD')).headers.get('content-length')).toBe('2');
  });

  test('that its reader leaves costs nothing', async () => {
    const { url } = await upload(Buffer.alloc(LIMIT, 1), 'large.bin');
    for (let time = 0; time < 5; time += 1) {
      const socket = open(server.port);
      socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
    }
    const socket = open(server.port);
    socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const answer = parseAnswer(await received(socket));
    expect([answer.status, answer.headers['content-length']]).toEqual([200, String(LIMIT)]);
  });
});

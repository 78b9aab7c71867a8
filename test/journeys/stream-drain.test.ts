/** Stopping: connections are told, what was acknowledged is there after the next start, and nobody can hold the server up (design.md, "What scripts may rely on"). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CARRIERS, webSocketText } from '../support/clients/carriers.ts';
import { open, parseAnswer, received, request } from '../support/clients/http.ts';
import { Category } from '../support/clients/stream-frame.ts';
import { UpgradeRefused, WebSocketClient, handshake } from '../support/clients/websocket.ts';
import { startServer } from '../support/server.ts';
import { slowDisk } from '../support/slow-disk.ts';
import { StreamPeer, textPost } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'switchboard-test-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

describe.each(CARRIERS)('over $name', (carrier) => {
  test.each([
    ['a fast disk', undefined],
    ['a slow disk', slowDisk],
  ])('everything acknowledged before the end is there after it, on %s', async (_disk, wrap) => {
    const server = await startServer({ data }, wrap);
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const listener = await StreamPeer.connect(carrier, server, two);
    await sender.send({ peer: two }, 'first');
    const acknowledged: string[] = [];
    const texts = Array.from({ length: 300 }, (_, at) => `text ${at}`);
    const sending = texts.map((text) =>
      sender.send({ peer: two }, text, { sn: text }).then(
        ({ unique_id = '' }) => acknowledged.push(unique_id),
        () => undefined,
      ),
    );
    await listener.pushes.take(50);
    await server.close();
    await Promise.all(sending);
    expect(await sender.ended).toEqual({ code: carrier.endings.shutdown, message: expect.stringContaining('shutting down') });
    expect((await listener.ended).code).toBe(carrier.endings.shutdown);
    expect([...sender.link.violations, ...listener.link.violations]).toEqual([]);

    await using next = await startServer({ data });
    const reader = await StreamPeer.connect(carrier, next, two);
    const stored = (await reader.sync([{ category: Category.PRIVATE }])).posts.map(({ postmark }) => postmark.unique_id ?? '');
    for (const id of acknowledged) expect(stored).toContain(id);
    // All are sent again under their sn, as a client does that had no answer: each is there once.
    const again = await StreamPeer.connect(carrier, next, one);
    await Promise.all(texts.map((text) => again.send({ peer: two }, text, { sn: text })));
    const { posts } = await reader.sync([{ category: Category.PRIVATE }]);
    expect(posts.map(({ text }) => text?.content)).toEqual(['first', ...texts]);
  });

  test('a send repeated after a restart is the same send', async () => {
    const server = await startServer({ data });
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const mark = await sender.send({ peer: two }, 'once', { sn: 'key' });
    await server.close();
    await using next = await startServer({ data });
    const again = await StreamPeer.connect(carrier, next, one);
    expect(await again.send({ peer: two }, 'once', { sn: 'key' })).toEqual(mark);
    expect((await again.sync([{ category: Category.PRIVATE }])).posts).toHaveLength(1);
  });

  test('a client that reads nothing does not hold it up', async () => {
    const server = await startServer({ data });
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(webSocketText, server, one);
    const lazy = await StreamPeer.connect(carrier, server, two);
    lazy.link.pause();
    for (let at = 0; at < 15; at += 1) await sender.send({ peer: two }, `${at} ${'x'.repeat(60_000)}`);
    await server.close();
    lazy.link.resume();
    await lazy.ended;
  });

  test('a client that reads late, but reads, gets all that was sent and the reason', async () => {
    const server = await startServer({ data });
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(webSocketText, server, one);
    const late = await StreamPeer.connect(carrier, server, two);
    late.link.pause();
    for (let at = 0; at < 12; at += 1) await sender.send({ peer: two }, `${at} ${'x'.repeat(60_000)}`);
    const closing = server.close();
    setImmediate(() => late.link.resume());
    expect(await late.pushes.take(12)).toHaveLength(12);
    expect((await late.ended).code).toBe(carrier.endings.shutdown);
    await closing;
  });
});

test('a request under way is answered', async () => {
  const server = await startServer({ data }, slowDisk);
  const [one] = await server.newUsers(1);
  const body = JSON.stringify(textPost({ peer: one }, one, 'in the last moment'));
  const path = `/message/chat/send?token=${tokenFor(one)}`;
  // On a connection that would stay open.
  const socket = open(server.port);
  const answer = received(socket);
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  while (server.chat.core.committer.depth === 0) await new Promise(setImmediate);
  await server.close();
  const { status, body: postmark } = parseAnswer(await answer);
  expect(status).toBe(200);
  await using next = await startServer({ data });
  const reader = await StreamPeer.connect(webSocketText, next, one);
  expect((await reader.sync([{ category: Category.PRIVATE }])).posts.map((post) => post.postmark)).toEqual([
    JSON.parse(postmark),
  ]);
});

test('connections that are half made do not hold it up', async () => {
  const server = await startServer({ data });
  const silent = open(server.port);
  const half = open(server.port);
  half.write('GET /metrics HTTP/1.1\r\nHost');
  const idle = open(server.port);
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => idle.once('data', resolve));
  const all = [silent, half, idle].map(received);
  await server.close();
  await Promise.all(all);
});

test('no new connections; those that are open learn that it is not ready', async () => {
  const server = await startServer({ data });
  const [one] = await server.newUsers(1);
  const kept = open(server.port);
  const answers = received(kept);
  kept.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => kept.once('data', resolve));
  // A request that is not complete keeps its connection through the drain.
  kept.write('GET /readyz HTTP/1.1\r\nHost: x\r\n');
  const upgrading = open(server.port);
  const refusal = received(upgrading);
  const head = handshake({ port: server.port, path: `/message/chat?token=${tokenFor(one)}` }, 'AAAAAAAAAAAAAAAAAAAAAA==');
  upgrading.write(head.slice(0, -2));
  await request(server.port, { method: 'GET', path: '/healthz' });
  const closing = server.close();
  kept.write('Connection: close\r\n\r\n');
  upgrading.write('\r\n');
  const text = (await answers).toString();
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503']);
  expect(text).toContain('"listening":false');
  expect(parseAnswer(await refusal).status).toBe(503);
  await closing;
  const late = await WebSocketClient.connect({ port: server.port, path: '/message/chat' }).catch((error: unknown) => error);
  expect(late).toBeInstanceOf(Error);
  expect(late).not.toBeInstanceOf(UpgradeRefused);
});

test('closing twice is closing once', async () => {
  const server = await startServer({ data });
  await Promise.all([server.close(), server.close()]);
  await server.close();
});

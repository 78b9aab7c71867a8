/**
 * A client of the official library, left to itself: the server is killed and started again on the same data, and the client comes back, with
 * everything (design.md, promises 1 and 4).
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { callApi } from '../support/crash/api.ts';
import { kill, startProcess } from '../support/crash/server-process.ts';

const ADA = 401;
const BOB = 402;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-back-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** One address for server after server, as a reverse proxy gives it: a port that was given up may be somebody else's by the time it is wanted again. */
async function relay(): Promise<AsyncDisposable & { readonly url: string; to: number }> {
  const open = new Set<Socket>();
  const front = createServer((client) => {
    const server = connect(outer.to, '127.0.0.1');
    client.pipe(server).pipe(client);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const outer = {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    to: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      front.close();
      await once(front, 'close');
    },
  };
  return outer;
}

async function openChat(url: string): Promise<string> {
  for (const user of [ADA, BOB]) await callApi(url, { user, method: 'GET', path: '/api/chats' });
  const body = { isGroup: true, name: 'the two', userIds: [String(BOB)] };
  const answer = await callApi(url, { user: ADA, method: 'POST', path: '/api/chats', body });
  return (answer?.body as { id: string }).id;
}

async function send(url: string, chatId: string, content: string): Promise<string> {
  const answer = await callApi(url, { user: ADA, method: 'POST', path: '/api/messages', body: { chatId, content } });
  return (answer?.body as { id: string }).id;
}

describe.each(['websocket', 'polling'] as const)('over %s', (transport) => {
  test('socket.io-client reconnects by itself after kill -9, and resumes with nothing missing', async () => {
    await using front = await relay();
    await using first = await startProcess(folder);
    front.to = first.port;
    const chatId = await openChat(first.url);
    const bob = await MessengerPeer.connect(front.url, BOB, { transports: [transport], reconnects: true });
    const told: string[] = [];
    bob.socket.on('new_message', ({ id }: { id: string }) => told.push(id));
    const before = await send(first.url, chatId, 'before');
    expect((await bob.next('new_message')).id).toBe(before);
    // Stored and acknowledged; the client is told of it, or the end comes first.
    const last = await send(first.url, chatId, 'the last before the end');

    const back = new Promise<void>((resolve) => bob.socket.once('connect', resolve));
    await kill(first);
    expect(['transport close', 'transport error']).toContain(await bob.ended);
    // What is asked of a client that is away goes out when it is back.
    const asked = bob.socket.emitWithAck('send_message', { chatId, content: 'from bob', clientMessageId: 'b1' });
    await using second = await startProcess(folder);
    const missed = await send(second.url, chatId, 'while nobody listened');
    front.to = second.port;
    await back;

    const sent = await asked;
    expect(sent).toMatchObject({ ok: true, message: { content: 'from bob' } });
    const { chats } = await bob.ask('sync', { chats: [{ chatId, lastId: before }] });
    expect(chats[0].messages.map(({ id }: { id: string }) => id)).toEqual([last, missed, sent.message.id]);
    const live = await send(second.url, chatId, 'live again');
    await expect.poll(() => told, { timeout: 30_000 }).toContain(live);
    expect(told.filter((id) => id === live || id === missed)).toEqual([live]);
    bob.socket.disconnect();
  });
});

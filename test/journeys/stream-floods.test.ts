/** Clients that read nothing, or send more than anybody reads: what they cost is bounded, they are cut off, and they can resume (promise 7). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS, webSocketText } from '../support/clients/carriers.ts';
import { Category, PayloadType } from '../support/clients/stream-frame.ts';
import { WebSocketClient, clientFrame } from '../support/clients/websocket.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { slowDisk } from '../support/slow-disk.ts';
import { StreamPeer, textPost } from '../support/stream-peer.ts';
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

const LARGE = 'x'.repeat(60_000);

/** Waits until something is so, turn by turn. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
}

const MIB = 1024 ** 2;

describe.each(CARRIERS)('over $name', (carrier) => {
  test('a client that never reads is cut off, and resumes with its last id', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const lazy = await StreamPeer.connect(carrier, server, two);
    const slow = (): Promise<number> => server.metric('switchboard_sessions_closed_total', { reason: 'slow' });
    const before = await slow();
    lazy.link.pause();
    const ids: string[] = [];
    // More than all buffers on the way may hold.
    while ((await slow()) === before && ids.length < 2_000) {
      ids.push((await sender.send({ peer: two }, `${ids.length} ${LARGE}`)).unique_id ?? '');
    }
    expect(await slow()).toBe(before + 1);
    expect(server.chat.isOnline('default', two)).toBe(true);
    lazy.link.resume();
    // Its rest was given up; the reason reaches it when it reads on in time.
    expect([carrier.endings.slow, 1006]).toContain((await lazy.ended).code);
    const seen = lazy.pushes.drain().map(({ postmark }) => postmark.unique_id);
    expect(seen).toEqual(ids.slice(0, seen.length));
    const again = await StreamPeer.connect(carrier, server, two);
    const last_id = seen.at(-1);
    const { posts } = await again.sync([{ category: Category.PRIVATE, ...(last_id !== undefined && { last_id }) }]);
    expect(posts.map(({ postmark }) => postmark.unique_id)).toEqual(ids.slice(seen.length));
    await witness.unharmed();
  });

  test('a burst larger than the limit does not cut off a client that reads', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(webSocketText, server, one);
    const reader = await StreamPeer.connect(carrier, server, two);
    const count = 25;
    await Promise.all(Array.from({ length: count }, (_, at) => sender.send({ peer: two }, `${at} ${LARGE}`)));
    expect(await reader.pushes.take(count)).toHaveLength(count);
  });

  test('frames behind an answer that nobody reads are not read either', async () => {
    await using own = await startServer({}, slowDisk);
    const [one, two, three] = await own.newUsers(3);
    const sender = await StreamPeer.connect(webSocketText, own, one);
    await Promise.all(Array.from({ length: 250 }, (_, at) => sender.send({ peer: two }, `${at} ${LARGE}`)));
    const greedy = await StreamPeer.connect(carrier, own, two);
    greedy.link.pause();
    // More posts than may be under way, an answer that stands still, and more than anybody may keep waiting.
    const small = [0, 1].map(() =>
      greedy.post(Array.from({ length: 1_000 }, (_, at) => textPost({ peer: three }, two, `${at}`))),
    );
    const syncing = greedy.sync([{ category: Category.PRIVATE }], one);
    const large = Array.from({ length: 400 }, (_, at) => greedy.post([textPost({ peer: three }, two, `${at} ${LARGE}`)]));
    const stored = (): Promise<number> => own.metric('switchboard_sends_total', { door: 'stream' });
    await until(async () => (await stored()) === 2_250);
    // Sends of another connection go through; of those behind the answer none does.
    for (let at = 0; at < 20; at += 1) await sender.send({ peer: one }, `${at}`);
    expect(await stored()).toBe(2_270);
    expect(greedy.link.unsent).toBeGreaterThan(0);
    greedy.link.resume();
    expect((await syncing).posts).toHaveLength(250);
    for (const { postbox } of await Promise.all(small)) expect(postbox?.posts).toHaveLength(1_000);
    for (const { postbox } of await Promise.all(large)) expect(postbox?.posts).toHaveLength(1);
  });

  test('thousands of posts without waiting are all answered', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const frames = Array.from({ length: 8 }, (_, at) =>
      sender.post(Array.from({ length: 1_000 }, (_each, place) => textPost({ peer: two }, one, `${at} ${place}`))),
    );
    const ids = (await Promise.all(frames)).flatMap(
      ({ postbox }) => postbox?.posts?.map(({ postmark }) => Number(postmark.unique_id)) ?? [],
    );
    expect(ids).toHaveLength(8_000);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(new Set(ids).size).toBe(8_000);
  });

  test('a flood of RECEIPTS ends where the last one says', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(webSocketText, server, one);
    const marks = await Promise.all(Array.from({ length: 100 }, (_, at) => sender.send({ peer: two }, `${at}`)));
    const reader = await StreamPeer.connect(carrier, server, two);
    const flood = 4_000;
    for (let at = 0; at < flood; at += 1) {
      const postmark = marks[at % 100];
      if (postmark === undefined) continue;
      const local_ids = [{ category: Category.PRIVATE, last_id: postmark.unique_id ?? '' }];
      reader.receipts({ local_ids, postmarks: [postmark, postmark] });
    }
    await reader.settled();
    await until(async () => (await summary()).deliveredIndex === 100);
    await witness.unharmed();

    async function summary() {
      const conversation = (await server.chat.findConversation(server.actor(two), { peer: one })).id;
      return (await server.chat.summarize(server.actor(two), conversation)).membership;
    }
  });

  test('a flood of SYNC is answered one by one', async () => {
    const [one] = await server.newUsers(1);
    const peer = await StreamPeer.connect(carrier, server, one);
    const ids = [{ category: Category.PRIVATE }, { category: Category.GROUP }, { category: Category.CHANNEL }];
    const syncs = Array.from({ length: 1_000 }, () => peer.sync(ids));
    await witness.unharmed();
    expect(await Promise.all(syncs)).toHaveLength(1_000);
  });
});

test('thousands of frames in one segment are answered in their order', async () => {
  const [one] = await server.newUsers(1);
  const client = await WebSocketClient.connect({ port: server.port, path: `/message/chat?token=${tokenFor(one)}` });
  const frames = Array.from({ length: 5_000 }, (_, at) => clientFrame(`{"sn":"${at}","type":2,"postbox":{}}`));
  client.write(Buffer.concat(frames));
  const answers = await client.messages.take(5_000);
  expect(answers.map(({ payload }) => Number(JSON.parse(payload.toString()).sn))).toEqual(
    Array.from({ length: 5_000 }, (_, at) => at),
  );
});

test('pings that nobody reads the answers of end the connection', async () => {
  const client = await WebSocketClient.connect({
    port: server.port,
    path: `/message/chat?token=${tokenFor(witness.two)}`,
    paused: true,
  });
  const ping = clientFrame(Buffer.alloc(125, 'p'), { opcode: 9 });
  const flood = Buffer.concat(Array.from({ length: 8_000 }, () => ping));
  const sessions = await server.metric('switchboard_sessions', { door: 'stream' });
  for (let sent = 0; sent < 64 * MIB && client.socket.writable; sent += flood.length) {
    client.socket.write(flood);
    await new Promise(setImmediate);
  }
  await until(async () => (await server.metric('switchboard_sessions', { door: 'stream' })) < sessions);
  client.drop();
  await witness.unharmed();
});

test('a frame that comes byte by byte, and never ends', async () => {
  const client = await WebSocketClient.connect({ port: server.port, path: `/message/chat?token=${tokenFor(witness.two)}` });
  client.write(clientFrame('', { claimedLength: 500_000n }));
  for (let at = 0; at < 20_000 && client.socket.writable; at += 1) {
    client.write(Buffer.from(' '));
    await new Promise(setImmediate);
  }
  expect((await client.ended).code).toBe(1008);
  await witness.unharmed();
});

test('an answer of many refusals does not cut off who reads it', async () => {
  const [one, two] = await server.newUsers(2);
  const peer = await StreamPeer.connect(webSocketText, server, one, { extensions: true });
  const answer = await peer.ask({
    sn: 'many',
    type: PayloadType.MESSAGES,
    postbox: { posts: Array.from({ length: 1_000 }, () => textPost({ peer: two }, one, '')) },
  });
  expect(answer.errors).toHaveLength(1_000);
  await peer.settled();
});

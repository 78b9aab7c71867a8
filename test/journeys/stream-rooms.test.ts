/** Rooms: one is in while connected, guests listen, history is short (wire.md, section 1, Room). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PostSchema } from '../../src/protobuf/gen/appootb/message/chat_pb.js';
import { CARRIERS } from '../support/clients/carriers.ts';
import type { Carrier } from '../support/clients/carriers.ts';
import { GrpcClient } from '../support/clients/grpc.ts';
import { request } from '../support/clients/http.ts';
import { Category, PayloadType, encodeMessage } from '../support/clients/stream-frame.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, textPost } from '../support/stream-peer.ts';
import type { Refused } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ 'room-history': '100' });
});
afterAll(() => server.close());

const ROOM = [{ category: Category.ROOM }];

function guest(carrier: Carrier, user: number): Promise<StreamPeer> {
  return StreamPeer.connect(carrier, server, user, { room: true, extensions: true, token: tokenFor(user, { role: 'guest' }) });
}

describe.each(CARRIERS)('over $name', (carrier) => {
  test('a SYNC with the room as target enters it; its posts then come live and carry it', async () => {
    const [one, two, three] = await server.newUsers(3);
    const room = await server.room(one);
    const speaker = await StreamPeer.connect(carrier, server, one, { room: true });
    const inside = await StreamPeer.connect(carrier, server, two, { room: true });
    const outside = await StreamPeer.connect(carrier, server, three, { room: true });
    expect((await inside.sync(ROOM, room)).posts).toEqual([]);
    const mark = await speaker.send({ room }, 'hello');
    const push = await inside.nextPush();
    expect(push.postmark).toEqual(mark);
    expect(push.target).toBe(String(room));
    await outside.settled();
    expect(outside.pushes.size).toBe(0);
    // The speaker is not in the room, and hears only after entering.
    await speaker.send({ room }, 'again');
    expect(speaker.pushes.size).toBe(0);
    expect((await speaker.sync(ROOM, room)).posts).toHaveLength(2);
  });

  test('over the chat service as well', async () => {
    const [one, two] = await server.newUsers(2);
    const room = await server.room(one);
    const speaker = await StreamPeer.connect(carrier, server, one);
    const inside = await StreamPeer.connect(carrier, server, two);
    await inside.sync([{ category: Category.ROOM }], room);
    const mark = await speaker.send({ room }, 'hello');
    expect((await inside.nextPush()).postmark).toEqual(mark);
  });

  test('guests listen and do not speak', async () => {
    const [one, two] = await server.newUsers(2);
    const room = await server.room(one);
    const speaker = await StreamPeer.connect(carrier, server, one, { room: true });
    const listener = await guest(carrier, two);
    await speaker.send({ room }, 'before');
    expect((await listener.sync(ROOM, room)).posts.map(({ text }) => text?.content)).toEqual(['before']);
    await speaker.send({ room }, 'hello');
    expect((await listener.nextPush()).text?.content).toBe('hello');
    const refused = await listener.send({ room }, 'me too').catch((error: unknown) => error);
    expect((refused as Refused).answer.errors).toMatchObject([{ index: 0, code: 7 }]);
    // The connection lives on.
    await speaker.send({ room }, 'bye');
    expect((await listener.nextPush()).text?.content).toBe('bye');
  });

  test('who disconnects is out, and comes back as a stranger', async () => {
    const [one, two] = await server.newUsers(2);
    const room = await server.room(one);
    const speaker = await StreamPeer.connect(carrier, server, one, { room: true });
    const first = await StreamPeer.connect(carrier, server, two, { room: true });
    await first.sync(ROOM, room);
    await first.close();
    const second = await StreamPeer.connect(carrier, server, two, { room: true });
    const mark = await speaker.send({ room }, 'while away');
    await second.settled();
    expect(second.pushes.size).toBe(0);
    expect((await second.sync(ROOM)).posts).toEqual([]);
    expect((await second.sync(ROOM, room)).posts.map(({ postmark }) => postmark)).toEqual([mark]);
    // Without a target: the rooms one is in.
    expect((await second.sync(ROOM)).posts.map(({ postmark }) => postmark)).toEqual([mark]);
  });

  test('only the connection that entered is in', async () => {
    const [one, two] = await server.newUsers(2);
    const room = await server.room(one);
    const speaker = await StreamPeer.connect(carrier, server, one, { room: true });
    const phone = await StreamPeer.connect(carrier, server, two, { room: true });
    const laptop = await StreamPeer.connect(carrier, server, two, { room: true });
    await phone.sync(ROOM, room);
    await speaker.send({ room }, 'hello');
    await phone.nextPush();
    await laptop.settled();
    expect(laptop.pushes.size).toBe(0);
  });

  test('several rooms on one connection, each told by its target', async () => {
    const [one, two] = await server.newUsers(2);
    const rooms = [await server.room(one), await server.room(one), await server.room(one)];
    const speaker = await StreamPeer.connect(carrier, server, one, { room: true });
    const inside = await StreamPeer.connect(carrier, server, two, { room: true });
    for (const room of rooms.slice(0, 2)) await inside.sync(ROOM, room);
    for (const room of rooms) await speaker.send({ room }, `in ${room}`);
    expect((await inside.pushes.take(2)).map(({ target }) => target)).toEqual(rooms.slice(0, 2).map(String));
    await inside.settled();
    expect(inside.pushes.size).toBe(0);
  });

  test('the history is short', async () => {
    const [one, two] = await server.newUsers(2);
    const room = await server.room(one);
    const speaker = await StreamPeer.connect(carrier, server, one, { room: true });
    const count = 400;
    await Promise.all(Array.from({ length: count }, (_, at) => speaker.send({ room }, `text ${at}`)));
    await server.chat.core.committer.idle();
    const late = await StreamPeer.connect(carrier, server, two, { room: true });
    const { posts } = await late.sync(ROOM, room);
    expect(posts.length).toBeGreaterThanOrEqual(100);
    expect(posts.length).toBeLessThanOrEqual(200);
    expect(posts.map(({ text }) => text?.content)).toEqual(
      Array.from({ length: posts.length }, (_, at) => `text ${count - posts.length + at}`),
    );
  });

  test('nothing is lost between entering and the first push', async () => {
    const [one, two] = await server.newUsers(2);
    const room = await server.room(one);
    const speaker = await StreamPeer.connect(carrier, server, one, { room: true });
    const sending = Promise.all(Array.from({ length: 90 }, (_, at) => speaker.send({ room }, `text ${at}`)));
    const inside = await StreamPeer.connect(carrier, server, two, { room: true });
    const { posts } = await inside.sync(ROOM, room);
    const marks = await sending;
    const live = await inside.pushes.take(marks.length - posts.length);
    expect([...posts, ...live].map(({ postmark }) => postmark)).toEqual(marks);
  });

  test('what is no room cannot be entered, whether it exists or not', async () => {
    const [one, two] = await server.newUsers(2);
    const group = await server.group([one, two]);
    const answers = [];
    for (const target of [group, 999_999_999]) {
      const listener = await guest(carrier, two);
      const { pages, last } = await listener.sync(ROOM, target);
      expect(pages).toEqual([]);
      answers.push(JSON.stringify({ ...last, sn: '', target: '' }));
    }
    expect(new Set(answers).size).toBe(1);
    const member = await StreamPeer.connect(carrier, server, one);
    const listener = await guest(carrier, two);
    await listener.sync(ROOM, group);
    await member.send({ group }, 'not for the room service');
    await listener.settled();
    // A member hears the group on every connection; it did not come by entering.
    expect(listener.pushes.size).toBeLessThanOrEqual(1);
  });

  test('the room service speaks of rooms only', async () => {
    const [one, two] = await server.newUsers(2);
    for (const frame of [
      { sn: 'a', type: PayloadType.SYNC, local: { ids: [{ category: Category.ROOM }, { category: Category.PRIVATE }] } },
      { sn: 'b', type: PayloadType.MESSAGES, postbox: { posts: [textPost({ peer: two }, one, 'x')] } },
    ]) {
      const peer = await StreamPeer.connect(carrier, server, one, { room: true });
      peer.link.send(frame);
      expect((await peer.ended).code).toBe(carrier.endings.badFrame);
    }
  });

  test('one connection may be in so many rooms', async () => {
    await using small = await startServer({ 'max-rooms-per-session': '2' });
    const [one] = await small.newUsers(1);
    const peer = await StreamPeer.connect(carrier, small, one, { room: true, extensions: true });
    const rooms = [await small.room(one), await small.room(one), await small.room(one)];
    const codes = [];
    for (const room of [...rooms, ...rooms]) codes.push((await peer.sync(ROOM, room)).last.errors?.[0]?.code);
    expect(codes).toEqual([undefined, undefined, 9, undefined, undefined, 9]);
  });
});

test('single sends to a room', async () => {
  const [one, two] = await server.newUsers(2);
  const room = await server.room(one);
  const post = textPost({ room }, one, 'hello');
  using client = new GrpcClient(server.port);
  const path = '/appootb.message.Room/Send';
  expect((await client.unary(path, encodeMessage(PostSchema, post), { token: tokenFor(one) })).code).toBe(0);
  const asGuest = { token: tokenFor(two, { role: 'guest' }) };
  expect((await client.unary(path, encodeMessage(PostSchema, textPost({ room }, two, 'x')), asGuest)).code).toBe(7);
  const elsewhere = encodeMessage(PostSchema, textPost({ peer: two }, one, 'x'));
  expect((await client.unary(path, elsewhere, { token: tokenFor(one) })).code).toBe(3);
  const http = { path: '/message/room/send', headers: { 'Appootb-Token': tokenFor(one) } };
  expect((await request(server.port, { ...http, body: JSON.stringify(post) })).status).toBe(200);
  expect((await request(server.port, { ...http, body: JSON.stringify(textPost({ peer: two }, one, 'x')) })).status).toBe(400);
});

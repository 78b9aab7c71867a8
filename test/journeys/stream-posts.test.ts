/** Posts over the stream: what comes in goes out the same, to those it is for, once (wire.md, section 1). */
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS, webSocketText } from '../support/clients/carriers.ts';
import { Category, PayloadType, Type } from '../support/clients/stream-frame.ts';
import type { PostJson, PostmarkJson } from '../support/clients/stream-frame.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { slowDisk } from '../support/slow-disk.ts';
import { Refused, StreamPeer, markPost, postmarkTo, textPost } from '../support/stream-peer.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** The content of a post, its numbers as 32-bit floats, which is what the interface has. */
function contentOf({ type, text, resource, coordinate }: PostJson): object {
  return {
    type,
    ...(text && { text }),
    ...(resource && { resource }),
    ...(coordinate && {
      coordinate: { latitude: Math.fround(coordinate.latitude), longitude: Math.fround(coordinate.longitude) },
    }),
  };
}

const resource = { url: 'https://example.org/a%20b?c=d&e=f', thumbnail: 'https://example.org/small' };

/** Every type that carries something. */
const CONTENTS = [
  { type: Type.TEXT, text: { content: 'Grüße, \u{1F680} and "quotes" \\ \u0001 \u2028 \n' } },
  { type: Type.AUDIO, resource: { url: 'https://example.org/sound.ogg' } },
  { type: Type.STICKER, text: { content: '\u{1F60A}' } },
  { type: Type.STICKER, resource },
  { type: Type.PHOTO, resource },
  { type: Type.VIDEO, resource },
  { type: Type.GIF, resource },
  { type: Type.FILE, resource },
  { type: Type.LOCATION, coordinate: { latitude: -33.8567844, longitude: 151.2152967 } },
  { type: Type.CONTACT, text: { content: 'BEGIN:VCARD' } },
  { type: Type.CONTACT, resource },
];

describe.each(CARRIERS)('over $name', (carrier) => {
  test('every type arrives as it was sent, live and from the store', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const receiver = await StreamPeer.connect(carrier, server, two);
    for (const content of CONTENTS) {
      const mark = await sender.deliver({ postmark: postmarkTo({ peer: two }, one), ...content });
      const push = await receiver.nextPush();
      expect(push.postmark).toEqual(mark);
      expect(contentOf(push)).toEqual(contentOf({ postmark: mark, ...content }));
    }
    const { posts } = await receiver.sync([{ category: Category.PRIVATE }]);
    expect(posts.map(contentOf)).toEqual(
      CONTENTS.map((content) => contentOf({ postmark: postmarkTo({ peer: two }, one), ...content })),
    );
    expect(receiver.link.violations).toEqual([]);
  });

  test('the server sets id and time; the sender learns them from the answer under the same sn', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const before = Date.now();
    const claimed = { unique_id: '7', timestamp: '2001-01-01T00:00:00Z' };
    const post = { ...textPost({ peer: two }, one, 'x'), postmark: { ...postmarkTo({ peer: two }, one), ...claimed } };
    const answer = await sender.post([post], 'a serial number of mine');
    expect(answer).toMatchObject({ sn: 'a serial number of mine', type: PayloadType.MESSAGES });
    const mark = answer.postbox?.posts?.[0]?.postmark;
    expect(mark).toMatchObject(postmarkTo({ peer: two }, one));
    expect(Number(mark?.unique_id)).toBeGreaterThan(7);
    expect(Date.parse(mark?.timestamp ?? '')).toBeGreaterThanOrEqual(before);
    expect(Date.parse(mark?.timestamp ?? '')).toBeLessThanOrEqual(Date.now() + 1);
    // The answer is the postmark; what was in the envelope the sender knows.
    expect(answer.postbox?.posts?.[0]).not.toHaveProperty('text');
  });

  test("the sender's other connections get the post, the sending one only the answer", async () => {
    const [one, two] = await server.newUsers(2);
    const phone = await StreamPeer.connect(carrier, server, one);
    const laptop = await StreamPeer.connect(carrier, server, one);
    const peer = await StreamPeer.connect(carrier, server, two);
    const first = await phone.send({ peer: two }, 'from the phone');
    const second = await laptop.send({ peer: two }, 'from the laptop');
    expect((await laptop.nextPush()).postmark).toEqual(first);
    expect((await phone.nextPush()).postmark).toEqual(second);
    expect((await peer.pushes.take(2)).map(({ postmark }) => postmark)).toEqual([first, second]);
    await Promise.all([phone.settled(), laptop.settled(), peer.settled()]);
    expect([phone.pushes.size, laptop.pushes.size, peer.pushes.size]).toEqual([0, 0, 0]);
  });

  test('pushes have serial numbers of their own, each a fresh one', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const receiver = await StreamPeer.connect(carrier, server, two);
    for (let at = 0; at < 20; at += 1) await sender.send({ peer: two }, `text ${at}`, { sn: `own ${at}` });
    const numbers = (await receiver.pushes.take(20)).map(({ sn }) => sn);
    expect(new Set(numbers).size).toBe(20);
    expect(numbers.filter((sn) => sn === '' || sn.startsWith('own'))).toEqual([]);
  });

  test('a note to oneself', async () => {
    const [one] = await server.newUsers(1);
    const phone = await StreamPeer.connect(carrier, server, one);
    const laptop = await StreamPeer.connect(carrier, server, one);
    const mark = await phone.send({ peer: one }, 'milk');
    expect((await laptop.nextPush()).postmark).toEqual(mark);
    expect((await phone.sync([{ category: Category.PRIVATE }])).posts.map(({ text }) => text?.content)).toEqual(['milk']);
  });

  test('a frame of many posts is answered once, in their order; those refused are missing from it', async () => {
    const [one, two, three] = await server.newUsers(3);
    const group = await server.group([two, three]);
    const sender = await StreamPeer.connect(carrier, server, one);
    const informed = await StreamPeer.connect(carrier, server, one, { extensions: true });
    const receiver = await StreamPeer.connect(carrier, server, two);
    const posts = [
      textPost({ peer: two }, one, 'first'),
      textPost({ group }, one, 'not a member'),
      textPost({ peer: two }, one, ''),
      textPost({ peer: 999_999 }, one, 'nobody'),
      { ...textPost({ peer: two }, one, 'x'), type: Type.LOCATION },
      textPost({ peer: two }, one, 'last'),
    ];
    const answer = await sender.post(posts);
    expect(answer.postbox?.posts?.map(({ type }) => type)).toEqual([Type.TEXT, Type.TEXT]);
    expect(answer).not.toHaveProperty('errors');
    const pushed = await receiver.pushes.take(2);
    expect(pushed.map(({ text }) => text?.content)).toEqual(['first', 'last']);
    expect(pushed.map(({ postmark }) => postmark)).toEqual(answer.postbox?.posts?.map(({ postmark }) => postmark));

    const explained = await informed.post(posts);
    expect(explained.postbox?.posts).toHaveLength(2);
    expect(explained.errors?.map(({ index, code }) => ({ index, code }))).toEqual([
      { index: 1, code: 5 },
      { index: 2, code: 3 },
      { index: 3, code: 5 },
      { index: 4, code: 3 },
    ]);
    // What does not exist and what is not ours read the same.
    expect(explained.errors?.[0]?.message).toBe(explained.errors?.[2]?.message);
  });

  test('a frame without posts is answered without posts', async () => {
    const [one] = await server.newUsers(1);
    const peer = await StreamPeer.connect(carrier, server, one);
    const answer = await peer.post([]);
    expect(answer.postbox?.posts ?? []).toEqual([]);
    expect(answer.type).toBe(PayloadType.MESSAGES);
  });

  test('frames sent without waiting keep their order', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const receiver = await StreamPeer.connect(carrier, server, two);
    const texts = Array.from({ length: 500 }, (_, at) => `text ${at}`);
    // The first of them makes the conversation.
    const marks = await Promise.all(texts.map((text) => sender.send({ peer: two }, text)));
    const pushed = await receiver.pushes.take(500);
    expect(pushed.map(({ text }) => text?.content)).toEqual(texts);
    expect(pushed.map(({ postmark }) => postmark)).toEqual(marks);
    expect(new Set(marks.map(({ unique_id }) => unique_id)).size).toBe(500);
  });

  test('they keep it while the members change and the disk is slow', async () => {
    await using slow = await startServer({}, slowDisk);
    const [one, two, three] = await slow.newUsers(3);
    const group = await slow.group([one, two]);
    const sender = await StreamPeer.connect(carrier, slow, one);
    const receiver = await StreamPeer.connect(carrier, slow, two);
    const texts = Array.from({ length: 600 }, (_, at) => `text ${at}`);
    const owner = slow.actor(one);
    const sending: Promise<PostmarkJson>[] = [];
    const changes: Promise<unknown>[] = [];
    for (const [at, text] of texts.entries()) {
      sending.push(sender.send({ group }, text));
      if (at % 20 !== 0) continue;
      const isIn = at % 40 === 0;
      const change = { add: isIn ? [{ user: three, role: 'member' as const }] : [], remove: isIn ? [] : [three] };
      changes.push(slow.chat.changeMembers(owner, group, change));
      await setImmediate();
    }
    const marks = await Promise.all(sending);
    await Promise.all(changes);
    const pushed = await receiver.pushes.take(texts.length);
    expect(pushed.map(({ text }) => text?.content)).toEqual(texts);
    expect(pushed.map(({ postmark }) => postmark)).toEqual(marks);
  });

  test('the same sn again is the same post, over reconnects and other connections', async () => {
    const [one, two] = await server.newUsers(2);
    const receiver = await StreamPeer.connect(carrier, server, two);
    const first = await StreamPeer.connect(carrier, server, one);
    const posts = [textPost({ peer: two }, one, 'once'), textPost({ peer: two }, one, 'and once')];
    const answer = await first.post(posts, 'key');
    first.drop();
    const second = await StreamPeer.connect(carrier, server, one);
    expect(await second.post(posts, 'key')).toEqual(answer);
    expect(await second.post(posts, 'key')).toEqual(answer);
    // With something else in it, it is a counter that started over.
    await second.send({ peer: two }, 'something else', { sn: 'key' });
    const long = 'k'.repeat(5_000);
    const kept = await second.send({ peer: two }, 'long', { sn: long });
    expect(await second.send({ peer: two }, 'long', { sn: long })).toEqual(kept);
    await second.settled();
    expect((await receiver.pushes.take(4)).map(({ text }) => text?.content)).toEqual([
      'once',
      'and once',
      'something else',
      'long',
    ]);
    await receiver.settled();
    expect(receiver.pushes.size).toBe(0);
  });

  test('the same sn of another user is another post', async () => {
    const [one, two, three] = await server.newUsers(3);
    const receiver = await StreamPeer.connect(carrier, server, three);
    const marks = [];
    for (const user of [one, two]) {
      const peer = await StreamPeer.connect(carrier, server, user);
      marks.push(await peer.send({ peer: three }, 'same', { sn: '1' }));
    }
    expect(marks[0]?.unique_id).not.toBe(marks[1]?.unique_id);
    expect((await receiver.pushes.take(2)).map(({ postmark }) => postmark)).toEqual(marks);
  });

  test('an empty sn is no key', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const first = await sender.send({ peer: two }, 'same', { sn: '' });
    const second = await sender.send({ peer: two }, 'same', { sn: '' });
    expect(first.unique_id).not.toBe(second.unique_id);
  });

  test('channels: owners and admins write, members follow', async () => {
    const [owner, follower, stranger] = await server.newUsers(3);
    const channel = await server.group([owner, follower], 'channel');
    const speaks = await StreamPeer.connect(carrier, server, owner);
    const follows = await StreamPeer.connect(carrier, server, follower, { extensions: true });
    const elsewhere = await StreamPeer.connect(carrier, server, stranger, { extensions: true });
    const mark = await speaks.send({ channel }, 'news');
    expect((await follows.nextPush()).postmark).toEqual(mark);
    const denied = await follows.send({ channel }, 'hello?').catch((error: unknown) => error);
    expect(denied).toBeInstanceOf(Refused);
    expect((denied as Refused).answer.errors?.[0]?.code).toBe(7);
    const missing = await elsewhere.send({ channel }, 'hello?').catch((error: unknown) => error);
    expect((missing as Refused).answer.errors?.[0]?.code).toBe(5);
    // Under another category it is nobody's.
    const informed = await StreamPeer.connect(carrier, server, owner, { extensions: true });
    const mistaken = await informed.send({ group: channel }, 'hello?').catch((error: unknown) => error);
    expect((mistaken as Refused).answer.errors?.[0]?.code).toBe(5);
    await elsewhere.settled();
    expect(elsewhere.pushes.size).toBe(0);
  });

  test('ids that are nobody’s, not ours, or too large to be ours get the same answer', async () => {
    const [one, two, three] = await server.newUsers(3);
    const group = await server.group([two, three]);
    const owner = await StreamPeer.connect(carrier, server, two);
    const secret = await owner.send({ group }, 'secret');
    const stranger = await StreamPeer.connect(carrier, server, one, { extensions: true });
    const errorsOf = async (post: PostJson): Promise<unknown> => {
      const { errors } = await stranger.post([post]);
      return errors;
    };
    const send = (receiver: string): PostJson => {
      const post = textPost({ group }, one, 'x');
      return { ...post, postmark: { ...post.postmark, receiver } };
    };
    const ours = await errorsOf(send(String(group)));
    expect(ours).toMatchObject([{ index: 0, code: 5 }]);
    for (const receiver of ['1', '0', String(2 ** 53), '9223372036854775807', String(two)]) {
      expect(await errorsOf(send(receiver))).toEqual(ours);
    }
    for (const type of [Type.RECALL, Type.READ]) {
      for (const id of [secret.unique_id ?? '', '1', String(2 ** 53), '9223372036854775807', String(group)]) {
        expect(await errorsOf(markPost(type, { group }, one, id))).toEqual(ours);
      }
    }
    // The same ids as decimal text.
    const named = { ...textPost({ group }, one, secret.unique_id ?? ''), type: Type.RECALL };
    expect(await errorsOf(named)).toEqual(ours);
    expect((await owner.sync([{ category: Category.GROUP }])).posts.map(({ text }) => text?.content)).toEqual(['secret']);
  });

  test('a user who speaks too fast is told so, and no other', async () => {
    await using limited = await startServer({ 'rate-limit': '3/60000' });
    const [one, two] = await limited.newUsers(2);
    const fast = await StreamPeer.connect(carrier, limited, one, { extensions: true });
    const slow = await StreamPeer.connect(carrier, limited, two);
    const posts = Array.from({ length: 5 }, (_, at) => textPost({ peer: two }, one, `text ${at}`));
    const answer = await fast.post(posts);
    expect(answer.postbox?.posts).toHaveLength(3);
    expect(answer.errors?.map(({ index, code }) => [index, code])).toEqual([
      [3, 8],
      [4, 8],
    ]);
    expect(answer.errors?.[0]?.retry_after).toMatch(/^\d+(\.\d+)?s$/);
    expect(await limited.metric('switchboard_refusals_total', { code: 'rate_limited' })).toBe(2);
    await slow.send({ peer: one }, 'still free to speak');
  });
});

test('the binary and the JSON carrier tell each other the same', async () => {
  const [one, two] = await server.newUsers(2);
  const peers = await Promise.all(CARRIERS.map((carrier) => StreamPeer.connect(carrier, server, two)));
  const sender = await StreamPeer.connect(webSocketText, server, one);
  const mark = await sender.deliver({
    postmark: { ...postmarkTo({ peer: two }, one), expire: '3600.5s' },
    type: Type.LOCATION,
    coordinate: { latitude: 48.137432, longitude: 11.57549 },
  });
  const pushes = await Promise.all(peers.map((peer) => peer.nextPush()));
  expect(mark.expire).toBe('3600.500s');
  for (const push of pushes) expect({ ...push, ...contentOf(push) }).toEqual({ ...pushes[0], ...contentOf(pushes[0] ?? push) });
});

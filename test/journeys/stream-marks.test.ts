/** RECEIPTS, READ, RECALL and posts that expire (wire.md, section 1, "Meaning"). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS } from '../support/clients/carriers.ts';
import { Category, Type } from '../support/clients/stream-frame.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, markPost, postmarkTo } from '../support/stream-peer.ts';
import type { Refused, Place, Push } from '../support/stream-peer.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ 'small-group': '3' });
});
afterAll(() => server.close());

/** The user's cursors in a conversation. */
async function cursorsOf(user: number, conversation: number): Promise<{ delivered: number; read: number; unread: number }> {
  const { membership, unread } = await server.chat.summarize(server.actor(user), conversation);
  return { delivered: membership.deliveredIndex, read: membership.readIndex, unread };
}

async function conversationWith(user: number, peer: number): Promise<number> {
  return (await server.chat.findConversation(server.actor(user), { peer })).id;
}

async function sendMany(peer: StreamPeer, place: Place, count: number): Promise<string[]> {
  const marks = await Promise.all(Array.from({ length: count }, (_, at) => peer.send(place, `text ${at}`)));
  return marks.map(({ unique_id }) => unique_id ?? '');
}

/** RECEIPTS have no answer: what they do is there once the frames behind them are answered and the commits are done. */
async function done(peer: StreamPeer): Promise<void> {
  await peer.settled();
  for (let quiet = 0; quiet < 5; quiet += 1) {
    await server.chat.core.committer.idle();
    await new Promise(setImmediate);
  }
}

const nameOf = ({ type, postmark }: Push): [number, string, string | undefined] => [type, postmark.sender, postmark.unique_id];

describe.each(CARRIERS)('over $name', (carrier) => {
  test('RECEIPTS by category move the delivered cursors up to an id, in every conversation of it', async () => {
    const [me, one, two] = await server.newUsers(3);
    const group = await server.group([one, me]);
    const [first, second] = [await StreamPeer.connect(carrier, server, one), await StreamPeer.connect(carrier, server, two)];
    const early = await sendMany(first, { peer: me }, 5);
    const late = await sendMany(second, { peer: me }, 5);
    await sendMany(first, { group }, 3);
    const peer = await StreamPeer.connect(carrier, server, me);
    peer.receipts({ local_ids: [{ category: Category.PRIVATE, last_id: late[1] ?? '' }] });
    await done(peer);
    const [withOne, withTwo] = [await conversationWith(me, one), await conversationWith(me, two)];
    expect(await cursorsOf(me, withOne)).toEqual({ delivered: 5, read: 0, unread: 5 });
    expect(await cursorsOf(me, withTwo)).toEqual({ delivered: 2, read: 0, unread: 5 });
    expect(await cursorsOf(me, group)).toEqual({ delivered: 0, read: 0, unread: 3 });
    // They never go back; no id says nothing; an id beyond all is all there is.
    peer.receipts({ local_ids: [{ category: Category.PRIVATE, last_id: early[0] ?? '' }, { category: Category.GROUP }] });
    await done(peer);
    expect((await cursorsOf(me, withTwo)).delivered).toBe(2);
    expect((await cursorsOf(me, group)).delivered).toBe(0);
    peer.receipts({ local_ids: [{ category: Category.GROUP, last_id: '9223372036854775807' }] });
    await done(peer);
    expect((await cursorsOf(me, group)).delivered).toBe(3);
    expect(peer.pushes.size).toBe(0);
  });

  test('RECEIPTS by postmark acknowledge single messages', async () => {
    const [me, one, stranger] = await server.newUsers(3);
    const sender = await StreamPeer.connect(carrier, server, one);
    const ids = await sendMany(sender, { peer: me }, 6);
    const peer = await StreamPeer.connect(carrier, server, me);
    const mark = (id: string | undefined) => ({ ...postmarkTo({ peer: me }, one), ...(id !== undefined && { unique_id: id }) });
    peer.receipts({
      postmarks: [mark(ids[2]), mark(ids[0]), mark(undefined), mark('0'), mark('1'), mark('9223372036854775807')],
    });
    await done(peer);
    const conversation = await conversationWith(me, one);
    expect((await cursorsOf(me, conversation)).delivered).toBe(3);
    // Those of somebody else are nobody's business.
    const other = await StreamPeer.connect(carrier, server, stranger);
    other.receipts({ postmarks: ids.map(mark), local_ids: [{ category: Category.PRIVATE, last_id: ids[5] ?? '' }] });
    await done(other);
    expect((await cursorsOf(me, conversation)).delivered).toBe(3);
    expect((await cursorsOf(one, conversation)).delivered).toBe(0);
    await other.settled();
  });

  test('READ is told to the other side of a private chat and to the reader’s own devices', async () => {
    const [me, one] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const [phone, laptop] = [await StreamPeer.connect(carrier, server, me), await StreamPeer.connect(carrier, server, me)];
    const ids = await sendMany(sender, { peer: me }, 5);
    await Promise.all([phone.pushes.take(5), laptop.pushes.take(5)]);
    const mark = await phone.read({ peer: one }, ids[2] ?? '');
    expect(mark).toMatchObject({ category: 1, sender: String(me), receiver: String(one), unique_id: ids[2] });
    expect(Date.parse(mark.timestamp ?? '')).toBeGreaterThan(Date.now() - 60_000);
    for (const peer of [sender, laptop]) {
      const push = await peer.nextPush();
      expect(push.postmark).toEqual(mark);
      expect(nameOf(push)).toEqual([Type.READ, String(me), ids[2]]);
    }
    expect(await cursorsOf(me, await conversationWith(me, one))).toEqual({ delivered: 3, read: 3, unread: 2 });
    // Read again, or less far: the same answer, and nobody is told.
    expect((await phone.read({ peer: one }, ids[2] ?? '')).unique_id).toBe(ids[2]);
    await phone.read({ peer: one }, ids[0] ?? '');
    await sender.settled();
    expect(sender.pushes.size).toBe(0);
    // What the client claims of time and place is not repeated.
    const claimed = markPost(Type.READ, { group: 7 }, me, ids[3] ?? '');
    const corrected = await phone.deliver({ ...claimed, postmark: { ...claimed.postmark, timestamp: '2001-01-01T00:00:00Z' } });
    expect(corrected).toMatchObject({ category: 1, receiver: String(one) });
    expect(Date.parse(corrected.timestamp ?? '')).toBeGreaterThan(Date.now() - 60_000);
    // As decimal text.
    const named = { ...markPost(Type.READ, { peer: one }, me, '0'), text: { content: ids[4] ?? '' } };
    expect((await phone.deliver(named)).unique_id).toBe(ids[4]);
  });

  test('READ is told in small groups, not in larger ones and not in channels', async () => {
    const users = await server.newUsers(5);
    const [me = 0, one = 0, two = 0] = users;
    const places: [Place, boolean][] = [
      [{ group: await server.group([one, me, two]) }, true],
      [{ group: await server.group([one, me, two, ...users.slice(3)]) }, false],
      [{ channel: await server.group([one, me, two], 'channel') }, false],
    ];
    for (const [place, isTold] of places) {
      const sender = await StreamPeer.connect(carrier, server, one);
      const [phone, laptop] = [await StreamPeer.connect(carrier, server, me), await StreamPeer.connect(carrier, server, me)];
      const other = await StreamPeer.connect(carrier, server, two);
      const [id = ''] = await sendMany(sender, place, 1);
      await Promise.all([phone.nextPush(), laptop.nextPush(), other.nextPush()]);
      await phone.read(place, id);
      expect(nameOf(await laptop.nextPush())).toEqual([Type.READ, String(me), id]);
      if (isTold) for (const peer of [sender, other]) expect(nameOf(await peer.nextPush())).toEqual([Type.READ, String(me), id]);
      for (const peer of [sender, other]) {
        await peer.settled();
        expect(peer.pushes.size).toBe(0);
      }
      // Nor later.
      const told = (await other.sync([{ category: postmarkTo(place, two).category, last_id: id }])).posts;
      expect(told.map(({ type }) => type)).toEqual(isTold ? [Type.READ] : []);
      for (const peer of [sender, phone, laptop, other]) await peer.close();
    }
  });

  test('RECALL takes a post back: others are told, the text is gone', async () => {
    const [one, two] = await server.newUsers(2);
    const [phone, laptop] = [await StreamPeer.connect(carrier, server, one), await StreamPeer.connect(carrier, server, one)];
    const peer = await StreamPeer.connect(carrier, server, two, { extensions: true });
    const sent = await phone.send({ peer: two }, 'a mistake');
    const id = sent.unique_id ?? '';
    await Promise.all([laptop.nextPush(), peer.nextPush()]);
    const theirs = await peer.recall({ peer: one }, id).catch((error: unknown) => error);
    expect((theirs as Refused).answer.errors).toMatchObject([{ index: 0, code: 7 }]);
    const mark = await phone.recall({ peer: two }, id);
    expect(mark).toEqual(sent);
    for (const each of [laptop, peer]) {
      const push = await each.nextPush();
      expect(nameOf(push)).toEqual([Type.RECALL, String(one), id]);
      expect(push).not.toHaveProperty('text');
    }
    expect(JSON.stringify((await peer.sync([{ category: Category.PRIVATE }])).posts)).not.toContain('mistake');
    // Twice is the same, told once.
    expect(await phone.recall({ peer: two }, id)).toEqual(mark);
    await peer.settled();
    expect(peer.pushes.size).toBe(0);
    // As decimal text, as some clients name it.
    const second = await phone.send({ peer: two }, 'another');
    const named = { postmark: postmarkTo({ peer: two }, one), type: Type.RECALL, text: { content: second.unique_id ?? '' } };
    expect((await phone.deliver(named)).unique_id).toBe(second.unique_id);
  });

  test('RECALL has its window', async () => {
    await using strict = await startServer({ 'recall-window': '1' });
    const [one, two] = await strict.newUsers(2);
    const peer = await StreamPeer.connect(carrier, strict, one, { extensions: true });
    const { unique_id: id = '', timestamp = '' } = await peer.send({ peer: two }, 'too late');
    while (Date.now() <= Date.parse(timestamp) + 1) await new Promise(setImmediate);
    const refused = await peer.recall({ peer: two }, id).catch((error: unknown) => error);
    expect((refused as Refused).answer.errors).toMatchObject([{ index: 0, code: 9 }]);
    expect((await peer.sync([{ category: Category.PRIVATE }])).posts[0]?.text?.content).toBe('too late');
  });

  test('who has left a group takes nothing back and reads nothing', async () => {
    const [one, two] = await server.newUsers(2);
    const group = await server.group([one, two]);
    const leaver = await StreamPeer.connect(carrier, server, two, { extensions: true });
    const { unique_id: id = '' } = await leaver.send({ group }, 'still here');
    await server.chat.leaveConversation(server.actor(two), group);
    for (const type of [Type.RECALL, Type.READ]) {
      const refused = await leaver.deliver(markPost(type, { group }, two, id)).catch((error: unknown) => error);
      expect((refused as Refused).answer.errors).toMatchObject([{ index: 0, code: 5 }]);
    }
  });

  test('a post that expires is in no answer afterwards', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const peer = await StreamPeer.connect(carrier, server, two);
    const gone = await sender.send({ peer: two }, 'soon gone', { expire: '0.05s' });
    expect(gone.expire).toBe('0.050s');
    expect((await peer.nextPush()).postmark).toEqual(gone);
    const kept = await sender.send({ peer: two }, 'for a while', { expire: '3600s' });
    while (Date.now() <= Date.parse(gone.timestamp ?? '') + 50) await new Promise(setImmediate);
    expect((await peer.sync([{ category: Category.PRIVATE }])).posts.map(({ postmark }) => postmark)).toEqual([kept]);
    // The text is erased from the store when the sweep comes round; a repeat of the send is answered as before.
    await server.chat.core.committer.commit({ type: 'expire', now: Date.now(), limit: 100 });
    expect((await server.chat.core.store.message(Number(gone.unique_id)))?.content).toBeUndefined();
    expect(
      (await peer.sync([{ category: Category.PRIVATE, last_id: gone.unique_id ?? '' }])).posts.map(({ postmark }) => postmark),
    ).toEqual([kept]);
  });
});

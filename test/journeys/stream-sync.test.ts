/** SYNC: everything newer than what the client has, in pages, and then live without a gap (wire.md, section 1). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS } from '../support/clients/carriers.ts';
import { Category, PayloadType, Type } from '../support/clients/stream-frame.ts';
import type { PostJson, StreamJson } from '../support/clients/stream-frame.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer } from '../support/stream-peer.ts';
import type { Place } from '../support/stream-peer.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const textsOf = (posts: readonly PostJson[]): (string | undefined)[] => posts.map(({ text }) => text?.content);
const idsOf = (posts: readonly PostJson[]): string[] => posts.map(({ postmark }) => postmark.unique_id ?? '');
const sizesOf = (pages: readonly StreamJson[]): number[] => pages.map(({ postbox }) => postbox?.posts?.length ?? 0);

/** Sends texts without waiting for one before the next; resolves with their ids. */
async function sendAll(peer: StreamPeer, place: Place, texts: readonly string[]): Promise<string[]> {
  const marks = await Promise.all(texts.map((text) => peer.send(place, text)));
  return marks.map(({ unique_id }) => unique_id ?? '');
}

const numbered = (count: number, name = 'text'): string[] => Array.from({ length: count }, (_, at) => `${name} ${at}`);

describe.each(CARRIERS)('over $name', (carrier) => {
  test.each([
    [0, []],
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ])('%d posts come in pages of %j, ended by an empty one', async (count, sizes) => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const texts = numbered(count);
    const ids = await sendAll(sender, { peer: two }, texts);
    const receiver = await StreamPeer.connect(carrier, server, two);
    const { pages, posts, last } = await receiver.sync([{ category: Category.PRIVATE }]);
    expect(sizesOf(pages)).toEqual(sizes);
    expect(textsOf(posts)).toEqual(texts);
    expect(idsOf(posts)).toEqual(ids);
    expect(last.type).toBe(PayloadType.MESSAGES);
    for (const frame of [...pages, last]) expect(Object.keys(frame).toSorted()).toEqual(['postbox', 'sn', 'type']);
    expect(new Set([...pages, last].map(({ sn }) => sn)).size).toBe(1);
  });

  test('from the middle, from the end, from beyond the end', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const ids = await sendAll(sender, { peer: two }, numbered(120));
    const receiver = await StreamPeer.connect(carrier, server, two);
    const from = async (last_id: string): Promise<string[]> =>
      idsOf((await receiver.sync([{ category: Category.PRIVATE, last_id }])).posts);
    expect(await from('0')).toEqual(ids);
    expect(await from(ids[59] ?? '')).toEqual(ids.slice(60));
    expect(await from(String(Number(ids[59]) - 1))).toEqual(ids.slice(59));
    expect(await from(ids[118] ?? '')).toEqual(ids.slice(119));
    expect(await from(ids[119] ?? '')).toEqual([]);
    expect(await from(String(2 ** 53))).toEqual([]);
    expect(await from('9223372036854775807')).toEqual([]);
  });

  test('each category has its own cursor, and the posts of its conversations come in one order', async () => {
    const [me, one, two] = await server.newUsers(3);
    const [groupA, groupB] = [await server.group([one, me]), await server.group([two, me])];
    const channel = await server.group([one, me], 'channel');
    const [first, second] = [await StreamPeer.connect(carrier, server, one), await StreamPeer.connect(carrier, server, two)];
    const ids: Record<string, string[]> = { peer: [], group: [], channel: [] };
    for (let round = 0; round < 10; round += 1) {
      ids['peer']?.push(
        ...(await sendAll(first, { peer: me }, [`p${round}`])),
        ...(await sendAll(second, { peer: me }, [`q${round}`])),
      );
      ids['group']?.push(
        ...(await sendAll(first, { group: groupA }, [`a${round}`])),
        ...(await sendAll(second, { group: groupB }, [`b${round}`])),
      );
      ids['channel']?.push(...(await sendAll(first, { channel }, [`c${round}`])));
    }
    const peer = await StreamPeer.connect(carrier, server, me);
    const all = await peer.sync([
      { category: Category.GROUP },
      { category: Category.PRIVATE, last_id: ids['peer']?.[4] ?? '' },
      { category: Category.CHANNEL, last_id: ids['channel']?.[9] ?? '' },
    ]);
    const inCategory = (category: number): string[] => idsOf(all.posts.filter(({ postmark }) => postmark.category === category));
    expect(inCategory(Category.GROUP)).toEqual(ids['group']);
    expect(inCategory(Category.PRIVATE)).toEqual(ids['peer']?.slice(5));
    expect(inCategory(Category.CHANNEL)).toEqual([]);
    // What was not asked for does not come.
    expect(idsOf((await peer.sync([{ category: Category.CHANNEL }])).posts)).toEqual(ids['channel']);
    expect((await peer.sync([])).posts).toEqual([]);
    expect((await peer.sync([{ category: Category.ROOM }])).posts).toEqual([]);
  });

  test('of a category named twice the older id counts, and nothing comes twice', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const ids = await sendAll(sender, { peer: two }, numbered(10));
    const receiver = await StreamPeer.connect(carrier, server, two);
    const { posts } = await receiver.sync([
      { category: Category.PRIVATE, last_id: ids[7] ?? '' },
      { category: Category.PRIVATE, last_id: ids[3] ?? '' },
    ]);
    expect(idsOf(posts)).toEqual(ids.slice(4));
  });

  test('a target limits it to one peer, group or channel, and is repeated', async () => {
    const [me, one, two] = await server.newUsers(3);
    const [groupA, groupB] = [await server.group([one, me]), await server.group([one, me])];
    const sender = await StreamPeer.connect(carrier, server, one);
    const other = await StreamPeer.connect(carrier, server, two);
    await sendAll(sender, { peer: me }, ['from one']);
    await sendAll(other, { peer: me }, ['from two']);
    await sendAll(sender, { group: groupA }, numbered(150, 'a'));
    await sendAll(sender, { group: groupB }, ['b']);
    const peer = await StreamPeer.connect(carrier, server, me);
    const inOne = await peer.sync([{ category: Category.PRIVATE }], one);
    expect(textsOf(inOne.posts)).toEqual(['from one']);
    expect([...inOne.pages, inOne.last].map(({ target }) => target)).toEqual([String(one), String(one)]);
    expect(textsOf((await peer.sync([{ category: Category.GROUP }], groupB)).posts)).toEqual(['b']);
    const inA = await peer.sync([{ category: Category.GROUP }], groupA);
    expect(textsOf(inA.posts)).toEqual(numbered(150, 'a'));
    expect(inA.pages.map(({ target }) => target)).toEqual([String(groupA), String(groupA)]);
    // 0 is no target.
    expect(textsOf((await peer.sync([{ category: Category.PRIVATE }], 0)).posts)).toEqual(['from one', 'from two']);
    // A user one has not written with yet.
    const [stranger] = await server.newUsers(1);
    expect((await peer.sync([{ category: Category.PRIVATE }], stranger)).posts).toEqual([]);
  });

  test('a target that is not the client’s is answered as one that does not exist', async () => {
    const [me, one] = await server.newUsers(2);
    const group = await server.group([one]);
    const owner = await StreamPeer.connect(carrier, server, one);
    await owner.send({ group }, 'secret');
    for (const extensions of [false, true]) {
      const peer = await StreamPeer.connect(carrier, server, me, { extensions });
      const answers = [];
      for (const target of [group, 999_999_999, 2 ** 53]) {
        for (const category of [Category.GROUP, Category.CHANNEL, Category.ROOM]) {
          const { pages, last } = await peer.sync([{ category }], target);
          expect(pages).toEqual([]);
          answers.push({ ...last, sn: '', target: '' });
        }
      }
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(answers[0]?.errors?.map(({ index, code }) => [index, code])).toEqual(extensions ? [[0, 5]] : undefined);
    }
  });

  test('one category that fails does not keep the others from coming', async () => {
    const [me, one] = await server.newUsers(2);
    const group = await server.group([one, me]);
    const sender = await StreamPeer.connect(carrier, server, one);
    await sender.send({ group }, 'here');
    const peer = await StreamPeer.connect(carrier, server, me, { extensions: true });
    const { posts, last } = await peer.sync([{ category: Category.PRIVATE }, { category: Category.GROUP }], group);
    expect(textsOf(posts)).toEqual(['here']);
    expect(last.errors?.map(({ index, code }) => [index, code])).toEqual([[0, 5]]);
  });

  test('recalled, read and edited: the stored state, and new versions for those who asked', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    const ids = await sendAll(sender, { peer: two }, ['keep', 'take back', 'change']);
    await sender.recall({ peer: two }, ids[1] ?? '');
    await server.chat.editMessage(server.actor(one), Number(ids[2]), { kind: 'text', text: 'changed' });
    const [after] = await sendAll(sender, { peer: two }, ['after']);
    const plain = await StreamPeer.connect(carrier, server, two);
    const all = await plain.sync([{ category: Category.PRIVATE }]);
    expect(all.posts.map(({ type, text, postmark }) => [type, text?.content, postmark.unique_id])).toEqual([
      [Type.TEXT, 'keep', ids[0]],
      [Type.RECALL, undefined, ids[1]],
      [Type.TEXT, 'changed', ids[2]],
      [Type.RECALL, undefined, ids[1]],
      [Type.TEXT, 'after', after],
    ]);
    const asking = await StreamPeer.connect(carrier, server, two, { extensions: true });
    const newer = await asking.sync([{ category: Category.PRIVATE, last_id: ids[2] ?? '' }]);
    expect(
      newer.pages.map(({ changed, postbox }) => [changed, postbox?.posts?.map(({ type, text }) => text?.content ?? type)]),
    ).toEqual([
      [undefined, [Type.RECALL]],
      [true, ['changed']],
      [undefined, ['after']],
    ]);
    expect(textsOf((await plain.sync([{ category: Category.PRIVATE, last_id: ids[2] ?? '' }])).posts)).toEqual([
      undefined,
      'after',
    ]);
  });

  test('who missed what retention has removed is told, if they asked', async () => {
    const [one, two] = await server.newUsers(2);
    const group = await server.group([one, two]);
    const sender = await StreamPeer.connect(carrier, server, one);
    const ids = await sendAll(sender, { group }, numbered(10));
    await server.chat.core.committer.commit({ type: 'trim', conversation: group, before: 6 });
    const asking = await StreamPeer.connect(carrier, server, two, { extensions: true });
    const plain = await StreamPeer.connect(carrier, server, two);
    const cutOf = async (peer: StreamPeer, last_id: string): Promise<unknown[]> => {
      const { pages, posts } = await peer.sync([{ category: Category.GROUP, last_id }]);
      return [pages.map(({ cut }) => cut), textsOf(posts)];
    };
    const rest = numbered(10).slice(5);
    expect(await cutOf(asking, ids[2] ?? '')).toEqual([[true], rest]);
    expect(await cutOf(plain, ids[2] ?? '')).toEqual([[undefined], rest]);
    expect(await cutOf(asking, '0')).toEqual([[undefined], rest]);
    expect(await cutOf(asking, ids[4] ?? '')).toEqual([[undefined], rest]);
    await server.chat.core.committer.commit({ type: 'trim', conversation: group, before: 11 });
    expect(await cutOf(asking, ids[8] ?? '')).toEqual([[true], []]);
    expect(await cutOf(plain, ids[8] ?? '')).toEqual([[], []]);
  });

  test('posts too large for one page together come in more frames, and the reader is not cut off', async () => {
    let looked = 0;
    await using watched = await startServer({}, (store) => ({
      ...store,
      async resume(query) {
        const page = await store.resume(query);
        looked += page.entries.length;
        return page;
      },
    }));
    const [one, two] = await watched.newUsers(2);
    const sender = await StreamPeer.connect(carrier, watched, one);
    // Control characters take six characters of JSON each.
    const texts = Array.from({ length: 40 }, (_, at) => `${at}${'\u0001'.repeat(30_000)}${'ü'.repeat(15_000)}`);
    const ids: string[] = [];
    for (const text of texts) ids.push(...(await sendAll(sender, { peer: two }, [text])));
    const receiver = await StreamPeer.connect(carrier, watched, two);
    const { posts, pages } = await receiver.sync([{ category: Category.PRIVATE }]);
    // What did not fit is not read from the store again with every frame.
    expect(looked).toBeLessThanOrEqual(3 * texts.length);
    expect(idsOf(posts)).toEqual(ids);
    expect(textsOf(posts)).toEqual(texts);
    expect(Math.max(...sizesOf(pages))).toBeLessThan(5);
  });

  test('a SYNC of one conversation swallows nothing of the others', async () => {
    const [me, one] = await server.newUsers(2);
    const [synced, other] = [await server.group([one, me]), await server.group([one, me])];
    const sender = await StreamPeer.connect(carrier, server, one);
    await sendAll(sender, { group: synced }, numbered(400));
    const peer = await StreamPeer.connect(carrier, server, me);
    const texts = numbered(200, 'other');
    const sending = sendAll(sender, { group: other }, texts);
    const rounds = [];
    for (let round = 0; round < 5; round += 1) rounds.push(await peer.sync([{ category: Category.GROUP }], synced));
    const ids = await sending;
    for (const { posts } of rounds) expect(posts).toHaveLength(400);
    expect(idsOf(await peer.pushes.take(200))).toEqual(ids);
  });

  test('who is removed during a SYNC gets nothing more', async () => {
    let asked = 0;
    await using watched = await startServer({}, (store) => ({
      ...store,
      resume(query) {
        asked += 1;
        return store.resume(query);
      },
    }));
    const [me, one] = await watched.newUsers(2);
    const group = await watched.group([one, me]);
    const sender = await StreamPeer.connect(carrier, watched, one);
    const count = 600;
    for (let at = 0; at < count; at += 50) {
      await sendAll(
        sender,
        { group },
        numbered(50).map((text) => `${text}${'x'.repeat(20_000)}`),
      );
    }
    const peer = await StreamPeer.connect(carrier, watched, me);
    peer.link.pause();
    const syncing = peer.sync([{ category: Category.GROUP }]);
    // The answer stands still when the buffers on the way, which are smaller than the whole, are full.
    while (asked < 3) await sender.settled();
    await watched.chat.changeMembers(watched.actor(one), group, { add: [], remove: [me] });
    const [late] = await sendAll(sender, { group }, ['after the removal']);
    peer.link.resume();
    const { posts } = await syncing;
    expect(posts.length).toBeLessThan(count);
    expect(idsOf(posts)).not.toContain(late);
    await peer.settled();
    expect(peer.pushes.size).toBe(0);
    expect((await peer.sync([{ category: Category.GROUP }])).posts).toEqual([]);
  });

  test('a conversation that was deleted is gone, for those who wrote in it as well', async () => {
    const [one, two] = await server.newUsers(2);
    const group = await server.group([one, two]);
    const sender = await StreamPeer.connect(carrier, server, one, { extensions: true });
    const ids = await sendAll(sender, { group }, numbered(150));
    await server.chat.deleteConversation(server.actor(one), group);
    const peer = await StreamPeer.connect(carrier, server, two);
    expect((await peer.sync([{ category: Category.GROUP }])).posts).toEqual([]);
    expect((await peer.sync([{ category: Category.GROUP }], group)).posts).toEqual([]);
    await expect(sender.send({ group }, 'anybody there?')).rejects.toThrow('"code":5');
    await expect(sender.recall({ group }, ids[0] ?? '')).rejects.toThrow('"code":5');
  });

  test('frames behind a SYNC wait for it', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    await sendAll(sender, { peer: two }, numbered(300));
    const peer = await StreamPeer.connect(carrier, server, two);
    const results = await Promise.all([
      peer.sync([{ category: Category.PRIVATE }]),
      peer.send({ peer: one }, 'behind'),
      peer.sync([{ category: Category.PRIVATE }]),
      peer.send({ peer: one }, 'last'),
    ]);
    expect(results[0].posts).toHaveLength(300);
    expect(textsOf(results[2].posts).slice(0, 300)).toEqual(numbered(300));
    expect(peer.frames.findIndex(({ sn }) => sn === results[0].last.sn)).toBe(0);
    expect(idsOf((await peer.sync([{ category: Category.PRIVATE }])).posts.slice(300))).toEqual([
      results[1].unique_id,
      results[3].unique_id,
    ]);
  });

  test('many at once are answered one after the other', async () => {
    const [one, two] = await server.newUsers(2);
    const sender = await StreamPeer.connect(carrier, server, one);
    await sendAll(sender, { peer: two }, numbered(30));
    const peer = await StreamPeer.connect(carrier, server, two);
    const syncs = await Promise.all(Array.from({ length: 200 }, () => peer.sync([{ category: Category.PRIVATE }])));
    for (const { posts } of syncs) expect(posts).toHaveLength(30);
    expect(peer.frames.map(({ sn }) => sn)).toEqual(syncs.flatMap(({ last }) => [last.sn, last.sn]));
  });
});

/** What a messenger shows: a user's conversations by activity, who is in them, what each has not read; private ones that are opened; people by name. */
import { describe, expect, test } from 'vitest';
import { contentOfFile } from '../../../src/core/index.ts';
import type { Conversation, ConversationKind, Id, OpenPrivate, Store, StoredFile } from '../../../src/core/index.ts';
import {
  NAMESPACE,
  ORIGIN,
  apply,
  changingMembers,
  createGroup,
  move,
  newWorld,
  refusal,
  send,
  sendMany,
  sendTo,
  sending,
  text,
} from './subject.ts';
import type { Subject } from './subject.ts';

const MINUTE = 60_000;

/** Ids of the user's conversations, read in pages. */
async function listed(store: Store, user: Id, limit: number): Promise<Id[]> {
  const found: Id[] = [];
  for (let before = 0; ;) {
    const page = await store.summaries(NAMESPACE, user, before, limit);
    const last = page.at(-1);
    if (last === undefined) return found;
    found.push(...page.map(({ head }) => head.conversation.id));
    before = Math.max(last.head.conversation.id, last.head.lastId);
  }
}

function saveUsers(store: Store, ...names: readonly string[]): Promise<unknown> {
  return store.commit(names.map((name, at) => ({ type: 'user', namespace: NAMESPACE, id: at + 1, name })));
}

export function listsContract(subject: Subject): void {
  describe('acquaintances', () => {
    test('are who is in a conversation of the kinds with the user, each once, by id', async () => {
      const { store } = await newWorld(subject);
      await createGroup(store, [1, 5, 3]);
      const second = await createGroup(store, [1, 3]);
      await createGroup(store, [1, 4], { kind: 'channel' });
      await createGroup(store, [6, 3]);
      await sendTo(store, 1, 7);
      const among = [9, 7, 6, 5, 4, 3, 3, 1];
      const known = (user: Id, kinds: readonly ConversationKind[]) => store.acquaintancesAmong(NAMESPACE, user, among, kinds);
      expect(await known(1, ['private', 'group', 'support'])).toEqual([1, 3, 5, 7]);
      expect(await known(1, ['channel'])).toEqual([1, 4]);
      expect(await known(6, ['private', 'group'])).toEqual([3, 6]);
      expect(await known(1, [])).toEqual([]);
      expect(await known(99, ['group'])).toEqual([]);
      expect(await store.acquaintancesAmong(NAMESPACE, 1, [], ['group'])).toEqual([]);
      expect(await store.acquaintancesAmong('elsewhere', 1, among, ['group'])).toEqual([]);
      expect(await store.conversationsOf(NAMESPACE, 3, ['private'])).toEqual([]);
      expect(await store.conversationsOf(NAMESPACE, 4, ['channel'])).toHaveLength(1);
      await apply(store, changingMembers(second, { remove: [3] }));
      expect(await known(1, ['group'])).toEqual([1, 3, 5]);
    });
  });

  describe('the list of conversations', () => {
    test('is in the order of what was last said, however long ago and in whatever pages', async () => {
      const { store, clock } = await newWorld(subject);
      const groups: Conversation[] = [];
      for (let at = 0; at < 12; at += 1) {
        groups.push(await createGroup(store, [1, 2]));
        clock.advance(at * MINUTE);
      }
      const order = groups.map(({ id }) => id).toReversed();
      // Twice the same within a moment, and again after minutes and hours: the steps of what is kept with the members must not show.
      for (const [at, wait] of [3, 7, 3, 0, 11, 7, 5, 5, 0, 2].map((which, turn) => [which, turn % 3] as const)) {
        const group = groups[at];
        if (group === undefined) throw new Error('no such group');
        await send(store, group, 2);
        order.splice(order.indexOf(group.id), 1);
        order.unshift(group.id);
        clock.advance([1, 2 * MINUTE, 90 * MINUTE][wait] ?? 0);
        for (const limit of [1, 5, 100]) expect(await listed(store, 1, limit)).toEqual(order);
      }
      expect(await listed(store, 3, 100)).toEqual([]);
    });

    test('has large conversations, and those that have become large, in their place', async () => {
      const { store, clock } = await newWorld(subject);
      const crowd = Array.from({ length: 150 }, (_, at) => at + 1);
      const large = await createGroup(store, crowd, { kind: 'channel' });
      const small = await createGroup(store, [1, 2]);
      clock.advance(10 * MINUTE);
      const grown = await createGroup(store, [1, 2]);
      const { conversation } = await apply(store, changingMembers(grown, { add: crowd.slice(2) }));
      expect(await listed(store, 1, 2)).toEqual([grown.id, small.id, large.id]);
      for (const [sent, order] of [
        [large, [large, grown, small]],
        [small, [small, large, grown]],
        [conversation, [grown, small, large]],
      ] as const) {
        clock.advance(10 * MINUTE);
        await send(store, sent, 1);
        for (const user of [1, 2]) expect(await listed(store, user, 2)).toEqual(order.map(({ id }) => id));
      }
      expect(await listed(store, 150, 10)).toEqual([grown.id, large.id]);
    });

    test('has who comes in late at the place of what was last said', async () => {
      const { store, clock } = await newWorld(subject);
      const old = await createGroup(store, [1]);
      clock.advance(60 * MINUTE);
      const young = await createGroup(store, [1, 2]);
      clock.advance(60 * MINUTE);
      await apply(store, changingMembers(old, { add: [2] }));
      expect(await listed(store, 2, 1)).toEqual([young.id, old.id]);
      await send(store, old, 1);
      expect(await listed(store, 2, 1)).toEqual([old.id, young.id]);
      await apply(store, changingMembers(old, { remove: [2] }));
      expect(await listed(store, 2, 1)).toEqual([young.id]);
    });

    test.each(subject.restarts)('is the same after it was left: %s', async (restart) => {
      const world = await newWorld(subject);
      const groups: Conversation[] = [];
      for (let at = 0; at < 5; at += 1) groups.push(await createGroup(world.store, [1, 2]));
      for (let time = 0; time < 2; time += 1) {
        for (const group of [groups[3], groups[1], groups[3]]) {
          if (group !== undefined) await send(world.store, group, 2);
          world.clock.advance(4 * MINUTE);
        }
        const before = await listed(world.store, 1, 2);
        await world[restart]();
        expect(await listed(world.store, 1, 2)).toEqual(before);
        expect(before.slice(0, 2)).toEqual([groups[3]?.id, groups[1]?.id]);
      }
    });
  });

  describe('who is in a conversation', () => {
    test('is told with names and unread counts, by id, up to a limit, in the order asked for', async () => {
      const { store } = await newWorld(subject);
      await saveUsers(store, 'Ada', 'Борис', '陈');
      const one = await createGroup(store, [2, 1, 3]);
      const two = await createGroup(store, [3, 1]);
      const [first] = await sendMany(store, one, [1, 2], 4);
      await move(store, 'read', one.id, 3, first?.id ?? 0);
      const rosters = await store.rosters([two.id, one.id], 2);
      expect(rosters).toMatchObject([
        { conversation: two.id, more: false, members: [{ unread: 0 }, { unread: 0 }] },
        { conversation: one.id, more: true },
      ]);
      expect(rosters[1]?.members).toEqual([
        { user: await store.user(NAMESPACE, 1), membership: await store.membership(one.id, 1), unread: 2 },
        { user: await store.user(NAMESPACE, 2), membership: await store.membership(one.id, 2), unread: 2 },
      ]);
      const [whole] = await store.rosters([one.id], 3);
      expect(whole?.more).toBe(false);
      expect(whole?.members.map(({ user, unread }) => [user.name, unread])).toEqual([
        ['Ada', 2],
        ['Борис', 2],
        ['陈', 3],
      ]);
    });

    test('of a conversation that is none is nobody', async () => {
      const { store } = await newWorld(subject);
      await saveUsers(store, 'Ada');
      const group = await createGroup(store, [1]);
      await apply(store, { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN });
      const nobody = { members: [], more: false };
      expect(await store.rosters([12_345, group.id], 5)).toEqual([
        { conversation: 12_345, ...nobody },
        { conversation: group.id, ...nobody },
      ]);
      expect(await store.rosters([], 5)).toEqual([]);
    });
  });

  describe('what has not been read', () => {
    test('is counted for the users asked about who are members, each their own', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2, 3]);
      const messages = await sendMany(store, group, [1, 2], 10);
      await move(store, 'read', group.id, 3, messages[6]?.id ?? 0);
      expect(await store.unread(group.id, [1, 2, 3, 4])).toEqual(
        new Map([
          [1, 5],
          [2, 5],
          [3, 3],
        ]),
      );
      expect(await store.unread(group.id, [])).toEqual(new Map());
      expect(await store.unread(12_345, [1])).toEqual(new Map());
    });

    test('leaves out what has expired, erased or not, and is what lists and summaries say', async () => {
      const { store, clock } = await newWorld(subject);
      await saveUsers(store, 'Ada', 'Bob', 'Cleo');
      const group = await createGroup(store, [1, 2, 3]);
      const counts = async () => {
        const unread = await store.unread(group.id, [1, 2, 3]);
        const [roster] = await store.rosters([group.id], 10);
        expect(new Map(roster?.members.map(({ user, unread: own }) => [user.id, own]))).toEqual(unread);
        for (const [user, own] of unread) {
          expect((await store.summary(group.id, user))?.unread).toBe(own);
          expect((await store.summaries(NAMESPACE, user, 0, 1))[0]?.unread).toBe(own);
        }
        return [...unread.values()];
      };
      await send(store, group, 1, { expiresAfter: 1_000 });
      await send(store, group, 2, { expiresAfter: 5_000, content: text('later') });
      await send(store, group, 1);
      expect(await counts()).toEqual([1, 2, 3]);
      clock.advance(2_000);
      expect(await counts()).toEqual([1, 1, 2]);
      await store.commit([{ type: 'expire', now: clock.now(), limit: 10 }]);
      expect(await counts()).toEqual([1, 1, 2]);
      clock.advance(5_000);
      expect(await counts()).toEqual([0, 1, 1]);
      await move(store, 'read', group.id, 2, 0);
      expect(await counts()).toEqual([0, 0, 1]);
    });
  });

  describe('opening a private conversation', () => {
    const opening = (user: Id, peer: Id): OpenPrivate => ({ type: 'open', namespace: NAMESPACE, user, peer, origin: ORIGIN });

    test('makes it once, for both, whoever opens it; the first message goes there', async () => {
      const { store } = await newWorld(subject);
      const { conversation, created } = await apply(store, opening(2, 1));
      expect({ created, kind: conversation.kind, peers: conversation.peers }).toEqual({
        created: true,
        kind: 'private',
        peers: [1, 2],
      });
      for (const [user, peer] of [
        [1, 2],
        [2, 1],
      ] as const) {
        expect(await apply(store, opening(user, peer))).toEqual({ type: 'open', conversation, created: false });
        expect(await store.privateHead(NAMESPACE, user, peer)).toMatchObject({ conversation, lastIndex: 0, lastId: 0 });
        expect(await listed(store, user, 5)).toEqual([conversation.id]);
        expect(await store.membership(conversation.id, user)).toMatchObject({ role: 'member', readIndex: 0 });
      }
      expect((await store.events(0, 10)).map(({ type, user }) => [type, user])).toEqual([['conversation.created', 2]]);
      const sent = await sendTo(store, 2, 1, { writers: 'anyone' });
      expect(sent).toMatchObject({ conversation, created: false, message: { index: 1 } });
      expect(await apply(store, opening(5, 5))).toMatchObject({ created: true, conversation: { peers: [5, 5] } });
    });

    test('is stale where the other has blocked the user, unless it is there already', async () => {
      const { store } = await newWorld(subject);
      const block = { type: 'block', namespace: NAMESPACE, user: 1, blocked: 2, active: true } as const;
      await apply(store, block);
      expect(await refusal(store, opening(2, 1))).toBe('stale');
      expect(await store.privateHead(NAMESPACE, 1, 2)).toBeUndefined();
      const { conversation, created } = await apply(store, opening(1, 2));
      expect(created).toBe(true);
      expect(await apply(store, opening(2, 1))).toMatchObject({ conversation: { id: conversation.id }, created: false });
    });
  });

  describe('a send that is repeated with its file', () => {
    test('uploaded again is the same message; with other bytes, or another name, it is another', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const upload = async (hash: string, name: string): Promise<StoredFile> =>
        (await apply(store, { type: 'file', namespace: NAMESPACE, owner: 1, name, mediaType: 'text/plain', size: 1, hash })).file;
      const sendFile = (file: StoredFile) => sending(group, 1, { key: 'k', content: contentOfFile(file, 'words') });
      const first = await apply(store, sendFile(await upload('aa', 'a.txt')));
      const again = await apply(store, sendFile(await upload('aa', 'a.txt')));
      expect(again).toMatchObject({ duplicate: true, message: first.message });
      for (const other of [await upload('bb', 'a.txt'), await upload('aa', 'b.txt')])
        expect(await refusal(store, sendFile(other))).toBe('already_exists');
    });
  });

  describe('finding people', () => {
    test('goes by any word of name and username, whatever the case and script, after every change of name', async () => {
      const { store } = await newWorld(subject);
      await saveUsers(store, 'Анна Каренина', 'Jean-Luc Picard', '李小龙', 'ΟΔΥΣΣΕΥΣ', '😀 Emoji', 'anna anna');
      const found = async (search: string, limit = 10) => (await store.searchUsers(NAMESPACE, search, limit)).map(({ id }) => id);
      for (const [search, ids] of [
        ['каренина', [1]],
        ['АННА К', [1]],
        ['LUC', [2]],
        ['小', [3]],
        ['οδυσσεύς'.normalize('NFD').replaceAll('\u0301', ''), [4]],
        ['😀', [5]],
        ['anna', [6]],
        ['ренина', []],
        ['', [1, 2, 3, 4, 5, 6]],
      ] as const) {
        expect([search, await found(search)]).toEqual([search, ids]);
      }
      await apply(store, { type: 'user', namespace: NAMESPACE, id: 1, name: 'Анна Вронская' });
      expect(await found('каренина')).toEqual([]);
      expect(await found('вронская')).toEqual([1]);
      expect(await found('анна')).toEqual([1]);
      expect(await found('', 2)).toEqual([1, 2]);
    });

    test('tells names apart that begin alike for longer than is kept', async () => {
      const { store } = await newWorld(subject);
      const long = 'а'.repeat(100);
      await saveUsers(store, `${long}б`, `${long}в`);
      expect((await store.searchUsers(NAMESPACE, `${long}В`, 5)).map(({ id }) => id)).toEqual([2]);
    });
  });
}

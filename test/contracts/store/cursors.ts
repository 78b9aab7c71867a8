/** How far members have come: read and delivered cursors, unread counts, members who come and go. */
import { describe, expect, test } from 'vitest';
import type { DeliverUpTo, Id } from '../../../src/core/index.ts';
import {
  NAMESPACE,
  ORIGIN,
  apply,
  changingMembers,
  createGroup,
  creating,
  membershipOf,
  move,
  moving,
  newWorld,
  refusal,
  send,
  sendMany,
  sendTo,
  unreadOf,
} from './subject.ts';
import type { Subject } from './subject.ts';

export function cursorsContract(subject: Subject): void {
  describe('cursors', () => {
    test('move to a message, to the newest, and only forward', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const messages = await sendMany(store, group, [1], 10);
      const id = (index: number): Id => messages[index - 1]?.id ?? 0;
      const moved = await move(store, 'delivered', group.id, 2, id(4));
      expect(moved).toMatchObject({ cursor: 'delivered', moved: true, message: id(4), members: 2, conversation: group });
      expect(moved.membership).toMatchObject({ user: 2, deliveredIndex: 4, readIndex: 0 });
      expect(moved.id).toBeGreaterThan(id(10));
      const back = await move(store, 'delivered', group.id, 2, id(3));
      expect(back).toMatchObject({ moved: false, message: id(4), membership: { deliveredIndex: 4 } });
      expect(await move(store, 'delivered', group.id, 2, id(4))).toMatchObject({ moved: false });
      const all = await move(store, 'read', group.id, 2, 0);
      expect(all).toMatchObject({ moved: true, message: id(10), membership: { readIndex: 10, deliveredIndex: 10 } });
      expect(await move(store, 'read', group.id, 2, id(9))).toMatchObject({ moved: false, message: id(10) });
      expect(await membershipOf(store, group.id, 2)).toEqual(all.membership);
      expect(await membershipOf(store, group.id, 1)).toMatchObject({ readIndex: 0, deliveredIndex: 0 });
      expect(
        (await store.events(0, 100))
          .filter(({ type }) => type !== 'message.sent')
          .map(({ type, user, message, index }) => [type, user, message, index]),
      ).toEqual([
        ['conversation.created', 1, 0, 0],
        ['message.delivered', 2, id(4), 4],
        ['message.read', 2, id(10), 10],
      ]);
    });

    test('reading is receiving: the delivered cursor is never behind the read cursor', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const [first, second] = await sendMany(store, group, [1], 2);
      await move(store, 'read', group.id, 2, first?.id ?? 0);
      expect(await membershipOf(store, group.id, 2)).toMatchObject({ readIndex: 1, deliveredIndex: 1 });
      await move(store, 'delivered', group.id, 2, second?.id ?? 0);
      expect(await membershipOf(store, group.id, 2)).toMatchObject({ readIndex: 1, deliveredIndex: 2 });
    });

    test('are refused where there is no such message, member or conversation', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const other = await createGroup(store, [1]);
      const foreign = await send(store, other, 1);
      await send(store, group, 1);
      expect(await refusal(store, moving('read', group.id, 2, foreign.id))).toBe('not_found');
      expect(await refusal(store, moving('read', group.id, 2, 12_345))).toBe('not_found');
      expect(await refusal(store, moving('read', group.id, 3, 0))).toBe('not_found');
      expect(await refusal(store, moving('read', 12_345, 2, 0))).toBe('not_found');
      expect(await membershipOf(store, group.id, 2)).toMatchObject({ readIndex: 0 });
    });

    test('in an empty conversation stand before the first message', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      expect(await move(store, 'read', group.id, 1, 0)).toMatchObject({ moved: false, message: 0 });
    });

    test('count the members up to the limit that the caller names', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2, 3, 4, 5]);
      const [first, second] = await sendMany(store, group, [1], 2);
      expect((await apply(store, moving('read', group.id, 2, first?.id ?? 0, 3))).members).toBe(3);
      expect((await apply(store, moving('read', group.id, 2, second?.id ?? 0, 9))).members).toBe(5);
    });
  });

  describe('delivery up to an id', () => {
    const delivering = (user: Id, upTo: Id, kinds: DeliverUpTo['kinds'] = ['group']): DeliverUpTo => ({
      type: 'deliver',
      namespace: NAMESPACE,
      user,
      kinds,
      upTo,
      countMembers: 10,
      origin: ORIGIN,
    });

    test('moves the cursor in every conversation of these kinds, as far as it has come', async () => {
      const { store } = await newWorld(subject);
      const one = await createGroup(store, [1, 2]);
      const two = await createGroup(store, [1, 2]);
      const channel = await createGroup(store, [1, 2], { kind: 'channel' });
      const strange = await createGroup(store, [1]);
      const { conversation: pair } = await sendTo(store, 2, 1);
      const [first, second] = await sendMany(store, one, [1], 2);
      for (const group of [two, channel, strange]) await sendMany(store, group, [1], 3);
      const late = await send(store, one, 1);
      const outcome = await apply(store, delivering(2, late.id - 1));
      expect(
        outcome.moves.map(({ conversation, membership, message, cursor, moved }) => [
          conversation.id,
          membership.deliveredIndex,
          message,
          cursor,
          moved,
        ]),
      ).toEqual([
        [one.id, 2, second?.id, 'delivered', true],
        [two.id, 3, (await store.head(two.id))?.lastId, 'delivered', true],
      ]);
      expect(await membershipOf(store, channel.id, 2)).toMatchObject({ deliveredIndex: 0 });
      expect((await apply(store, delivering(2, late.id))).moves.map(({ membership }) => membership.deliveredIndex)).toEqual([3]);
      expect((await apply(store, delivering(2, first?.id ?? 0))).moves).toEqual([]);
      const rest = await apply(store, delivering(2, Number.MAX_SAFE_INTEGER, ['channel', 'private']));
      expect(rest.moves.map(({ conversation }) => conversation.id).toSorted((a, b) => a - b)).toEqual(
        [channel.id, pair.id].toSorted((a, b) => a - b),
      );
      expect(await membershipOf(store, one.id, 2)).toMatchObject({ readIndex: 0 });
      expect((await apply(store, delivering(99, late.id))).moves).toEqual([]);
    });

    test('finds every place in a conversation of many chunks', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const messages = await sendMany(store, group, [1], 400);
      for (const index of [1, 2, 127, 128, 129, 130, 255, 256, 257, 384, 385, 399, 400]) {
        const { id } = messages[index - 1] ?? { id: 0 };
        expect((await apply(store, delivering(2, id))).moves[0]?.membership.deliveredIndex).toBe(index);
        expect((await apply(store, delivering(2, id))).moves).toEqual([]);
      }
    });
  });

  describe('unread', () => {
    test('is what others have written after the read cursor', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2, 3]);
      const messages = await sendMany(store, group, [1, 2, 9], 9);
      expect(await unreadOf(store, group.id, 1)).toBe(6);
      expect(await unreadOf(store, group.id, 2)).toBe(6);
      expect(await unreadOf(store, group.id, 3)).toBe(9);
      expect(await unreadOf(store, group.id, 9)).toBeUndefined();
      await move(store, 'read', group.id, 1, messages[4]?.id ?? 0);
      expect(await unreadOf(store, group.id, 1)).toBe(3);
      await move(store, 'delivered', group.id, 3, 0);
      expect(await unreadOf(store, group.id, 3)).toBe(9);
      await move(store, 'read', group.id, 3, 0);
      expect(await unreadOf(store, group.id, 3)).toBe(0);
      expect((await store.summaries(NAMESPACE, 2, 0, 10))[0]?.unread).toBe(6);
    });

    test('sending does not read', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      await sendMany(store, group, [1], 3);
      await send(store, group, 2);
      expect(await unreadOf(store, group.id, 2)).toBe(3);
      expect(await membershipOf(store, group.id, 2)).toMatchObject({ readIndex: 0 });
    });

    test('of a new member is nothing, and of one who comes back nothing of the time between', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      await sendMany(store, group, [1, 2], 150);
      let { conversation } = await apply(store, changingMembers(group, { add: [3] }));
      expect(await membershipOf(store, group.id, 3)).toMatchObject({ readIndex: 150, deliveredIndex: 150 });
      expect(await unreadOf(store, group.id, 3)).toBe(0);
      await sendMany(store, conversation, [1, 2, 3], 6);
      ({ conversation } = await apply(store, changingMembers(conversation, { remove: [2] })));
      await sendMany(store, conversation, [1, 2], 200);
      ({ conversation } = await apply(store, changingMembers(conversation, { add: [2] })));
      expect(await unreadOf(store, group.id, 2)).toBe(0);
      await sendMany(store, conversation, [1, 2, 2], 3);
      expect(await unreadOf(store, group.id, 2)).toBe(1);
      expect(await unreadOf(store, group.id, 3)).toBe(4 + 200 + 3);
      await move(store, 'read', group.id, 2, 0);
      expect(await unreadOf(store, group.id, 2)).toBe(0);
      await sendMany(store, conversation, [2, 1], 2);
      expect(await unreadOf(store, group.id, 2)).toBe(1);
    });
  });

  describe('members', () => {
    test('are added, given another role and removed; the answer tells what has changed', async () => {
      const { store, clock } = await newWorld(subject);
      const created = await apply(store, creating([1, 2]));
      expect(created.members.map(({ user, role }) => [user, role])).toEqual([
        [1, 'owner'],
        [2, 'member'],
      ]);
      clock.advance(1_000);
      const group = created.conversation;
      const changed = await apply(store, changingMembers(group, { add: [2, 3, { user: 2, role: 'admin' }], remove: [4, 1] }));
      expect(changed.added).toEqual([
        { user: 3, role: 'member' },
        { user: 2, role: 'admin' },
      ]);
      expect(changed.removed).toEqual([1]);
      expect(changed.memberships.map(({ user, role }) => [user, role])).toEqual([
        [3, 'member'],
        [2, 'admin'],
      ]);
      expect((await store.members(group.id, 0, 10)).map(({ user, role, joinedAt }) => [user, role, joinedAt])).toEqual([
        [2, 'admin', group.createdAt],
        [3, 'member', clock.now()],
      ]);
      expect((await store.events(0, 10)).at(-1)).toMatchObject({
        type: 'members.changed',
        conversation: group.id,
        user: 1,
        members: { added: changed.added, removed: [1] },
      });
    });

    test('a change of nothing is told to nobody', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const outcome = await apply(store, changingMembers(group, { add: [2], remove: [9] }));
      expect(outcome).toMatchObject({ added: [], removed: [], memberships: [], conversation: group });
      expect(await store.events(0, 10)).toHaveLength(1);
    });

    test('are listed by user id in pages', async () => {
      const { store } = await newWorld(subject);
      const users = Array.from({ length: 25 }, (_, at) => 3 * at + 1);
      const group = await createGroup(store, users.toReversed());
      const listed: Id[] = [];
      for (let after = 0; ;) {
        const page = await store.members(group.id, after, 10);
        listed.push(...page.map(({ user }) => user));
        expect(page.length).toBeLessThanOrEqual(10);
        if (page.length === 0) break;
        after = page.at(-1)?.user ?? 0;
      }
      expect(listed).toEqual(users);
      expect(await store.memberCount(group.id)).toBe(25);
      expect(await store.membership(group.id, 2)).toBeUndefined();
    });

    test('a follower of a channel leaves without making what others decided stale; whoever could write does not', async () => {
      const { store } = await newWorld(subject);
      const channel = await createGroup(store, [1, 2, 3], { kind: 'channel' });
      const { conversation } = await apply(store, changingMembers(channel, { remove: [2] }));
      expect(conversation.version).toBe(channel.version);
      const promoted = await apply(store, changingMembers(conversation, { add: [{ user: 3, role: 'admin' }] }));
      const left = await apply(store, changingMembers(promoted.conversation, { remove: [3] }));
      expect(left.conversation.version).toBeGreaterThan(promoted.conversation.version);
    });
  });
}

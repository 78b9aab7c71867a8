/** What a store removes for good: messages that are too old, and people. */
import { describe, expect, test } from 'vitest';
import type { Change, Id, Store } from '../../../src/core/index.ts';
import { fileAddress, queryTerms } from '../../../src/core/index.ts';
import {
  NAMESPACE,
  ORIGIN,
  apply,
  commit,
  createGroup,
  idsIn,
  move,
  newWorld,
  refusal,
  resuming,
  send,
  sendMany,
  sendTo,
  text,
  unreadOf,
  wholeHistory,
} from './subject.ts';
import type { Subject } from './subject.ts';

const DAY = 86_400_000;

async function eraseAll(store: Store, user: Id, limit = 100): Promise<Change[]> {
  const changes: Change[] = [];
  for (let done = false; !done;) {
    const step = await apply(store, { type: 'erase-some', namespace: NAMESPACE, user, limit });
    expect(step.changes.length).toBeLessThanOrEqual(limit);
    changes.push(...step.changes);
    done = step.done;
  }
  return changes;
}

async function overdueOf(store: Store, before: number, rest: object = {}) {
  return (await store.overdue({ cuts: [{ before, ...rest }], after: 0, limit: 100 })).overdue;
}

async function saveFile(store: Store, owner: Id, hash = 'a'.repeat(64)) {
  const file = { namespace: NAMESPACE, owner, name: 'cat.png', mediaType: 'image/png', size: 70, hash };
  return (await apply(store, { type: 'file', ...file })).file;
}

export function erasingContract(subject: Subject): void {
  describe('retention', () => {
    test('finds in every conversation what is older than its cut, the first that fits', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const channel = await createGroup(store, [1], { kind: 'channel' });
      const file = await saveFile(store, 1);
      const resource = { url: fileAddress(file.id, file.name), file: file.id };
      await send(store, group, 1, { content: { kind: 'photo', resource } });
      await sendMany(store, group, [1], 2);
      await sendMany(store, channel, [1], 1);
      clock.advance(10 * DAY);
      await sendMany(store, group, [1], 2);
      const before = clock.now() - DAY;
      const inGroup = { cut: 0, namespace: NAMESPACE, conversation: group.id, from: 1, before: 4, files: 1, bytes: 70 };
      expect(await overdueOf(store, before, { kind: 'group' })).toEqual([inGroup]);
      expect(await overdueOf(store, before, { namespace: 'elsewhere' })).toEqual([]);
      expect(await overdueOf(store, before - 10 * DAY)).toEqual([]);
      const cuts = [{ namespace: NAMESPACE, kind: 'group' as const, before: before - 20 * DAY }, { before }];
      const page = await store.overdue({ cuts, after: 0, limit: 100 });
      expect(page.overdue.map(({ cut, conversation }) => ({ cut, conversation }))).toEqual([
        { cut: 1, conversation: channel.id },
      ]);
      const first = await store.overdue({ cuts: [{ before }], after: 0, limit: 1 });
      expect(first).toMatchObject({ next: group.id, more: true });
      const second = await store.overdue({ cuts: [{ before }], after: first.next, limit: 5 });
      expect(second).toMatchObject({ next: channel.id, more: false, overdue: [{ conversation: channel.id }] });
    });

    test('passes members over, cuts, and forgets what was told of it, with exact unread counts all the way', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1, 2, 3]);
      const old = await sendMany(store, group, [1, 2], 10);
      await apply(store, { type: 'edit', message: old[0]?.id ?? 0, user: 1, content: text('edited'), origin: ORIGIN });
      await move(store, 'read', group.id, 3, old[1]?.id ?? 0);
      clock.advance(DAY);
      const kept = await sendMany(store, group, [1], 3);
      const pass = { type: 'pass-over' as const, conversation: group.id, before: 11, limit: 2 };
      expect(await apply(store, { ...pass, after: 0 })).toMatchObject({ next: 2, more: true });
      expect(await apply(store, { ...pass, after: 2 })).toMatchObject({ next: 3, more: false });
      expect(await Promise.all([1, 2, 3].map((user) => unreadOf(store, group.id, user)))).toEqual([0, 3, 3]);
      for (const before of [5, 11]) await apply(store, { type: 'trim', conversation: group.id, before, passed: true });
      expect(await wholeHistory(store, group.id)).toEqual(kept);
      expect(await Promise.all([1, 2, 3].map((user) => unreadOf(store, group.id, user)))).toEqual([0, 3, 3]);
      const { cutId = 0 } = (await store.head(group.id)) ?? {};
      expect(cutId).toBe(old.at(-1)?.id);
      const changes = async () => (await store.events(0, 100)).filter(({ type }) => type === 'message.edited').length;
      expect(await changes()).toBe(1);
      const upTo = kept[0]?.id ?? 0;
      expect(await apply(store, { type: 'forget-events', conversation: group.id, upTo, limit: 10 })).toMatchObject({
        more: false,
      });
      expect(await changes()).toBe(0);
      expect((await store.resume(resuming(2, { after: old[2]?.id ?? 0 }))).cut).toBe(true);
    });
  });

  describe('the erasure of a person', () => {
    test('leaves an id without a name, to which nothing leads and which no token opens', async () => {
      const { store, clock } = await newWorld(subject);
      const file = await saveFile(store, 0);
      const { user } = await apply(store, {
        type: 'user',
        namespace: NAMESPACE,
        id: 0,
        name: 'Anna Karenina',
        role: 'operator',
        picture: fileAddress(file.id, file.name),
        account: { username: 'anna', passwordHash: 'hash' },
        lastSeenAt: clock.now(),
      });
      await apply(store, { type: 'block', namespace: NAMESPACE, user: user.id, blocked: 2, active: true });
      const { user: left, revocation } = await apply(store, { type: 'erase-user', namespace: NAMESPACE, user: user.id });
      expect(left).toEqual({
        namespace: NAMESPACE,
        id: user.id,
        role: 'user',
        name: '',
        createdAt: user.createdAt,
        erasedAt: clock.now(),
      });
      expect(await store.user(NAMESPACE, user.id)).toEqual(left);
      expect(await store.account(NAMESPACE, 'anna')).toBeUndefined();
      expect(await store.searchUsers(NAMESPACE, '', 10)).toEqual([]);
      expect(await store.blocks(NAMESPACE, user.id)).toEqual([]);
      expect(await store.fileUses(file.id, 10)).toEqual([]);
      expect(revocation.before).toBeGreaterThan(clock.now() + 1_000 * 365 * DAY);
      expect(await store.revocations(clock.now() + 365 * DAY)).toEqual([revocation]);
      const again = await apply(store, { type: 'user', namespace: NAMESPACE, id: user.id, name: 'Anna', lastSeenAt: 5 });
      expect(again).toMatchObject({ user: left, created: false });
      expect(await refusal(store, { type: 'erase-user', namespace: NAMESPACE, user: 12_345 })).toBe('not_found');
    });

    test('takes back all that was said anywhere, in steps, and nothing of others', async () => {
      const { store } = await newWorld(subject);
      for (const id of [1, 2]) await commit(store, { type: 'user', namespace: NAMESPACE, id, name: `User ${id}` });
      await commit(store, { type: 'user', namespace: 'elsewhere', id: 1, name: 'Another' });
      const group = await createGroup(store, [2, 1]);
      const room = await createGroup(store, [], { kind: 'room' });
      const elsewhere = await createGroup(store, [1], { namespace: 'elsewhere' });
      await sendMany(store, group, [1, 2], 20);
      const keyed = await send(store, group, 1, { content: text('tiger lily'), key: 'a key' });
      const { message: whisper } = await sendTo(store, 2, 1, { content: text('whisper') });
      await send(store, room, 1, { content: text('shout') });
      const foreign = await send(store, elsewhere, 1, { content: text('not mine'), namespace: 'elsewhere' });
      await apply(store, { type: 'edit', message: keyed.id, user: 1, content: text('tiger lilies'), origin: ORIGIN });
      await apply(store, { type: 'erase-user', namespace: NAMESPACE, user: 1 });
      expect(await store.erasures()).toMatchObject([{ namespace: NAMESPACE, user: 1 }]);
      const changes = await eraseAll(store, 1, 3);
      expect(changes).toHaveLength(13);
      expect(changes.every(({ message, changed }) => changed && message.state === 'recalled' && message.sender === 1)).toBe(true);
      const history = await wholeHistory(store, group.id);
      expect(history.filter(({ sender }) => sender === 1).map(({ state }) => state)).toEqual(Array(11).fill('recalled'));
      expect(history.filter(({ sender }) => sender === 2).map(({ state }) => state)).toEqual(Array(10).fill('sent'));
      expect((await store.message(whisper.id))?.state).toBe('recalled');
      expect((await store.message(foreign.id))?.content).toEqual(text('not mine'));
      expect(await store.revisions(keyed.id, 0, 10)).toEqual([]);
      const found = await store.search({ namespace: NAMESPACE, user: 2, terms: queryTerms('tiger whisper'), limit: 5 });
      expect(found.messages).toEqual([]);
      expect(idsIn({ messages: (await store.authored(NAMESPACE, 1, 0, 100)).messages })).toHaveLength(13);
      const events = (await store.events(0, 1_000)).filter(({ user, namespace }) => user === 1 && namespace === NAMESPACE);
      expect(events.filter(({ origin }) => origin.session !== 0 || origin.trace !== undefined)).toEqual([]);
      expect(await store.erasures()).toEqual([]);
      const { finishedAt } = (await store.erasure(NAMESPACE, 1)) ?? {};
      expect(finishedAt).toBeDefined();
      expect(await eraseAll(store, 1)).toEqual([]);
    });

    test('lets go of own files: those that only the person used are forgotten, those of others belong to nobody', async () => {
      const { store } = await newWorld(subject);
      await commit(store, { type: 'user', namespace: NAMESPACE, id: 1, name: 'One' });
      const group = await createGroup(store, [1, 2]);
      const [used, passedOn] = [await saveFile(store, 1), await saveFile(store, 1, 'b'.repeat(64))];
      for (const [sender, file] of [
        [1, used],
        [1, passedOn],
        [2, passedOn],
      ] as const) {
        const resource = { url: fileAddress(file.id, file.name), file: file.id };
        await send(store, group, sender, { content: { kind: 'photo', resource } });
      }
      expect(await store.filesOf(NAMESPACE, 1, 0, 10)).toEqual([used, passedOn]);
      expect(await store.filesOf(NAMESPACE, 1, used.id, 10)).toEqual([passedOn]);
      await apply(store, { type: 'erase-user', namespace: NAMESPACE, user: 1 });
      await eraseAll(store, 1);
      expect(await store.file(used.id)).toBeUndefined();
      expect(await store.unusedBlobs(10)).toEqual([used.hash]);
      expect(await store.file(passedOn.id)).toEqual({ ...passedOn, owner: 0, name: '' });
      expect(await store.filesOf(NAMESPACE, 1, 0, 10)).toEqual([]);
    });

    test('frees the idempotency keys: the same one is a new message', async () => {
      const { store } = await newWorld(subject);
      await commit(store, { type: 'user', namespace: NAMESPACE, id: 1, name: 'One' });
      const group = await createGroup(store, [1]);
      const first = await send(store, group, 1, { key: 'k' });
      await apply(store, { type: 'erase-user', namespace: NAMESPACE, user: 1 });
      await eraseAll(store, 1);
      expect((await send(store, group, 1, { key: 'k' })).id).not.toBe(first.id);
    });

    test.each(subject.restarts)('goes on where it was after a %s', async (restart) => {
      const world = await newWorld(subject);
      await commit(world.store, { type: 'user', namespace: NAMESPACE, id: 1, name: 'One' });
      const group = await createGroup(world.store, [1]);
      await sendMany(world.store, group, [1], 10);
      await apply(world.store, { type: 'erase-user', namespace: NAMESPACE, user: 1 });
      const step = await apply(world.store, { type: 'erase-some', namespace: NAMESPACE, user: 1, limit: 4 });
      expect(step).toMatchObject({ done: false, changes: { length: 4 } });
      await world[restart]();
      expect(await world.store.erasures()).toMatchObject([{ user: 1 }]);
      expect(await eraseAll(world.store, 1)).toHaveLength(6);
      const states = (await wholeHistory(world.store, group.id)).map(({ state }) => state);
      expect(states).toEqual(Array(10).fill('recalled'));
    });
  });
}

/** Support conversations are kept as the other kinds are: who is named is in it, with the role that was named. */
import { describe, expect, test } from 'vitest';
import type { Id } from '../../../src/core/index.ts';
import { placeOf } from '../../../src/core/index.ts';
import { NAMESPACE, apply, changingMembers, creating, move, newWorld, resuming, send, sendMany, unreadOf } from './subject.ts';
import type { Subject, World } from './subject.ts';

/** A client 1 and operators 2 and 3. */
async function newSupport({ store }: World) {
  const members = [
    { user: 1, role: 'member' },
    { user: 2, role: 'admin' },
    { user: 3, role: 'admin' },
  ] as const;
  return (await apply(store, creating([], { kind: 'support', creator: 0, name: 'Order 7', members }))).conversation;
}

export function supportContract(subject: Subject): void {
  describe('support', () => {
    test('has the members that were named, is listed for each and is no room', async () => {
      const world = await newWorld(subject);
      const { store } = world;
      const support = await newSupport(world);
      expect(support).toMatchObject({ kind: 'support', creator: 0, name: 'Order 7' });
      expect((await store.members(support.id, 0, 10)).map(({ user, role }) => [user, role])).toEqual([
        [1, 'member'],
        [2, 'admin'],
        [3, 'admin'],
      ]);
      for (const user of [1, 2, 3]) expect(await store.conversationsOf(NAMESPACE, user)).toEqual([support.id]);
      expect(await store.rooms(NAMESPACE, 0, 10)).toEqual([]);
      expect((await store.head(support.id))?.conversation).toEqual(support);
    });

    test('counts what each has not read, to the message', async () => {
      const world = await newWorld(subject);
      const { store } = world;
      const support = await newSupport(world);
      const messages = await sendMany(store, support, [1, 2], 10);
      const unread = () => Promise.all([1, 2, 3].map((user) => unreadOf(store, support.id, user)));
      expect(await unread()).toEqual([5, 5, 10]);
      await move(store, 'read', support.id, 3, messages[6]?.id ?? 0);
      expect(await unread()).toEqual([5, 5, 3]);
      for (const restart of subject.restarts) {
        await world[restart]();
        expect(await unreadOf(world.store, support.id, 3)).toBe(3);
      }
    });

    test('is resumed by its kind, by members alone', async () => {
      const world = await newWorld(subject);
      const { store } = world;
      const support = await newSupport(world);
      const first = await send(store, support, 1);
      const second = await send(store, support, 2);
      const places = async (user: Id, rest: object) => (await store.resume(resuming(user, rest))).entries.map(placeOf);
      expect(await places(3, { kinds: ['support'] })).toEqual([first.id, second.id]);
      expect(await places(3, { kinds: ['support'], after: first.id })).toEqual([second.id]);
      expect(await places(3, { kinds: ['private', 'group', 'channel'] })).toEqual([]);
      expect(await places(4, { kinds: ['support'] })).toEqual([]);
      await apply(store, changingMembers(support, { remove: [3] }));
      expect(await places(3, { kinds: ['support'] })).toEqual([]);
    });
  });
}

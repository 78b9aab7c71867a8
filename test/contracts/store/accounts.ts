/** Users, blocks, revoked tokens, tokens for back ends, and the walls between namespaces. */
import { describe, expect, test } from 'vitest';
import type { ApiToken, Id } from '../../../src/core/index.ts';
import {
  NAMESPACE,
  ORIGIN,
  apply,
  changingMembers,
  createGroup,
  newWorld,
  refusal,
  resuming,
  sendMany,
  sendTo,
  sending,
} from './subject.ts';
import type { Subject } from './subject.ts';

export function accountsContract(subject: Subject): void {
  describe('users', () => {
    test('appear with an id of their own, an external one, or a new one', async () => {
      const { store, clock } = await newWorld(subject);
      const own = await apply(store, { type: 'user', namespace: NAMESPACE, id: 42, name: 'Ada', role: 'operator' });
      expect(own).toEqual({
        type: 'user',
        created: true,
        user: { namespace: NAMESPACE, id: 42, role: 'operator', name: 'Ada', createdAt: clock.now() },
      });
      const external = await apply(store, { type: 'user', namespace: NAMESPACE, id: 0, external: 'auth0|x', name: 'Bob' });
      expect(external).toMatchObject({ created: true, user: { external: 'auth0|x', role: 'user', name: 'Bob' } });
      expect(external.user.id).toBeGreaterThan(0);
      const nameless = await apply(store, { type: 'user', namespace: NAMESPACE, id: 43 });
      expect(nameless.user).toMatchObject({ name: '', role: 'user' });
      expect(await store.user(NAMESPACE, 42)).toEqual(own.user);
      expect(await store.userByExternal(NAMESPACE, 'auth0|x')).toEqual(external.user);
      expect(await store.users(NAMESPACE, [43, 42, 99])).toEqual([nameless.user, own.user]);
      expect(await store.user(NAMESPACE, 99)).toBeUndefined();
      expect(await store.userByExternal(NAMESPACE, 'auth0|y')).toBeUndefined();
    });

    test('are brought up to date: what is not named stays', async () => {
      const { store } = await newWorld(subject);
      await apply(store, { type: 'user', namespace: NAMESPACE, id: 42, name: 'Ada', role: 'operator' });
      const seen = await apply(store, { type: 'user', namespace: NAMESPACE, id: 42, lastSeenAt: 1_000 });
      expect(seen).toMatchObject({ created: false, user: { name: 'Ada', role: 'operator', lastSeenAt: 1_000 } });
      const renamed = await apply(store, { type: 'user', namespace: NAMESPACE, id: 42, name: 'Ada L.' });
      expect(renamed.user).toMatchObject({ name: 'Ada L.', role: 'operator', lastSeenAt: 1_000 });
      expect((await apply(store, { type: 'user', namespace: NAMESPACE, id: 42, role: 'bot' })).user.role).toBe('bot');
      const external = await apply(store, { type: 'user', namespace: NAMESPACE, id: 0, external: 'x', name: 'Bob' });
      const again = await apply(store, { type: 'user', namespace: NAMESPACE, id: 0, external: 'x', name: 'Rob' });
      expect(again).toMatchObject({ created: false, user: { id: external.user.id, name: 'Rob' } });
    });

    test('when one was last seen is kept with a user who appears with it', async () => {
      const { store } = await newWorld(subject);
      const { user } = await apply(store, { type: 'user', namespace: NAMESPACE, id: 42, lastSeenAt: 1_000 });
      expect(user.lastSeenAt).toBe(1_000);
    });

    test('a username is given once, in a batch too', async () => {
      const { store } = await newWorld(subject);
      const account = (username: string) =>
        ({ type: 'user', namespace: NAMESPACE, id: 0, name: 'Ada', account: { username, passwordHash: 'hash' } }) as const;
      const [first, second] = await store.commit([account('ada'), account('ada')]);
      expect([first?.type, second?.type]).toEqual(['user', 'refused']);
      expect(await refusal(store, account('ada'))).toBe('already_exists');
      const found = await store.account(NAMESPACE, 'ada');
      expect(found).toMatchObject({ passwordHash: 'hash', user: { username: 'ada', name: 'Ada' } });
      expect(await store.account(NAMESPACE, 'bob')).toBeUndefined();
      expect(await store.account('elsewhere', 'ada')).toBeUndefined();
      expect((await apply(store, { ...account('ada'), namespace: 'elsewhere' })).created).toBe(true);
    });

    test('are found by the beginning of name or username, whatever the case, by id', async () => {
      const { store } = await newWorld(subject);
      const names = ['Ada', 'adam', 'Bob ada', '100%', '100', 'a_b', 'axb', 'back\\slash'];
      for (const [at, name] of names.entries()) await apply(store, { type: 'user', namespace: NAMESPACE, id: at + 1, name });
      await apply(store, {
        type: 'user',
        namespace: NAMESPACE,
        id: 0,
        name: 'Zed',
        account: { username: 'adazed', passwordHash: 'h' },
      });
      const found = async (prefix: string, limit = 10) =>
        (await store.searchUsers(NAMESPACE, prefix, limit)).map(({ name }) => name);
      expect(await found('ADA')).toEqual(['Ada', 'Bob ada', 'adam', 'Zed']);
      expect(await found('ada', 1)).toEqual(['Ada']);
      expect(await found('100%')).toEqual(['100%']);
      expect(await found('a_')).toEqual(['a_b']);
      expect(await found('back\\')).toEqual(['back\\slash']);
      expect(await found('nobody')).toEqual([]);
      expect(await store.searchUsers('elsewhere', 'a', 10)).toEqual([]);
    });
  });

  describe('revocations', () => {
    test('of one token and of all are kept until they end', async () => {
      const { store, clock } = await newWorld(subject);
      const until = clock.now() + 10_000;
      const all = await apply(store, { type: 'revoke', namespace: NAMESPACE, user: 1, until });
      const one = await apply(store, { type: 'revoke', namespace: NAMESPACE, user: 2, token: 'jti', until: until + 1 });
      expect(all.revocation).toEqual({ namespace: NAMESPACE, user: 1, before: clock.now(), until });
      expect(one.revocation).toEqual({ namespace: NAMESPACE, user: 2, token: 'jti', before: clock.now(), until: until + 1 });
      expect(await store.revocations(clock.now())).toEqual([all.revocation, one.revocation]);
      expect(await store.revocations(until)).toEqual([one.revocation]);
      clock.advance(5_000);
      const again = await apply(store, { type: 'revoke', namespace: NAMESPACE, user: 1, until: until + 5_000 });
      expect(again.revocation.before).toBe(clock.now());
      expect(await store.revocations(clock.now())).toEqual([again.revocation, one.revocation]);
    });
  });

  describe('Api-Tokens', () => {
    test('are stored by name, replaced by a newer one, and deleted', async () => {
      const { store } = await newWorld(subject);
      const token: ApiToken = { name: 'b', hash: 'h1', scopes: ['admin', 'users'], createdAt: 5 };
      const bound: ApiToken = { name: 'a', hash: 'h2', scopes: [], namespace: 'elsewhere', createdAt: 6 };
      await apply(store, { type: 'api-token', token });
      await apply(store, { type: 'api-token', token: bound });
      expect(await store.apiTokens()).toEqual([bound, token]);
      const rotated = { ...token, hash: 'h3', createdAt: 7 };
      await apply(store, { type: 'api-token', token: rotated });
      expect(await store.apiTokens()).toEqual([bound, rotated]);
      expect(await apply(store, { type: 'api-token-delete', name: 'a' })).toMatchObject({ name: 'a', deleted: true });
      expect(await apply(store, { type: 'api-token-delete', name: 'a' })).toMatchObject({ deleted: false });
      expect(await store.apiTokens()).toEqual([rotated]);
    });
  });

  test.each(subject.restarts)('all of it outlives a %s', async (way) => {
    const world = await newWorld(subject);
    const { store, clock } = world;
    const { user } = await apply(store, {
      type: 'user',
      namespace: NAMESPACE,
      id: 0,
      name: 'Ada',
      account: { username: 'ada', passwordHash: 'h' },
    });
    const { user: other } = await apply(store, {
      type: 'user',
      namespace: 'elsewhere',
      id: 5,
      name: 'Bob',
      role: 'bot',
      lastSeenAt: 7,
    });
    const { revocation } = await apply(store, {
      type: 'revoke',
      namespace: 'elsewhere',
      user: 5,
      token: 't',
      until: clock.now() + 9,
    });
    const { token } = await apply(store, { type: 'api-token', token: { name: 'a', hash: 'h', scopes: ['users'], createdAt: 5 } });
    await apply(store, { type: 'block', namespace: NAMESPACE, user: 1, blocked: 9, active: true });
    const group = await createGroup(store, [1, 2], { name: 'Ours', notice: 'Be kind', namespace: 'elsewhere' });
    await apply(store, { type: 'update', conversation: group.id, user: 1, name: 'Yours', origin: ORIGIN });
    const { conversation } = await apply(store, changingMembers(group, { add: [{ user: 2, role: 'admin' }], remove: [1] }));
    const members = await store.members(group.id, 0, 10);
    const events = await store.events(0, 10);
    await world[way]();
    const again = world.store;
    expect(await again.account(NAMESPACE, 'ada')).toEqual({ user, passwordHash: 'h' });
    expect(await again.user('elsewhere', 5)).toEqual(other);
    expect(await again.revocations(clock.now())).toEqual([revocation]);
    expect(await again.apiTokens()).toEqual([token]);
    expect(await again.blocks(NAMESPACE, 1)).toEqual([9]);
    expect((await again.head(group.id))?.conversation).toEqual({ ...conversation, name: 'Yours' });
    expect(await again.members(group.id, 0, 10)).toEqual(members);
    expect(await again.events(0, 10)).toEqual(events);
  });

  describe('blocks', () => {
    test('are one-sided, kept by user, and set and lifted once', async () => {
      const { store } = await newWorld(subject);
      const set = (user: Id, blocked: Id, active: boolean) =>
        apply(store, { type: 'block', namespace: NAMESPACE, user, blocked, active });
      expect(await set(1, 5, true)).toEqual({ type: 'block', namespace: NAMESPACE, user: 1, changed: true });
      expect(await set(1, 3, true)).toMatchObject({ changed: true });
      expect(await set(1, 5, true)).toMatchObject({ changed: false });
      expect(await store.blocks(NAMESPACE, 1)).toEqual([3, 5]);
      expect(await store.blocks(NAMESPACE, 5)).toEqual([]);
      expect(await set(1, 5, false)).toMatchObject({ changed: true });
      expect(await set(1, 5, false)).toMatchObject({ changed: false });
      expect(await store.blocks(NAMESPACE, 1)).toEqual([3]);
    });
  });

  describe('namespaces', () => {
    test('the same user ids in two namespaces never see each other', async () => {
      const { store } = await newWorld(subject);
      const inhabit = async (namespace: string) => {
        await apply(store, { type: 'user', namespace, id: 1, name: `One of ${namespace}` });
        const group = await createGroup(store, [1, 2], { namespace });
        await createGroup(store, [], { namespace, kind: 'room' });
        await sendMany(store, group, [2], 3);
        const { conversation } = await sendTo(store, 1, 2, { namespace, key: 'k' });
        await apply(store, { type: 'block', namespace, user: 1, blocked: 9, active: true });
        await apply(store, { type: 'revoke', namespace, user: 1, until: Number.MAX_SAFE_INTEGER });
        return { namespace, group, pair: conversation };
      };
      const both = [await inhabit('red'), await inhabit('blue')];
      for (const { namespace, group, pair } of both) {
        expect((await store.conversationsOf(namespace, 1)).toSorted((a, b) => a - b)).toEqual(
          [group.id, pair.id].toSorted((a, b) => a - b),
        );
        expect((await store.summaries(namespace, 1, 0, 10)).map(({ head }) => head.conversation.namespace)).toEqual([
          namespace,
          namespace,
        ]);
        const { entries } = await store.resume(resuming(1, { namespace }));
        expect(entries).toHaveLength(4);
        expect(entries.every(({ conversation }) => conversation.namespace === namespace)).toBe(true);
        expect((await store.privateHead(namespace, 1, 2))?.conversation).toEqual(pair);
        expect((await store.rooms(namespace, 0, 10)).map((room) => room.namespace)).toEqual([namespace]);
        expect((await store.user(namespace, 1))?.name).toBe(`One of ${namespace}`);
        expect(await store.blocks(namespace, 1)).toEqual([9]);
      }
      const [red, blue] = both.map(({ group }) => group.id);
      const upTo = Number.MAX_SAFE_INTEGER;
      await apply(store, {
        type: 'deliver',
        namespace: 'red',
        user: 1,
        kinds: ['group', 'private'],
        upTo,
        countMembers: 5,
        origin: ORIGIN,
      });
      expect(await store.membership(red ?? 0, 1)).toMatchObject({ deliveredIndex: 3 });
      expect(await store.membership(blue ?? 0, 1)).toMatchObject({ deliveredIndex: 0 });
      expect((await store.revocations(0)).map((entry) => entry.namespace).toSorted()).toEqual(['blue', 'red']);
      expect(await store.searchUsers('green', '', 10)).toEqual([]);
      expect(await store.user('green', 1)).toBeUndefined();
      expect(await store.conversationsOf('green', 1)).toEqual([]);
      expect(await store.privateHead('green', 1, 2)).toBeUndefined();
      expect((await store.resume(resuming(1, { namespace: 'green' }))).entries).toEqual([]);
    });

    test('events and messages keep the namespace of their conversation', async () => {
      const { store } = await newWorld(subject);
      const red = await createGroup(store, [1], { namespace: 'red' });
      const blue = await createGroup(store, [1], { namespace: 'blue' });
      await store.commit([sending(red, 1, { namespace: 'red' }), sending(blue, 1, { namespace: 'blue' })]);
      expect((await store.events(0, 10)).map(({ type, namespace }) => [type, namespace])).toEqual([
        ['conversation.created', 'red'],
        ['conversation.created', 'blue'],
        ['message.sent', 'red'],
        ['message.sent', 'blue'],
      ]);
    });
  });
}

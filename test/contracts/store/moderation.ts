/** Restrictions of users, and notes of who did what. */
import { describe, expect, test } from 'vitest';
import type { AuditNote, Restrict, Restriction, Store } from '../../../src/core/index.ts';
import { NAMESPACE, ORIGIN, apply, commit, createGroup, newWorld, refusal } from './subject.ts';
import type { Subject } from './subject.ts';

function note(rest: Partial<AuditNote> = {}): AuditNote {
  return {
    namespace: NAMESPACE,
    by: { apiToken: 'ops', user: 0 },
    action: 'user.muted',
    user: 1,
    subject: '',
    reason: '',
    ...rest,
  };
}

function restricting(rest: Partial<Restriction> = {}, audit?: AuditNote): Restrict {
  const restriction: Restriction = {
    namespace: NAMESPACE,
    user: 1,
    kind: 'mute',
    reason: 'loud',
    by: { apiToken: 'ops', user: 0 },
    at: 5,
    ...rest,
  };
  return { type: 'restrict', restriction, ...(audit && { audit }) };
}

async function reasonsIn(store: Store, namespace = NAMESPACE, before = 0, limit = 100): Promise<string[]> {
  return (await store.audit(namespace, before, limit)).map(({ reason }) => reason);
}

export function moderationContract(subject: Subject): void {
  describe('restrictions', () => {
    test('last until their moment, or until they are lifted, one of each kind', async () => {
      const { store, clock } = await newWorld(subject);
      const until = clock.now() + 1_000;
      const timed = restricting({ until });
      const endless = restricting({ kind: 'ban', by: { user: 9 }, reason: '' });
      expect(await apply(store, timed)).toEqual({ type: 'restrict', restriction: timed.restriction });
      await apply(store, endless);
      await apply(store, restricting({ namespace: 'other', user: 3 }));
      const all = async (now = clock.now()) =>
        (await store.restrictions(now)).map(({ namespace, user, kind }) => [namespace, user, kind]);
      expect(await store.restrictions(clock.now())).toEqual([
        timed.restriction,
        endless.restriction,
        restricting({ namespace: 'other', user: 3 }).restriction,
      ]);
      expect(await all(until - 1)).toHaveLength(3);
      expect(await all(until)).toEqual([
        [NAMESPACE, 1, 'ban'],
        ['other', 3, 'mute'],
      ]);
      // The newer one of a kind counts.
      await apply(store, restricting({ until: until + 9, reason: 'louder' }));
      expect((await store.restrictions(until))[0]).toMatchObject({ kind: 'mute', until: until + 9, reason: 'louder' });
    });

    test('are lifted once, one kind of one user alone', async () => {
      const { store, clock } = await newWorld(subject);
      await commit(store, restricting(), restricting({ kind: 'ban' }), restricting({ user: 2 }));
      const lift = { type: 'lift', namespace: NAMESPACE, user: 1, kind: 'mute' } as const;
      expect(await apply(store, lift)).toEqual({ ...lift, lifted: true });
      expect(await apply(store, lift)).toEqual({ ...lift, lifted: false });
      expect(await apply(store, { ...lift, namespace: 'nowhere' })).toMatchObject({ lifted: false });
      expect((await store.restrictions(clock.now())).map(({ user, kind }) => [user, kind])).toEqual([
        [1, 'ban'],
        [2, 'mute'],
      ]);
      await apply(store, restricting({ user: 4, until: clock.now() + 10 }));
      clock.advance(10);
      expect(await apply(store, { ...lift, user: 4 })).toMatchObject({ lifted: false });
    });

    test.each(subject.restarts)('outlive a restart: %s', async (restart) => {
      const world = await newWorld(subject);
      const { restriction } = restricting({ kind: 'ban', until: world.clock.now() + 60_000 });
      await apply(world.store, { type: 'restrict', restriction, audit: note({ reason: 'kept' }) });
      await world[restart]();
      expect(await world.store.restrictions(world.clock.now())).toEqual([restriction]);
      await apply(world.store, restricting({ user: 2 }, note({ reason: 'newer' })));
      expect(await reasonsIn(world.store)).toEqual(['newer', 'kept']);
    });
  });

  describe('notes of who did what', () => {
    test('are read newest first, in pages, each namespace its own', async () => {
      const { store, clock } = await newWorld(subject);
      for (let number = 1; number <= 5; number += 1) {
        await apply(store, { type: 'audit', audit: note({ reason: String(number), action: 'session.ended', subject: '77' }) });
        clock.advance(1);
      }
      await apply(store, { type: 'audit', audit: note({ namespace: 'other', reason: 'elsewhere' }) });
      const page = await store.audit(NAMESPACE, 0, 2);
      expect(page[0]).toEqual({
        ...note({ reason: '5', action: 'session.ended', subject: '77' }),
        id: page[0]?.id,
        at: clock.now() - 1,
      });
      expect(page.map(({ reason }) => reason)).toEqual(['5', '4']);
      expect(await reasonsIn(store, NAMESPACE, page[1]?.id, 2)).toEqual(['3', '2']);
      expect(await reasonsIn(store, 'other')).toEqual(['elsewhere']);
      expect(await reasonsIn(store, 'nowhere')).toEqual([]);
    });

    test('are left by what took effect, and by nothing else', async () => {
      const { store } = await newWorld(subject);
      await apply(store, { type: 'user', namespace: NAMESPACE, id: 1 });
      const group = await createGroup(store, [1, 2]);
      const said = (reason: string) => ({ audit: note({ reason }) });
      const token = { name: 'ci', hash: 'h', scopes: [], createdAt: 1 };
      await commit(
        store,
        restricting({}, note({ reason: 'restrict' })),
        { type: 'lift', namespace: NAMESPACE, user: 1, kind: 'mute', ...said('lift') },
        { type: 'lift', namespace: NAMESPACE, user: 1, kind: 'mute', ...said('lifted already') },
        { type: 'revoke', namespace: NAMESPACE, user: 1, until: 9, ...said('revoke') },
        { type: 'api-token', token, ...said('token') },
        { type: 'api-token-delete', name: 'ci', ...said('token gone') },
        { type: 'api-token-delete', name: 'ci', ...said('token gone already') },
        { type: 'delete', conversation: group.id, user: 0, origin: ORIGIN, ...said('delete') },
        { type: 'delete', conversation: group.id, user: 0, origin: ORIGIN, ...said('deleted already') },
        restricting({ user: 2 }),
      );
      expect(await reasonsIn(store)).toEqual(['delete', 'token gone', 'token', 'revoke', 'lift', 'restrict']);
      expect(await refusal(store, { type: 'erase-user', namespace: NAMESPACE, user: 99, ...said('nobody') })).toBe('not_found');
      expect(await reasonsIn(store)).toHaveLength(6);
    });

    test('of somebody who is erased stay without their reasons, and restrictions go', async () => {
      const { store, clock } = await newWorld(subject);
      for (const id of [1, 2]) await apply(store, { type: 'user', namespace: NAMESPACE, id });
      await commit(
        store,
        restricting({}, note({ reason: 'said something' })),
        restricting({ user: 2 }, note({ user: 2, reason: 'other' })),
      );
      await apply(store, { type: 'erase-user', namespace: NAMESPACE, user: 1, audit: note({ action: 'user.erased' }) });
      expect((await store.audit(NAMESPACE, 0, 9)).map(({ action, user, reason }) => [action, user, reason])).toEqual([
        ['user.erased', 1, ''],
        ['user.muted', 2, 'other'],
        ['user.muted', 1, ''],
      ]);
      expect((await store.restrictions(clock.now())).map(({ user }) => user)).toEqual([2]);
    });

    test('are forgotten when they are old, some at a time', async () => {
      const { store, clock } = await newWorld(subject);
      for (let number = 1; number <= 5; number += 1) {
        await apply(store, { type: 'audit', audit: note({ reason: String(number) }) });
        clock.advance(1_000);
      }
      const trim = { type: 'trim-audit', before: clock.now() - 2_000, limit: 2 } as const;
      expect(await apply(store, trim)).toEqual({ type: 'trim-audit', more: true });
      expect(await reasonsIn(store)).toEqual(['5', '4', '3']);
      expect(await apply(store, trim)).toEqual({ type: 'trim-audit', more: false });
      expect(await reasonsIn(store)).toEqual(['5', '4']);
    });
  });
}

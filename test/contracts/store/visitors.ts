/** The store contract: anonymous visitors who say who they are. */
import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/index.ts';
import { ANN, CLIENT, newDesk, openChat, opening, saying } from './desk-subject.ts';
import { NAMESPACE, ORIGIN, apply, commit, refusal } from './subject.ts';
import type { Subject } from './subject.ts';

const VISITOR = 900;

const identify = { type: 'identify', namespace: NAMESPACE, visitor: VISITOR, user: CLIENT, origin: ORIGIN } as const;

/** More than one transaction rewrites. */
const MANY = 700;

export function visitorsContract(subject: Subject): void {
  describe('a visitor who says who they are', () => {
    it('hands over chats, words, cursors and keys in one step, once', async () => {
      const { store } = await newDesk(subject);
      const VISITOR = 900;
      const { conversation } = await openChat(store, VISITOR);
      const one = await apply(store, saying(conversation, VISITOR, 'Hello?', { key: 'k' }));
      await apply(store, saying(conversation, ANN, 'Yes?'));
      const identify = { type: 'identify', namespace: NAMESPACE, visitor: VISITOR, user: CLIENT, origin: ORIGIN } as const;
      const done = await apply(store, identify);
      expect(done.changes).toMatchObject([
        { change: { cause: 'identified' }, members: { added: [{ user: CLIENT }], removed: [VISITOR] } },
      ]);
      expect((await apply(store, identify)).changes).toEqual([]);
      expect(await store.membership(conversation.id, VISITOR)).toBeUndefined();
      expect([...(await store.unread(conversation.id, [CLIENT]))]).toEqual([[CLIENT, 1]]);
      expect((await store.message(one.message.id))?.sender).toBe(CLIENT);
      const again = await openChat(store, CLIENT);
      expect([again.created, again.conversation.id]).toEqual([false, conversation.id]);
      const repeated = await apply(store, saying(again.conversation, CLIENT, 'Hello?', { key: 'k' }));
      expect([repeated.duplicate, repeated.message.id]).toEqual([true, one.message.id]);
    });

    it('is one person: another is refused, and the visitor opens no chats any more', async () => {
      const { store } = await newDesk(subject);
      await apply(store, identify);
      expect((await apply(store, identify)).done).toBe(true);
      const [other] = await commit(store, { ...identify, user: 8 });
      expect(other).toMatchObject({ type: 'refused', reason: { code: 'failed_precondition' } });
      expect(await store.identifiedAs(NAMESPACE, VISITOR)).toBe(CLIENT);
      expect(await store.identifiedAs(NAMESPACE, CLIENT)).toBeUndefined();
      expect(await refusal(store, opening(VISITOR))).toBe('failed_precondition');
      expect((await openChat(store, VISITOR, { supply: {} })).chat.client).toBe(CLIENT);
    });

    it.each([...subject.restarts, 'nothing'] as const)(
      'hands over a long chat in slices that nobody sees, also after %s',
      async (between) => {
        const world = await newDesk(subject);
        const { conversation } = await openChat(world.store, VISITOR);
        const words = Array.from({ length: MANY }, (_, at) => saying(conversation, VISITOR, `word ${at}`, { key: `k${at}` }));
        for (let at = 0; at < MANY; at += 100) await commit(world.store, ...words.slice(at, at + 100));
        const authors = async (store: Store) => {
          const pages = [0, MANY / 2].map((after) => store.history({ conversation: conversation.id, after, limit: MANY }));
          return new Set((await Promise.all(pages)).flatMap(({ messages }) => messages.map(({ sender }) => sender)));
        };
        const seen = async (store: Store) => {
          expect(await authors(store)).toEqual(new Set([CLIENT]));
          expect([...(await store.unread(conversation.id, [CLIENT]))]).toEqual([[CLIENT, 0]]);
        };
        expect((await apply(world.store, identify)).done).toBe(false);
        await seen(world.store);
        if (between !== 'nothing') await world[between]();
        await seen(world.store);
        expect(await world.store.identifications()).toEqual([{ namespace: NAMESPACE, visitor: VISITOR, user: CLIENT }]);
        // A cursor that goes to where the old author stands still counts what is the person's own.
        const { messages } = await world.store.history({ conversation: conversation.id, after: 0, limit: 10 });
        await apply(world.store, {
          type: 'cursor',
          cursor: 'read',
          conversation: conversation.id,
          user: CLIENT,
          upTo: messages.at(-1)?.id ?? 0,
          countMembers: 10,
          origin: ORIGIN,
        });
        await seen(world.store);
        let rounds = 0;
        while (!(await apply(world.store, identify)).done) rounds += 1;
        expect(rounds).toBeGreaterThan(0);
        await seen(world.store);
        expect(await world.store.identifications()).toEqual([]);
        const { conversation: now } = await openChat(world.store, CLIENT);
        const again = await apply(world.store, saying(now, CLIENT, 'word 0', { key: 'k0' }));
        expect([again.duplicate, again.message.index]).toEqual([true, 1]);
      },
    );
  });
}

/** The store contract: support chats, asides, counts, external ids, settings. */
import { describe, expect, it } from 'vitest';
import { uuidOf } from '../../../src/core/index.ts';
import type { Id, Operation, Store } from '../../../src/core/index.ts';
import { asidesContract } from './asides.ts';
import { deskCountsContract } from './desk-counts.ts';
import { ANN, BEN, CLIENT, newDesk, openChat, opening, saying, stepping } from './desk-subject.ts';
import { NAMESPACE, ORIGIN, apply, commit, reasonOf, refusal } from './subject.ts';
import type { Subject } from './subject.ts';
import { visitorsContract } from './visitors.ts';

const chatIn = async (store: Store, conversation: Id) => (await store.scene(conversation))?.chat;

export function deskContract(subject: Subject): void {
  describe('support chats', () => {
    it('are opened once per client and widget, whoever is first', async () => {
      const { store } = await newDesk(subject);
      const outcomes = await commit(store, opening(), opening(), opening(8), opening(CLIENT, { source: 'shop' }));
      const ids = outcomes.map((outcome) =>
        outcome.type === 'chat-open' ? [outcome.chat.conversation, outcome.created] : outcome,
      );
      const [first] = ids;
      expect(ids[1]).toEqual([Array.isArray(first) ? first[0] : 0, false]);
      expect(new Set(ids.map((id) => (Array.isArray(id) ? id[0] : 0))).size).toBe(3);
      const [opened] = outcomes;
      if (opened?.type !== 'chat-open') throw new Error('not opened');
      expect(opened.chat.uuid).toBe(uuidOf(opened.chat.conversation));
      expect(opened.members.map(({ user }) => user)).toEqual([CLIENT]);
      expect((await store.sceneByUuid(NAMESPACE, opened.chat.uuid))?.chat).toEqual(opened.chat);
      expect(await store.sceneByUuid('elsewhere', opened.chat.uuid)).toBeUndefined();
      expect(opened.conversation).toMatchObject({ kind: 'support', source: 'lk' });
    });

    it('wait from the first word of their client, and are new work once only', async () => {
      const { store, clock } = await newDesk(subject);
      const { conversation } = await openChat(store);
      expect(await store.chatCount({ namespace: NAMESPACE })).toBe(0);
      clock.advance(1_000);
      const first = await apply(store, saying(conversation, CLIENT, 'Hello?'));
      expect(first.chat).toMatchObject({ cause: 'queued', unreadMoved: true, scene: { chat: { status: 'new', unread: true } } });
      const second = await apply(store, saying(conversation, CLIENT, 'Anybody?'));
      expect(second.chat).toBeUndefined();
      expect(second.scene?.chat.queuedAt).toBe(first.scene?.chat.queuedAt);
      expect(await store.queue(NAMESPACE, 'lk', '', 10)).toEqual([conversation.id]);
      const events = (await store.events(0, 100)).filter(({ type }) => type === 'chat.queued');
      expect(events).toMatchObject([
        { conversation: conversation.id, user: CLIENT, chat: { client: CLIENT, status: 'new', source: 'lk' } },
      ]);
    });

    it('are taken by one of those who try in one batch', async () => {
      const { store } = await newDesk(subject);
      const { conversation } = await openChat(store);
      await apply(store, saying(conversation, CLIENT, 'Hello?'));
      const takers = Array.from({ length: 50 }, (_, at) => 100 + at);
      const outcomes = await commit(
        store,
        ...takers.map((operator) => stepping(conversation.id, { kind: 'take', operator }, operator)),
      );
      expect(outcomes.map((outcome) => (outcome.type === 'chat' ? outcome.chat.operator : reasonOf(outcome)))).toEqual([
        100,
        ...takers.slice(1).map(() => 'failed_precondition'),
      ]);
      expect((await store.members(conversation.id, 0, 100)).map(({ user }) => user)).toEqual([CLIENT, 100]);
      const [again] = await commit(store, stepping(conversation.id, { kind: 'take', operator: 100 }, 100));
      expect(again).toMatchObject({ type: 'chat', chat: { operator: 100, status: 'open' } });
      expect(again?.type === 'chat' && again.change).toBeFalsy();
    });

    it('go through their life, and every step is a fact', async () => {
      const { store } = await newDesk(subject);
      const { conversation } = await openChat(store);
      const { id } = conversation;
      const now = async () => chatIn(store, id);
      await apply(store, saying(conversation, CLIENT, 'Hello?'));
      expect(await refusal(store, stepping(id, { kind: 'rate', rating: { score: 5, comment: '' } }, CLIENT))).toBe(
        'failed_precondition',
      );
      await apply(store, stepping(id, { kind: 'assign', operator: ANN, capacity: 1 }));
      expect(await now()).toMatchObject({ status: 'new', operator: ANN });
      expect((await now())?.queuedAt).toBeUndefined();
      await apply(store, saying(conversation, ANN, 'Yes?'));
      expect(await now()).toMatchObject({ status: 'open', operator: ANN });
      await apply(store, stepping(id, { kind: 'transfer', operator: BEN, department: 'sales' }, ANN));
      expect(await now()).toMatchObject({ status: 'open', operator: BEN, lastOperator: BEN, department: 'sales' });
      expect((await store.members(id, 0, 10)).map(({ user }) => user)).toEqual([CLIENT, BEN]);
      await apply(store, stepping(id, { kind: 'close' }, BEN));
      await apply(store, stepping(id, { kind: 'rate', rating: { score: 4, comment: 'ok' } }, CLIENT));
      expect(await now()).toMatchObject({ status: 'closed', unread: false, rating: { score: 4, comment: 'ok' } });
      const reopened = await apply(store, saying(conversation, CLIENT, 'One more'));
      expect(reopened.chat).toMatchObject({
        cause: 'reopened',
        scene: { chat: { status: 'new', operator: 0, lastOperator: BEN } },
      });
      expect((await now())?.closedAt).toBeUndefined();
      const types = (await store.events(0, 100)).map(({ type }) => type).filter((type) => type.startsWith('chat.'));
      expect(types).toEqual([
        'chat.queued',
        'chat.taken',
        'chat.taken',
        'chat.transferred',
        'chat.closed',
        'chat.rated',
        'chat.queued',
      ]);
    });

    it('are given to operators who have room, while nobody has them', async () => {
      const { store } = await newDesk(subject);
      const chats = [await openChat(store), await openChat(store, 8)];
      const ids = chats.map(({ conversation }) => conversation.id);
      const assign = (at: number, operator: Id): Operation => stepping(ids[at] ?? 0, { kind: 'assign', operator, capacity: 1 });
      expect(await refusal(store, assign(0, ANN))).toBe('failed_precondition');
      for (const { conversation, chat } of chats) await apply(store, saying(conversation, chat.client, 'Hello?'));
      await apply(store, assign(0, ANN));
      expect([await refusal(store, assign(1, ANN)), await refusal(store, assign(0, BEN))]).toEqual([
        'failed_precondition',
        'failed_precondition',
      ]);
      await apply(store, assign(1, BEN));
      expect(await store.operatorCounts(NAMESPACE, [ANN, BEN])).toEqual([
        { operator: ANN, newChats: 1, openChats: 0 },
        { operator: BEN, newChats: 1, openChats: 0 },
      ]);
    });

    it('are read by a client and by the desk, each forwards only', async () => {
      const { store } = await newDesk(subject);
      const { conversation } = await openChat(store);
      const { id } = conversation;
      const one = await apply(store, saying(conversation, CLIENT, 'Hello?'));
      const two = await apply(store, saying(conversation, CLIENT, 'Anybody?'));
      const move = (user: Id, upTo: Id, desk = false): Operation => {
        return { type: 'cursor', cursor: 'read', conversation: id, user, upTo, countMembers: 10, desk, origin: ORIGIN };
      };
      expect(await refusal(store, move(ANN, two.message.id))).toBe('not_found');
      const [first] = await commit(store, move(ANN, one.message.id, true));
      expect(first).toMatchObject({
        moved: true,
        covered: { id: one.message.id },
        scene: { chat: { unread: true, cursors: { deskRead: 1 } } },
      });
      const [second] = await commit(store, move(BEN, two.message.id, true));
      expect(second).toMatchObject({ moved: true, chat: { cause: 'unread', unreadMoved: true } });
      const [back] = await commit(store, move(ANN, one.message.id, true));
      expect(back).toMatchObject({ moved: false });
      expect((await chatIn(store, id))?.cursors).toEqual({ clientDelivered: 0, clientRead: 0, deskDelivered: 2, deskRead: 2 });
      const answer = await apply(store, saying(conversation, ANN, 'Yes?'));
      await commit(store, move(CLIENT, answer.message.id));
      expect((await chatIn(store, id))?.cursors).toEqual({ clientDelivered: 3, clientRead: 3, deskDelivered: 2, deskRead: 2 });
    });

    it('are listed in pages, once each, however they are asked for', async () => {
      const { store } = await newDesk(subject);
      for (let at = 0; at < 7; at += 1) {
        const { conversation, chat } = await openChat(store, 100 + at, { source: at % 2 === 0 ? 'lk' : 'shop' });
        await apply(store, saying(conversation, chat.client, 'Hello?'));
        if (at > 3) await apply(store, stepping(conversation.id, { kind: 'take', operator: ANN }, ANN));
      }
      const asked = [
        {},
        { sources: ['shop', 'lk', 'lk'] },
        { statuses: ['open', 'new', 'open'] },
        { sources: ['lk', 'shop'], statuses: ['new', 'open'] },
        { unread: true },
      ];
      const clientsOf = async (query: object, order: 'recent' | 'waiting') => {
        const clients: Id[] = [];
        for (let after = 0; ;) {
          const page = await store.chats({ namespace: NAMESPACE, ...query, order, after, limit: 2 });
          clients.push(...page.map(({ scene }) => scene.chat.client));
          const last = page.at(-1);
          if (last === undefined) return clients;
          after = last.cursor;
        }
      };
      for (const query of asked) {
        expect(await clientsOf(query, 'recent')).toEqual([106, 105, 104, 103, 102, 101, 100]);
        expect(await clientsOf(query, 'waiting')).toEqual([100, 101, 102, 103]);
      }
      expect(await clientsOf({ operator: ANN }, 'recent')).toEqual([106, 105, 104]);
      expect(await clientsOf({ client: 106 }, 'recent')).toEqual([106]);
      expect(
        await clientsOf({ sources: Array.from({ length: 100 }, (_, at) => (at === 0 ? 'shop' : `s${at}`)) }, 'recent'),
      ).toEqual([105, 103, 101]);
    });

    it('are deleted with their asides and counts', async () => {
      const { store } = await newDesk(subject);
      const { conversation, chat } = await openChat(store);
      await apply(store, saying(conversation, CLIENT, 'Hello?'));
      const note = await apply(
        store,
        saying(conversation, ANN, 'Hm', { aside: 'operator', desk: { type: 'note', external: 5 } }),
      );
      await apply(store, { type: 'delete', conversation: conversation.id, user: 0, origin: ORIGIN });
      expect(await store.scene(conversation.id)).toBeUndefined();
      expect(await store.sceneByUuid(NAMESPACE, chat.uuid)).toBeUndefined();
      expect(await store.head(note.conversation.id)).toBeUndefined();
      expect(await store.externalMessage(NAMESPACE, 5)).toBeUndefined();
      expect([await store.chatCount({ namespace: NAMESPACE }), await store.unreadChats(NAMESPACE)]).toEqual([0, {}]);
    });
  });

  asidesContract(subject);
  bringingContract(subject);
  settingsContract(subject);
  visitorsContract(subject);
  deskCountsContract(subject);
}

function bringingContract(subject: Subject): void {
  describe('what back ends bring', () => {
    const uuid = 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de';

    it('is a chat by its uuid, made or changed', async () => {
      const { store } = await newDesk(subject);
      const one = await openChat(store, CLIENT, { uuid, supply: { status: 'new', extra: { a: 1 } } });
      expect(one).toMatchObject({ created: true, chat: { uuid, status: 'new', extra: { a: 1 } }, change: { cause: 'queued' } });
      const two = await openChat(store, CLIENT, { uuid, supply: { status: 'pending', operator: ANN, extra: { b: 2 } } });
      expect(two).toMatchObject({
        created: false,
        chat: { conversation: one.chat.conversation, status: 'pending', operator: ANN, extra: { a: 1, b: 2 } },
        membersChanged: { added: [{ user: ANN }] },
      });
      const three = await openChat(store, CLIENT, { uuid, supply: { status: 'pending' } });
      expect([three.created, three.change]).toEqual([false, undefined]);
      expect(await store.chatCount({ namespace: NAMESPACE, statuses: ['pending'], operator: ANN })).toBe(1);
    });

    it('is a message by its id, stored once, with what else it has', async () => {
      const { store } = await newDesk(subject);
      const { conversation } = await openChat(store, CLIENT, { uuid });
      const other = await openChat(store, 8);
      const desk = { type: 'lead', external: 5, extra: { mood: 'good' } };
      const content = { kind: 'text', text: '', attachments: [{ foreign: { url: 'https://example.com/a.png' } }] } as const;
      const [one, two] = await commit(
        store,
        saying(conversation, 0, '', { desk, content }),
        saying(conversation, 0, 'x', { desk }),
      );
      if (one?.type !== 'append' || two?.type !== 'append') throw new Error('refused');
      expect([one.duplicate, two.duplicate, two.message]).toEqual([false, true, one.message]);
      expect(await store.externalMessage(NAMESPACE, 5)).toEqual(one.message);
      expect(one.message).toMatchObject({ desk, content, index: 1 });
      expect(await refusal(store, saying(other.conversation, 0, 'x', { desk }))).toBe('already_exists');
      expect(await refusal(store, saying(conversation, 0, 'x', { desk, aside: 'operator' }))).toBe('already_exists');
      const recalled = await apply(store, { type: 'recall', message: one.message.id, user: 0, origin: ORIGIN });
      expect(recalled.message.desk).toEqual({ type: 'lead', external: 5 });
    });

    for (const restart of subject.restarts) {
      it(`outlives a ${restart}`, async () => {
        const world = await newDesk(subject);
        const { conversation } = await openChat(world.store, CLIENT, { uuid });
        await apply(world.store, saying(conversation, CLIENT, 'Hello?'));
        await apply(world.store, stepping(conversation.id, { kind: 'take', operator: ANN }, ANN));
        const note = await apply(
          world.store,
          saying(conversation, ANN, 'Hm', { aside: 'operator', desk: { type: 'note', external: 9 } }),
        );
        const before = await world.store.sceneByUuid(NAMESPACE, uuid);
        await (restart === 'reopen' ? world.reopen() : world.crash());
        expect(await world.store.sceneByUuid(NAMESPACE, uuid)).toEqual(before);
        expect(await world.store.externalMessage(NAMESPACE, 9)).toEqual(note.message);
        expect(await world.store.operatorCounts(NAMESPACE, [ANN])).toEqual([{ operator: ANN, newChats: 0, openChats: 1 }]);
        const more = await apply(world.store, saying(conversation, BEN, 'Hm too', { aside: 'operator', desk: { type: 'note' } }));
        expect([more.conversation.id, more.message.index]).toEqual([note.conversation.id, 2]);
      });
    }

    it('goes with the client who is erased: what was said of chats, and what was told of the person', async () => {
      const { store } = await newDesk(subject);
      await apply(store, { type: 'user', namespace: NAMESPACE, id: CLIENT, person: { firstname: 'Eva' } });
      const { conversation } = await openChat(store, CLIENT, { uuid, supply: { extra: { phone: '1' } } });
      await apply(store, stepping(conversation.id, { kind: 'close' }, CLIENT));
      await apply(store, stepping(conversation.id, { kind: 'rate', rating: { score: 2, comment: 'I, Eva, waited' } }, CLIENT));
      await apply(store, { type: 'erase-user', namespace: NAMESPACE, user: CLIENT });
      const scene = await store.scene(conversation.id);
      expect(scene?.chat.rating).toEqual({ score: 2, comment: '' });
      expect([scene?.chat.extra, scene?.client?.person, scene?.client?.name]).toEqual([undefined, undefined, '']);
    });

    it('is somebody whose name has parts, which are kept', async () => {
      const { store } = await newDesk(subject);
      await apply(store, { type: 'user', namespace: NAMESPACE, id: CLIENT, person: { firstname: 'Eva', role: 'vip' } });
      await apply(store, { type: 'user', namespace: NAMESPACE, id: CLIENT, person: { lastname: 'Stone' } });
      expect((await store.user(NAMESPACE, CLIENT))?.person).toEqual({ firstname: 'Eva', role: 'vip', lastname: 'Stone' });
    });
  });
}

function settingsContract(subject: Subject): void {
  describe('settings of the desk', () => {
    it('are kept by kind and name, per namespace', async () => {
      const { store } = await newDesk(subject);
      const department = (title: string): Operation => ({
        type: 'desk-setting',
        namespace: NAMESPACE,
        setting: { kind: 'department', name: 'sales', value: { name: 'sales', title } },
      });
      const reply = { kind: 'reply', name: '0', value: { id: 0, name: 'hi', text: 'Hi', department: '' } } as const;
      await commit(store, department('Sales'), department('Selling'));
      const saved = await apply(store, { type: 'desk-setting', namespace: NAMESPACE, setting: reply });
      expect(await store.deskSettings(NAMESPACE)).toEqual([
        { kind: 'department', name: 'sales', value: { name: 'sales', title: 'Selling' } },
        saved.setting,
      ]);
      expect(saved.setting.name).toMatch(/^[1-9]\d+$/);
      expect(await store.deskSettings('elsewhere')).toEqual([]);
      const remove = { type: 'desk-setting-delete', namespace: NAMESPACE, kind: 'department', name: 'sales' } as const;
      expect([(await apply(store, remove)).deleted, (await apply(store, remove)).deleted]).toEqual([true, false]);
    });
  });
}

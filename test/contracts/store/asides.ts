/** The store contract: asides of support chats, who is in them and how far their readers have come. */
import { describe, expect, it } from 'vitest';
import { UNMARKED, messageStatus } from '../../../src/core/index.ts';
import type { Conversation, Id, Message, MoveCursor, Store } from '../../../src/core/index.ts';
import { ANN, BEN, CLIENT, newDesk, openChat, saying, stepping } from './desk-subject.ts';
import { NAMESPACE, ORIGIN, apply, commit, refusal, text } from './subject.ts';
import type { Subject, World } from './subject.ts';

type Cursor = 'delivered' | 'read';

const marking = (message: Message, cursor: Cursor, user: Id, desk = true): MoveCursor => ({
  type: 'cursor',
  cursor,
  conversation: message.conversation,
  user,
  upTo: message.id,
  countMembers: 10,
  desk,
  origin: ORIGIN,
});

/** A chat that Ann has taken, and notes of hers. */
async function notes({ store }: World, count: number): Promise<{ chat: Conversation; written: readonly Message[] }> {
  const { conversation: chat } = await openChat(store);
  await apply(store, stepping(chat.id, { kind: 'take', operator: ANN }, ANN));
  const written: Message[] = [];
  for (let at = 1; at <= count; at += 1) {
    const note = await apply(store, saying(chat, ANN, `Note ${at}`, { aside: 'operator', desk: { type: 'note' } }));
    written.push(note.message);
  }
  return { chat, written };
}

/** How far each message has come, as its store knows. */
async function statuses(store: Store, chat: Id, messages: readonly Message[]): Promise<readonly string[]> {
  const scene = await store.scene(chat);
  if (scene === undefined) throw new Error('there is no such chat');
  const cursors = new Map((await store.asides(chat)).map((one) => [one.conversation.id, one.cursors]));
  return messages.map((message) => messageStatus(message, { ...scene, aside: cursors.get(message.conversation) ?? UNMARKED }));
}

export function asidesContract(subject: Subject): void {
  describe('asides of a chat', () => {
    it('have the members whose role is the audience, at every moment', async () => {
      const { store } = await newDesk(subject);
      const { conversation } = await openChat(store);
      await apply(store, stepping(conversation.id, { kind: 'take', operator: ANN }, ANN));
      const note = await apply(store, saying(conversation, ANN, 'Hm', { aside: 'operator', desk: { type: 'note' } }));
      const aside = note.conversation.id;
      const members = async (): Promise<Id[]> => (await store.members(aside, 0, 10)).map(({ user }) => user);
      expect([note.conversation.aside, note.message.index, await members()]).toEqual([
        { of: conversation.id, audience: 'operator' },
        1,
        [ANN],
      ]);
      await apply(store, stepping(conversation.id, { kind: 'join', operator: BEN }, BEN));
      expect(await members()).toEqual([ANN, BEN]);
      await apply(store, { type: 'user', namespace: NAMESPACE, id: BEN, role: 'user' });
      expect(await members()).toEqual([ANN]);
      await apply(store, { type: 'user', namespace: NAMESPACE, id: BEN, role: 'operator' });
      await apply(store, stepping(conversation.id, { kind: 'transfer', operator: BEN, department: '' }, ANN));
      expect(await members()).toEqual([BEN]);
      const system = await apply(
        store,
        saying(conversation, 0, 'Rate us', { aside: 'user', desk: { type: 'system', typeRole: 'user' } }),
      );
      expect((await store.members(system.conversation.id, 0, 10)).map(({ user }) => user)).toEqual([CLIENT]);
      expect((await store.asides(conversation.id)).map(({ conversation: { aside: one } }) => one?.audience)).toEqual([
        'operator',
        'user',
      ]);
    });

    it('are in nothing but the desk: not in lists, resumes, unread counts, places or facts', async () => {
      const { store } = await newDesk(subject);
      const { conversation } = await openChat(store);
      await apply(store, stepping(conversation.id, { kind: 'take', operator: ANN }, ANN));
      await apply(store, saying(conversation, CLIENT, 'Hello?'));
      const before = (await store.events(0, 100)).length;
      const note = await apply(store, saying(conversation, ANN, 'Hm', { aside: 'operator', desk: { type: 'note' } }));
      await apply(store, saying(conversation, 0, 'System', { aside: 'user', desk: { type: 'system', typeRole: 'user' } }));
      await apply(store, { type: 'edit', message: note.message.id, user: 0, content: text('Hm!'), origin: ORIGIN });
      expect(await store.events(0, 100)).toHaveLength(before);
      for (const user of [CLIENT, ANN]) {
        const terms = ['hm', 'system', 'hello'].map((term) => ({ term, prefix: true }));
        for (const term of terms) {
          const { messages } = await store.search({ namespace: NAMESPACE, user, terms: [term], limit: 10 });
          expect(messages.map(({ content }) => content?.text)).toEqual(term.term === 'hello' ? ['Hello?'] : []);
        }
        expect(await store.conversationsOf(NAMESPACE, user)).toEqual([conversation.id]);
        expect((await store.summaries(NAMESPACE, user, 0, 10)).map(({ head }) => head.conversation.id)).toEqual([
          conversation.id,
        ]);
        const { entries } = await store.resume({ namespace: NAMESPACE, user, kinds: ['support'], after: 0, limit: 100 });
        expect(entries.map((entry) => (entry.type === 'message' ? entry.message.content?.text : entry.type))).toEqual(['Hello?']);
      }
      expect((await store.history({ conversation: conversation.id, limit: 10 })).messages.map(({ index }) => index)).toEqual([1]);
      expect([...(await store.unread(conversation.id, [CLIENT, ANN]))]).toEqual([
        [CLIENT, 0],
        [ANN, 1],
      ]);
      const [moved] = await commit(store, {
        type: 'deliver',
        namespace: NAMESPACE,
        user: ANN,
        kinds: ['support'],
        upTo: note.message.id,
        countMembers: 10,
        origin: ORIGIN,
      });
      expect(moved).toMatchObject({ moves: [{ conversation: { id: conversation.id } }] });
    });

    it('are read by anybody but the author, member or not, and whenever they came', async () => {
      const world = await newDesk(subject);
      const { store } = world;
      const { chat, written } = await notes(world, 3);
      const [one, two, three] = written as [Message, Message, Message];
      const now = () => statuses(store, chat.id, written);
      expect(await apply(store, marking(three, 'read', ANN))).toMatchObject({ moved: true });
      expect(await now()).toEqual(['new', 'new', 'new']);
      const delivered = await apply(store, marking(two, 'delivered', BEN));
      expect(delivered).toMatchObject({ moved: true, message: two.id, covered: { id: two.id } });
      expect(delivered.scene && messageStatus(two, delivered.scene)).toBe('delivered');
      expect(await now()).toEqual(['delivered', 'delivered', 'new']);
      await apply(store, marking(one, 'read', BEN));
      expect(await now()).toEqual(['read', 'delivered', 'new']);
      expect(await apply(store, marking(two, 'delivered', BEN))).toMatchObject({ moved: false });
      expect(await now()).toEqual(['read', 'delivered', 'new']);
      // Comes later, and stands at the end of the aside as a member: what was said before is marked all the same.
      await apply(store, stepping(chat.id, { kind: 'join', operator: BEN }, BEN));
      await apply(store, marking(three, 'read', BEN));
      expect(await now()).toEqual(['read', 'read', 'read']);
      await apply(store, stepping(chat.id, { kind: 'transfer', operator: BEN, department: '' }, ANN));
      expect(await now()).toEqual(['read', 'read', 'read']);
    });

    it('are told as far as they have come, whatever happens to them', async () => {
      const world = await newDesk(subject);
      const { store } = world;
      const { chat, written } = await notes(world, 1);
      const [note] = written as [Message];
      await apply(store, marking(note, 'read', BEN));
      const edited = await apply(store, { type: 'edit', message: note.id, user: ANN, content: text('Changed'), origin: ORIGIN });
      const next = await apply(store, saying(chat, ANN, 'Next', { aside: 'operator', desk: { type: 'note' } }));
      const [known] = await store.asides(chat.id);
      for (const { scene } of [edited, next]) expect(scene?.aside).toEqual(known?.cursors);
      expect(known?.cursors.read).toEqual({ index: 1, by: BEN, others: 0 });
      expect(await statuses(store, chat.id, [edited.message, next.message])).toEqual(['read', 'new']);
    });

    it('are marked by a back end for nobody in particular', async () => {
      const world = await newDesk(subject);
      const { chat, written } = await notes(world, 2);
      const [one] = written as [Message, Message];
      expect(await refusal(world.store, marking(one, 'read', 0, false))).toBe('not_found');
      await apply(world.store, marking(one, 'read', 0));
      expect(await statuses(world.store, chat.id, written)).toEqual(['read', 'new']);
    });

    it('have come no less far when a visitor turns out to be one of their readers', async () => {
      const { store } = await newDesk(subject);
      const VISITOR = 900;
      await apply(store, { type: 'user', namespace: NAMESPACE, id: VISITOR, role: 'user' });
      const { conversation: chat } = await openChat(store, VISITOR);
      const system = await apply(
        store,
        saying(chat, VISITOR, 'Came from a page', { aside: 'user', desk: { type: 'system', typeRole: 'user' } }),
      );
      await apply(store, marking(system.message, 'read', CLIENT));
      const again = async () => (await store.message(system.message.id)) ?? system.message;
      expect(await statuses(store, chat.id, [await again()])).toEqual(['read']);
      await apply(store, { type: 'identify', namespace: NAMESPACE, visitor: VISITOR, user: CLIENT, origin: ORIGIN });
      expect((await again()).sender).toBe(CLIENT);
      expect(await statuses(store, chat.id, [await again()])).toEqual(['read']);
    });

    for (const restart of subject.restarts) {
      it(`have come as far after a ${restart}, and are resumed with it`, async () => {
        const world = await newDesk(subject);
        const { chat, written } = await notes(world, 3);
        const [one, two] = written as [Message, Message, Message];
        await apply(world.store, marking(one, 'read', BEN));
        await apply(world.store, marking(two, 'delivered', BEN));
        const aside = two.conversation;
        const resume = async () => {
          const asked = {
            namespace: NAMESPACE,
            user: BEN,
            kinds: ['support'],
            conversations: [aside],
            after: 0,
            limit: 10,
          } as const;
          return (await world.store.resume(asked)).entries;
        };
        const before = await resume();
        expect(before.filter(({ type }) => type === 'read')).toMatchObject([{ message: one.id, index: 1, user: BEN }]);
        await world[restart]();
        expect(await statuses(world.store, chat.id, written)).toEqual(['read', 'delivered', 'new']);
        expect(await resume()).toEqual(before);
        await apply(world.store, { type: 'delete', conversation: chat.id, user: 0, origin: ORIGIN });
        expect(await world.store.asides(chat.id)).toEqual([]);
      });
    }
  });
}

/** The feed and those who read it: facts about connections, places of sinks, dead letters, forgetting. */
import { describe, expect, test } from 'vitest';
import type { Store } from '../../../src/core/index.ts';
import { NAMESPACE, ORIGIN, apply, createGroup, newWorld, send, text } from './subject.ts';
import type { Subject } from './subject.ts';

const CLOSED = { reason: 'slow', code: 1008, forced: true };

export function feedContract(subject: Subject): void {
  describe('the feed', () => {
    test('tells of a connection once that it began, and once that it ended', async () => {
      const { store } = await newWorld(subject);
      const origin = { door: 'stream', session: 7 };
      const fact = { type: 'fact', namespace: NAMESPACE, user: 1, origin } as const;
      const before = (await store.events(0, 100)).length;
      expect((await apply(store, { ...fact, event: 'user.connected' })).id).toBeGreaterThan(0);
      expect((await apply(store, { ...fact, event: 'user.connected' })).id).toBe(0);
      expect(await store.openSessions()).toEqual([{ session: 7, namespace: NAMESPACE, user: 1, door: 'stream' }]);
      expect((await apply(store, { ...fact, event: 'user.disconnected', session: CLOSED })).id).toBeGreaterThan(0);
      expect((await apply(store, { ...fact, event: 'user.disconnected', session: CLOSED })).id).toBe(0);
      expect(await store.openSessions()).toEqual([]);
      expect((await store.events(0, 100)).slice(before)).toMatchObject([
        { type: 'user.connected', namespace: NAMESPACE, user: 1, conversation: 0, origin },
        { type: 'user.disconnected', namespace: NAMESPACE, user: 1, origin, session: CLOSED },
      ]);
    });

    test('has each message as it reads now', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const kept = await send(store, group, 1, { content: text('kept') });
      const edited = await send(store, group, 1, { content: text('before') });
      const recalled = await send(store, group, 2, { content: text('gone') });
      await apply(store, { type: 'edit', message: edited.id, user: 1, content: text('after'), origin: ORIGIN });
      await apply(store, { type: 'recall', message: recalled.id, user: 2, origin: ORIGIN });
      const entries = await store.feed(kept.id - 1, 100);
      expect(entries.map(({ event, message }) => [event.type, message?.id, message?.content?.text])).toEqual([
        ['message.sent', kept.id, 'kept'],
        ['message.sent', edited.id, 'after'],
        ['message.sent', recalled.id, undefined],
        ['message.edited', edited.id, 'after'],
        ['message.recalled', recalled.id, undefined],
      ]);
      expect(entries.map(({ event }) => event)).toEqual(await store.events(kept.id - 1, 100));
    });

    test('an erased person is told of, once', async () => {
      const { store } = await newWorld(subject);
      await apply(store, { type: 'user', namespace: NAMESPACE, id: 2 });
      for (let time = 0; time < 2; time += 1) await apply(store, { type: 'erase-user', namespace: NAMESPACE, user: 2 });
      expect(await typesOf(store)).toEqual(['user.erased']);
    });

    test('is forgotten up to a place in steps, but for what live clients resume by', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const message = await send(store, group, 1, { content: text('one') });
      await apply(store, { type: 'edit', message: message.id, user: 1, content: text('two'), origin: ORIGIN });
      for (const session of [1, 2, 3]) {
        await apply(store, {
          type: 'fact',
          event: 'user.connected',
          namespace: NAMESPACE,
          user: 1,
          origin: { door: 'd', session },
        });
      }
      const before = (await store.events(0, 100)).at(-1)?.id ?? 0;
      expect(await store.feedFloor()).toBe(0);
      expect((await apply(store, { type: 'trim-feed', before, limit: 3 })).more).toBe(true);
      expect((await apply(store, { type: 'trim-feed', before, limit: 3 })).more).toBe(false);
      expect(await typesOf(store)).toEqual(['message.sent', 'message.edited']);
      expect(await store.feedFloor()).toBe(before);
      // Nothing more was forgotten.
      await apply(store, { type: 'trim-feed', before: before + 1_000, limit: 3 });
      expect(await store.feedFloor()).toBe(before);
    });
  });

  describe('a sink', () => {
    test('that is new begins behind what there is, and keeps its place', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const { id } = await send(store, group, 1);
      const begin = { type: 'sink', sink: 'a', position: 'newest', dead: [] } as const;
      expect((await apply(store, begin)).position).toBe(id);
      await send(store, group, 1);
      expect((await apply(store, begin)).position).toBe(id);
      expect((await apply(store, { ...begin, position: id + 5 })).position).toBe(id + 5);
      // Never back.
      expect((await apply(store, { ...begin, position: id })).position).toBe(id + 5);
      expect(await store.sinkPositions()).toEqual([{ sink: 'a', position: id + 5 }]);
    });

    test('that is furthest behind is the depth of the outbox', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      await apply(store, { type: 'sink', sink: 'slow', position: 'newest', dead: [] });
      const { id } = await send(store, group, 1);
      await send(store, group, 1);
      expect((await store.stats()).outboxDepth).toBe(2);
      await apply(store, { type: 'sink', sink: 'slow', position: id, dead: [] });
      await apply(store, { type: 'sink', sink: 'fast', position: 'newest', dead: [] });
      expect((await store.stats()).outboxDepth).toBe(1);
      expect(await store.feedDepth(0, 2)).toBe(2);
    });

    test('has its dead letters until they are let go', async () => {
      const { store } = await newWorld(subject);
      const letter = (sink: string, event: number) => ({ sink, event, attempts: 8, error: 'it answered 400', at: 5 });
      await apply(store, { type: 'sink', sink: 'a', position: 9, dead: [letter('a', 3), letter('a', 5)] });
      await apply(store, { type: 'sink', sink: 'b', position: 9, dead: [letter('b', 4)] });
      expect(await store.deadLetters(undefined, 0, 2)).toEqual([letter('a', 3), letter('b', 4)]);
      expect(await store.deadLetters('a', 3, 10)).toEqual([letter('a', 5)]);
      expect((await apply(store, { type: 'drop-dead', sink: 'a', events: [3, 4] })).dropped).toBe(1);
      expect(await store.deadLetters(undefined, 0, 10)).toEqual([letter('b', 4), letter('a', 5)]);
    });
  });

  test('the way of a message: through what it came, who was connected, what became of it', async () => {
    const { store } = await newWorld(subject);
    const group = await createGroup(store, [1, 2]);
    const connect = (session: number, user: number) =>
      apply(store, { type: 'fact', event: 'user.connected', namespace: NAMESPACE, user, origin: { door: 'stream', session } });
    const end = (session: number, user: number) =>
      apply(store, {
        type: 'fact',
        event: 'user.disconnected',
        namespace: NAMESPACE,
        user,
        origin: { door: 'stream', session },
        session: CLOSED,
      });
    // Before, over before, and of somebody else.
    await connect(1, 1);
    await connect(2, 2);
    await connect(3, 2);
    await connect(4, 3);
    await end(3, 2);
    const message = await send(store, group, 1);
    await apply(store, { type: 'edit', message: message.id, user: 1, content: text('edited'), origin: ORIGIN });
    const { id } = await apply(store, { type: 'recall', message: message.id, user: 1, origin: ORIGIN });
    await end(2, 2);
    const later = (await store.events(0, 100)).at(-1)?.id ?? 0;
    await connect(later + 1, 1);
    const trace = await store.trace(message.id, 10);
    expect(trace).toMatchObject({ message: { id: message.id, state: 'recalled' }, origin: ORIGIN });
    expect(trace?.sessions).toMatchObject([
      { session: 1, user: 1, door: 'stream' },
      { session: 2, user: 2, door: 'stream' },
    ]);
    expect(trace?.sessions.map(({ endedAt }) => endedAt !== undefined)).toEqual([false, true]);
    expect(trace?.changes.map(({ type }) => type)).toEqual(['message.edited', 'message.recalled']);
    expect(trace?.changes.at(-1)?.id).toBe(id);
    expect(await store.trace(message.id + 1, 10)).toBeUndefined();
  });
}

async function typesOf(store: Store): Promise<string[]> {
  const types = (await store.events(0, 100)).map(({ type }) => type);
  return types.filter((type) => type !== 'conversation.created');
}

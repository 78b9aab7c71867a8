/** What happens to messages after they were sent: edits, recalls, expiry, retention, deletion. */
import { describe, expect, test } from 'vitest';
import type { Id, Message, Store } from '../../../src/core/index.ts';
import {
  NAMESPACE,
  ORIGIN,
  apply,
  commit,
  createGroup,
  historyOf,
  idsIn,
  move,
  newWorld,
  refusal,
  resuming,
  send,
  sendMany,
  sendTo,
  sending,
  text,
  unreadOf,
  wholeHistory,
} from './subject.ts';
import type { Subject } from './subject.ts';

export function changingContract(subject: Subject): void {
  describe('edit', () => {
    test('replaces the content, keeps the place and every earlier content', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const message = await send(store, group, 1, { content: text('one') });
      clock.advance(1_000);
      const first = await edit(store, message.id, 'two');
      clock.advance(1_000);
      const second = await apply(store, {
        type: 'edit',
        message: message.id,
        user: 1,
        content: { kind: 'photo', resource: { url: 'u' } },
        origin: ORIGIN,
      });
      expect(first.message).toEqual({ ...message, content: text('two'), editedAt: message.sentAt + 1_000 });
      expect(second).toMatchObject({ changed: true, conversation: group });
      expect(second.id).toBeGreaterThan(first.id);
      expect(first.id).toBeGreaterThan(message.id);
      expect(await store.message(message.id)).toEqual(second.message);
      expect(await store.revisions(message.id, 0, 100)).toEqual([
        { message: message.id, replacedAt: message.sentAt + 1_000, content: text('one') },
        { message: message.id, replacedAt: message.sentAt + 2_000, content: text('two') },
      ]);
    });

    test('to what it says already is no change', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const message = await send(store, group, 1, { content: text('one') });
      expect(await edit(store, message.id, 'one')).toMatchObject({ changed: false, message });
      expect(await store.revisions(message.id, 0, 100)).toEqual([]);
      expect((await store.events(0, 10)).map(({ type }) => type)).toEqual(['conversation.created', 'message.sent']);
    });

    test('of what is missing, recalled or expired is refused', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const recalled = await send(store, group, 1);
      const expired = await send(store, group, 1, { expiresAfter: 10 });
      await recall(store, recalled.id);
      clock.advance(10);
      const attempt = (message: Id) => refusal(store, { type: 'edit', message, user: 1, content: text('x'), origin: ORIGIN });
      expect(await attempt(12_345)).toBe('not_found');
      expect(await attempt(group.id)).toBe('not_found');
      expect(await attempt(recalled.id)).toBe('failed_precondition');
      expect(await attempt(expired.id)).toBe('failed_precondition');
      await apply(store, { type: 'expire', now: clock.now(), limit: 10 });
      expect(await attempt(expired.id)).toBe('failed_precondition');
    });
  });

  describe('recall', () => {
    test('erases content and revisions and leaves a marker in the place', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const message = await send(store, group, 1, { content: text('secret') });
      await edit(store, message.id, 'still secret');
      const edited = await store.message(message.id);
      const answer = await recall(store, message.id);
      const { content: _, ...rest } = edited ?? message;
      expect(answer).toMatchObject({ changed: true, conversation: group });
      expect(answer.message).toEqual({ ...rest, state: 'recalled' });
      expect(await store.message(message.id)).toEqual(answer.message);
      expect(await wholeHistory(store, group.id)).toEqual([answer.message]);
      expect(await store.revisions(message.id, 0, 100)).toEqual([]);
      expect(await unreadOf(store, group.id, 2)).toBe(1);
    });

    test('twice answers the same and changes nothing', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const { id } = await send(store, group, 1);
      const { message } = await recall(store, id);
      expect(await recall(store, id)).toMatchObject({ changed: false, message });
      expect((await store.events(0, 10)).map(({ type }) => type)).toEqual([
        'conversation.created',
        'message.sent',
        'message.recalled',
      ]);
    });

    test('of what is missing is refused; of what has expired it is no change', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      expect(await refusal(store, { type: 'recall', message: 12_345, user: 1, origin: ORIGIN })).toBe('not_found');
      const { id } = await send(store, group, 1, { expiresAfter: 10 });
      clock.advance(10);
      expect(await recall(store, id)).toMatchObject({ changed: false, message: { state: 'expired' } });
      await apply(store, { type: 'expire', now: clock.now(), limit: 10 });
      expect(await recall(store, id)).toMatchObject({ changed: false, message: { state: 'expired' } });
    });
  });

  describe('expiry', () => {
    test('is told with the message and counts from the moment it is stored', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const message = await send(store, group, 1, { expiresAfter: 1_000 });
      expect(message.expiresAt).toBe(message.sentAt + 1_000);
      expect((await send(store, group, 1, { expiresAfter: 0.5 })).expiresAt).toBe(message.sentAt + 1);
      expect(await store.message(message.id)).toEqual(message);
    });

    test('from that moment on it is in no answer, whether it is erased yet or not', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const kept = await send(store, group, 1, { content: text('kept') });
      const message = await send(store, group, 1, { content: text('secret'), expiresAfter: 1_000 });
      await edit(store, message.id, 'still secret');
      const last = await send(store, group, 1, { content: text('also'), expiresAfter: 1_000 });
      const before = message.id - 1;
      const entries = async () => (await store.resume(resuming(2, { after: before }))).entries;
      clock.advance(999);
      expect(idsIn(await store.history(historyOf(group.id)))).toEqual([kept.id, message.id, last.id]);
      expect((await entries()).map(({ type }) => type)).toEqual(['message', 'change', 'message']);
      expect((await store.summary(group.id, 2))?.lastMessage?.id).toBe(last.id);
      expect(await unreadOf(store, group.id, 2)).toBe(3);
      expect(await store.hasDueExpiry(clock.now())).toBe(false);
      clock.advance(1);
      for (const erased of [false, true]) {
        if (erased) await apply(store, { type: 'expire', now: clock.now(), limit: 10 });
        expect(await store.hasDueExpiry(clock.now())).toBe(!erased);
        const seen = await store.message(message.id);
        expect(seen?.state).toBe('expired');
        expect(seen?.content).toBeUndefined();
        expect(await store.revisions(message.id, 0, 100)).toEqual([]);
        expect(idsIn(await store.history(historyOf(group.id)))).toEqual([kept.id]);
        expect(idsIn(await store.history(historyOf(group.id, { around: message.id })))).toEqual([kept.id]);
        expect(await entries()).toEqual([]);
        expect(await unreadOf(store, group.id, 2)).toBe(1);
        expect((await store.summary(group.id, 2))?.lastMessage?.id).toBe(kept.id);
        expect((await store.summaries(NAMESPACE, 2, 0, 10))[0]).toMatchObject({ unread: 1, lastMessage: { id: kept.id } });
        expect((await store.head(group.id))?.lastIndex).toBe(3);
      }
    });

    test('erases what is due, a limited number at a time, each once', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const operations = Array.from({ length: 10 }, (_, at) => sending(group, 1, { expiresAfter: 1_000 + 100 * at }));
      const messages = (await store.commit(operations)).flatMap((outcome) =>
        outcome.type === 'append' ? [outcome.message] : [],
      );
      const due = { type: 'expire', now: clock.now() + 1_000 + 600, limit: 3 } as const;
      clock.advance(1_600);
      const rounds = [await apply(store, due), await apply(store, due), await apply(store, due), await apply(store, due)];
      expect(rounds.flatMap(({ changes }) => changes.map(({ message }) => message.id))).toEqual(
        messages.slice(0, 7).map(({ id }) => id),
      );
      expect(rounds.map(({ changes }) => changes.length)).toEqual([3, 3, 1, 0]);
      expect(rounds.at(-1)?.more).toBe(false);
      expect(rounds[0]?.more).toBe(true);
      expect(rounds[0]?.changes[0]).toMatchObject({ changed: true, conversation: group, message: { state: 'expired' } });
      expect(await unreadOf(store, group.id, 2)).toBe(3);
      const told = (await store.events(0, 100)).filter(({ type }) => type === 'message.expired');
      expect(told.map(({ message }) => message)).toEqual(messages.slice(0, 7).map(({ id }) => id));
    });

    test('of nearly all messages leaves the others to be found', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const kept = [1, 2, 300, 1_700, 1_990];
      const operations = Array.from({ length: 2_000 }, (_, at) =>
        sending(group, 1, kept.includes(at + 1) ? {} : { expiresAfter: 1_000 }),
      );
      const outcomes = await store.commit(operations);
      const ids = outcomes.flatMap((outcome) => (outcome.type === 'append' ? [outcome.message.id] : []));
      const left = kept.map((index) => ids[index - 1] ?? 0);
      clock.advance(2_000);
      await apply(store, { type: 'expire', now: clock.now(), limit: 5_000 });
      expect((await store.summary(group.id, 2))?.lastMessage?.id).toBe(left[4]);
      expect(await unreadOf(store, group.id, 2)).toBe(5);
      for (const limit of [1, 2, 3, 10]) {
        for (const place of [0, ...left, ids[0], ids[150], ids[1_000], ids[1_998]].map((id) => id ?? 0)) {
          const older = await store.history(historyOf(group.id, { before: place + 1, limit }));
          expect(idsIn(older)).toEqual(left.filter((id) => id <= place).slice(-limit));
          const newer = await store.history(historyOf(group.id, { after: place, limit }));
          expect(idsIn(newer)).toEqual(left.filter((id) => id > place).slice(0, limit));
        }
      }
    });

    test('of a recalled message takes its marker away', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const message = await send(store, group, 1, { expiresAfter: 1_000 });
      await recall(store, message.id);
      clock.advance(1_000);
      expect(await wholeHistory(store, group.id)).toEqual([]);
      expect((await apply(store, { type: 'expire', now: clock.now(), limit: 10 })).changes).toHaveLength(1);
      expect(await unreadOf(store, group.id, 2)).toBe(0);
    });
  });

  describe('retention', () => {
    test('trim removes what is below an index for good, and says so', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const messages = await sendMany(store, group, [1], 10);
      const [first] = messages;
      await edit(store, first?.id ?? 0, 'other');
      expect(await apply(store, { type: 'trim', conversation: group.id, before: 5 })).toEqual({ type: 'trim', removed: 4 });
      expect(await apply(store, { type: 'trim', conversation: group.id, before: 5 })).toEqual({ type: 'trim', removed: 0 });
      expect(await store.head(group.id)).toMatchObject({ firstIndex: 5, lastIndex: 10, cutId: messages[3]?.id });
      expect(await wholeHistory(store, group.id)).toEqual(messages.slice(4));
      for (const { id } of messages.slice(0, 4)) {
        expect(await store.message(id)).toBeUndefined();
        expect(await store.revisions(id, 0, 100)).toEqual([]);
        expect(await refusal(store, { type: 'recall', message: id, user: 1, origin: ORIGIN })).toBe('not_found');
      }
      expect(await unreadOf(store, group.id, 2)).toBe(6);
      expect((await store.membership(group.id, 2))?.readIndex).toBe(4);
    });

    test.each([1, 5, 127, 128, 129, 130, 200, 256, 257, 300, 301, 999])(
      'below index %i: places before, at and after the cut are answered right',
      async (before) => {
        const { store } = await newWorld(subject);
        const group = await createGroup(store, [1, 2, 3]);
        const messages = await sendMany(store, group, [1, 2], 300);
        await move(store, 'read', group.id, 3, messages[149]?.id ?? 0);
        await apply(store, { type: 'trim', conversation: group.id, before });
        const left = messages.filter(({ index }) => index >= before);
        const cutId = messages.findLast(({ index }) => index < before)?.id ?? 0;
        expect(await store.head(group.id)).toMatchObject({ lastIndex: 300, lastId: messages.at(-1)?.id, cutId });
        expect(await unreadOf(store, group.id, 3)).toBe(left.filter(({ index }) => index > 150).length);
        expect(await unreadOf(store, group.id, 1)).toBe(left.filter(({ sender }) => sender === 2).length);
        for (const { id } of messages.filter(({ index }) => index % 7 === 0 || Math.abs(index - before) < 3)) {
          const after = left.filter((message) => message.id > id);
          const page = await store.history(historyOf(group.id, { after: id, limit: 20 }));
          expect(idsIn(page)).toEqual(after.slice(0, 20).map((message) => message.id));
          expect(page.moreAfter).toBe(after.length > 20);
          const resumed = await store.resume(resuming(3, { after: id, limit: 20 }));
          expect(resumed.entries.flatMap((entry) => (entry.type === 'message' ? [entry.message.id] : []))).toEqual(
            after.slice(0, 20).map((message) => message.id),
          );
          expect(resumed.cut).toBe(cutId > id);
          const older = await store.history(historyOf(group.id, { before: id, limit: 20 }));
          expect(idsIn(older)).toEqual(
            left
              .filter((message) => message.id < id)
              .slice(-20)
              .map((message) => message.id),
          );
        }
        const next = await send(store, group, 1);
        expect(next.index).toBe(301);
        expect((await store.history(historyOf(group.id, { limit: 1 }))).messages).toEqual([next]);
      },
    );

    test('of a conversation that is not there is refused', async () => {
      const { store } = await newWorld(subject);
      expect(await refusal(store, { type: 'trim', conversation: 5, before: 2 })).toBe('not_found');
    });
  });

  describe('deletion', () => {
    test('takes everything of the conversation away at once, and nothing else', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const other = await createGroup(store, [1, 2]);
      const messages = await sendMany(store, group, [1], 300);
      const [kept] = await sendMany(store, other, [1], 1);
      const [first] = messages;
      await edit(store, first?.id ?? 0, 'other');
      await send(store, group, 1, { expiresAfter: 10 });
      const answer = await apply(store, { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN });
      expect(answer.conversation.id).toBe(group.id);
      expect(await store.head(group.id)).toBeUndefined();
      expect(await store.membership(group.id, 1)).toBeUndefined();
      expect(await store.memberCount(group.id)).toBe(0);
      expect(await store.summary(group.id, 1)).toBeUndefined();
      expect(await store.conversationsOf(NAMESPACE, 1)).toEqual([other.id]);
      expect((await store.summaries(NAMESPACE, 1, 0, 10)).map(({ head }) => head.conversation.id)).toEqual([other.id]);
      expect(await store.history(historyOf(group.id))).toEqual({ messages: [], moreBefore: false, moreAfter: false });
      for (const { id } of messages) expect(await store.message(id)).toBeUndefined();
      expect(await store.revisions(first?.id ?? 0, 0, 100)).toEqual([]);
      expect((await store.resume(resuming(2))).entries).toEqual([
        { type: 'message', conversation: other, message: kept, senderName: '', from: 0 },
      ]);
      expect((await store.resume(resuming(2, { conversations: [group.id] }))).entries).toEqual([]);
      expect(await refusal(store, { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN })).toBe('not_found');
      expect(await refusal(store, { type: 'update', conversation: group.id, user: 1, name: 'x', origin: ORIGIN })).toBe(
        'not_found',
      );
      expect(await refusal(store, { type: 'edit', message: first?.id ?? 0, user: 1, content: text('x'), origin: ORIGIN })).toBe(
        'not_found',
      );
      clock.advance(10);
      expect((await apply(store, { type: 'expire', now: clock.now(), limit: 10 })).changes).toEqual([]);
      expect(await wholeHistory(store, other.id)).toEqual([kept]);
    });

    test('ends the feed of its messages and tells the deletion', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      await sendMany(store, group, [1], 200);
      await apply(store, { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN });
      const events = await store.events(0, 1_000);
      expect(events.map(({ type }) => type)).toEqual(['conversation.created', 'conversation.deleted']);
      expect(events.every(({ namespace, conversation }) => namespace === NAMESPACE && conversation === group.id)).toBe(true);
      expect(await store.events(events[0]?.id ?? 0, 1)).toEqual(events.slice(1));
    });

    test('of a private conversation lets the next message make a new one', async () => {
      const { store } = await newWorld(subject);
      const { conversation, message } = await sendTo(store, 1, 2, { key: 'k' });
      await apply(store, { type: 'delete', conversation: conversation.id, user: 1, origin: ORIGIN });
      expect(await store.privateHead(NAMESPACE, 1, 2)).toBeUndefined();
      const next = await sendTo(store, 1, 2, { key: 'k' });
      expect(next).toMatchObject({ created: true, duplicate: false, message: { index: 1 } });
      expect(next.message.id).toBeGreaterThan(message.id);
      expect(await unreadOf(store, next.conversation.id, 1)).toBe(1);
    });

    test('in the middle of a batch', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const other = await createGroup(store, [1]);
      const outcomes = await commit(
        store,
        sending(group, 1),
        { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN },
        sending(group, 1),
        sending(other, 1),
      );
      expect(outcomes.map(({ type }) => type)).toEqual(['append', 'delete', 'refused', 'append']);
      expect(await store.conversationsOf(NAMESPACE, 1)).toEqual([other.id]);
    });

    test.each(subject.restarts)('outlives a %s', async (way) => {
      const world = await newWorld(subject);
      const group = await createGroup(world.store, [1]);
      const other = await createGroup(world.store, [1]);
      const messages: Message[] = await sendMany(world.store, group, [1], 700);
      const kept = await sendMany(world.store, other, [1], 3);
      await apply(world.store, { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN });
      await world[way]();
      expect(await world.store.head(group.id)).toBeUndefined();
      for (const { id } of messages) expect(await world.store.message(id)).toBeUndefined();
      expect(await wholeHistory(world.store, other.id)).toEqual(kept);
      const next = await send(world.store, other, 1);
      expect(next.index).toBe(4);
      expect(next.id).toBeGreaterThan(messages.at(-1)?.id ?? 0);
    });

    test.each(subject.restarts)('ids go on above those of removed messages after a %s with the clock set back', async (way) => {
      const world = await newWorld(subject);
      const group = await createGroup(world.store, [1, 2]);
      const messages = await sendMany(world.store, group, [1], 5);
      await apply(world.store, { type: 'trim', conversation: group.id, before: 6 });
      world.clock.advance(-3_600_000);
      await world[way]();
      const next = await send(world.store, group, 1);
      expect(next.id).toBeGreaterThan(messages.at(-1)?.id ?? 0);
      expect(next.index).toBe(6);
      expect(await wholeHistory(world.store, group.id)).toEqual([next]);
    });
  });
}

function edit(store: Store, message: Id, value: string) {
  return apply(store, { type: 'edit', message, user: 1, content: text(value), origin: ORIGIN });
}

function recall(store: Store, message: Id) {
  return apply(store, { type: 'recall', message, user: 1, origin: ORIGIN });
}

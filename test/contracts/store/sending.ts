/** Sends: places, batches, stale decisions, private conversations. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { timeOfId } from '../../../src/core/index.ts';
import type { Content, Operation } from '../../../src/core/index.ts';
import {
  NAMESPACE,
  ORIGIN,
  apply,
  changingMembers,
  commit,
  createGroup,
  creating,
  newWorld,
  reasonOf,
  refusal,
  send,
  sendMany,
  sendTo,
  sending,
  sendingTo,
  succeeded,
  text,
  wholeHistory,
} from './subject.ts';
import type { Subject } from './subject.ts';

export function sendingContract(subject: Subject): void {
  describe('places', () => {
    test('each conversation counts its messages from 1, without holes, whatever else a batch holds', async () => {
      const { store } = await newWorld(subject);
      const groups = [await createGroup(store, [1, 2]), await createGroup(store, [1, 2]), await createGroup(store, [2, 1])];
      for (let round = 0; round < 10; round += 1) {
        await store.commit(
          groups.flatMap((group, at) => Array.from({ length: at + round + 1 }, () => sending(group, 1 + (at % 2)))),
        );
      }
      for (const [at, { id }] of groups.entries()) {
        const messages = await wholeHistory(store, id);
        expect(messages.map(({ index }) => index)).toEqual(messages.map((_, place) => place + 1));
        expect(messages).toHaveLength(10 * (at + 1) + 45);
        expect(await store.head(id)).toMatchObject({
          lastIndex: messages.length,
          lastId: messages.at(-1)?.id,
          firstIndex: 1,
          cutId: 0,
        });
      }
    });

    test('ids grow with every message, over all conversations, and hold the time', async () => {
      const { store, clock } = await newWorld(subject);
      const groups = [await createGroup(store, [1]), await createGroup(store, [1])];
      let last = 0;
      for (let round = 0; round < 20; round += 1) {
        for (const group of groups) {
          const message = await send(store, group, 1);
          expect(message.id).toBeGreaterThan(last);
          expect(message.sentAt).toBe(timeOfId(message.id));
          expect(message.sentAt).toBe(clock.now());
          last = message.id;
        }
        clock.advance(1);
      }
    });

    test('ids keep growing when the clock is set back', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const before = await send(store, group, 1);
      clock.advance(-60_000);
      const after = await send(store, group, 1);
      expect(after.id).toBeGreaterThan(before.id);
      expect(after.index).toBe(2);
    });

    test('a message is answered, read and paged the same, with every kind of content', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const contents: Content[] = [
        text('plain'),
        text('"quotes" \'n\' \\ %_ 🎉 \u{10FFFF} \u0001 line\nbreak'),
        { kind: 'photo', resource: { url: 'https://example.org/a.jpg' } },
        { kind: 'video', resource: { url: 'https://example.org/a.mp4', thumbnail: 'https://example.org/a.jpg' } },
        { kind: 'location', location: { latitude: -0.5, longitude: 179.999999 } },
        { kind: 'sticker', text: 'cat' },
        { kind: 'contact', text: 'Ada' },
        { kind: 'audio', resource: { url: 'a' } },
        { kind: 'gif', resource: { url: 'b' } },
        { kind: 'file', resource: { url: 'c' } },
      ];
      for (const content of contents) {
        const sent = await send(store, group, 1, { content });
        expect(sent).toEqual({
          id: sent.id,
          conversation: group.id,
          index: sent.index,
          sender: 1,
          content,
          state: 'sent',
          sentAt: sent.sentAt,
        });
        expect(await store.message(sent.id)).toEqual(sent);
        expect((await store.history({ conversation: group.id, limit: 1 })).messages).toEqual([sent]);
      }
    });
  });

  describe('batches', () => {
    test('an empty batch is answered with nothing', async () => {
      const { store } = await newWorld(subject);
      expect(await commit(store)).toEqual([]);
    });

    test('each operation answers for itself, in order; a refused one has no effect', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const wanted: Operation[] = [
        sending(group, 1, { content: text('one') }),
        sending({ ...group, version: group.version + 1 }, 1, { content: text('refused') }),
        { type: 'edit', message: 4_000, user: 1, content: text('refused'), origin: ORIGIN },
        sending(group, 2, { content: text('two') }),
        { type: 'recall', message: 4_000, user: 1, origin: ORIGIN },
        { type: 'cursor', cursor: 'read', conversation: group.id, user: 3, upTo: 0, countMembers: 1, origin: ORIGIN },
        sending(group, 1, { content: text('three') }),
      ];
      const outcomes = await store.commit(wanted);
      expect(outcomes.map(({ type }) => type)).toEqual([
        'append',
        'refused',
        'refused',
        'append',
        'refused',
        'refused',
        'append',
      ]);
      expect([1, 2, 4, 5].map((at) => reasonOf(outcomes[at]))).toEqual(['stale', 'not_found', 'not_found', 'not_found']);
      const stored = await wholeHistory(store, group.id);
      expect(stored.map(({ content }) => content?.text)).toEqual(['one', 'two', 'three']);
      expect((await store.events(0, 100)).map(({ type }) => type)).toEqual([
        'conversation.created',
        'message.sent',
        'message.sent',
        'message.sent',
      ]);
    });

    test('later operations of a batch see what earlier ones did', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2, 3]);
      const outcomes = await commit(
        store,
        changingMembers(group, { remove: [3] }),
        sending(group, 1),
        sending({ ...group, version: group.version + 1 }, 1),
      );
      expect(outcomes.map(({ type }) => type)).toEqual(['members', 'refused', 'append']);
      expect(reasonOf(outcomes[1])).toBe('stale');
    });

    test('a batch that fails is not stored, no part of it, and is not shown at any moment', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      await send(store, group, 1, { content: text('before') });
      const head = await store.head(group.id);
      const events = await store.events(0, 100);
      const impossible = creating([5, 5]);
      let settled = false;
      const failing = commit(
        store,
        sending(group, 1, { content: text('lost'), key: 'k', expiresAfter: 10 }),
        sendingTo(9, 1),
        moving(group.id),
        changingMembers(group, { add: [8], remove: [2] }),
        { type: 'user', namespace: 'elsewhere', id: 0, external: 'lost' },
        impossible,
      );
      const watched = failing.then(
        () => 'stored',
        () => 'failed',
      );
      void watched.finally(() => {
        settled = true;
      });
      for (let looks = 1; !settled; looks += 1) {
        expect(await store.head(group.id)).toEqual(head);
        if (looks % 20 === 0) await setImmediate();
      }
      expect(await watched).toBe('failed');
      expect(await store.head(group.id)).toEqual(head);
      expect((await wholeHistory(store, group.id)).map(({ content }) => content?.text)).toEqual(['before']);
      expect(await store.events(0, 100)).toEqual(events);
      expect(await store.privateHead(NAMESPACE, 1, 9)).toBeUndefined();
      expect(await store.membership(group.id, 8)).toBeUndefined();
      expect(await store.membership(group.id, 2)).toMatchObject({ readIndex: 0 });
      expect(await store.userByExternal('elsewhere', 'lost')).toBeUndefined();
      expect(await store.hasDueExpiry(Number.MAX_SAFE_INTEGER)).toBe(false);
    });

    test('after a batch that failed the next one goes on where the last good one ended', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const before = await sendMany(store, group, [1, 2], 130);
      for (let round = 0; round < 3; round += 1) {
        await expect(
          commit(store, ...Array.from({ length: 140 }, () => sending(group, 1)), creating([5, 5])),
        ).rejects.toBeInstanceOf(Error);
      }
      const next = await send(store, group, 2, { key: 'k', content: text('next') });
      expect(next.index).toBe(131);
      expect(next.id).toBeGreaterThan(before.at(-1)?.id ?? 0);
      expect((await wholeHistory(store, group.id)).map(({ index }) => index)).toEqual(
        Array.from({ length: 131 }, (_, at) => at + 1),
      );
      expect(await store.summary(group.id, 1)).toMatchObject({ unread: 66 });
      expect(await apply(store, sending(group, 2, { key: 'k', content: text('next') }))).toMatchObject({ duplicate: true });
    });
  });

  describe('stale decisions', () => {
    test('a send that was decided on an older version of the conversation is refused', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const { conversation } = await apply(store, changingMembers(group, { remove: [2] }));
      expect(conversation.version).toBeGreaterThan(group.version);
      expect(await refusal(store, sending(group, 1))).toBe('stale');
      expect((await send(store, conversation, 1)).index).toBe(1);
    });

    test('unless the sender is still one of those who may write, whatever else has moved', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2, 3, 4]);
      const promoted = await apply(store, changingMembers(group, { add: [{ user: 2, role: 'admin' }], remove: [3] }));
      const writers = ['owner', 'admin'] as const;
      const still = await apply(store, sending(group, 2, { writers }));
      expect(still).toMatchObject({ conversation: promoted.conversation, created: false, message: { index: 1, sender: 2 } });
      expect(await refusal(store, sending(group, 4, { writers }))).toBe('stale');
      expect(await refusal(store, sending(group, 3, { writers: ['owner', 'admin', 'member'] }))).toBe('stale');
      expect(await refusal(store, sending(group, 9, { writers }))).toBe('stale');
      expect((await apply(store, sending(group, 9, { writers: 'anyone' }))).message.index).toBe(2);
      expect(await refusal(store, sending({ id: 99, version: 0 }, 1, { writers: 'anyone' }))).toBe('stale');
    });

    test('so is a change of members', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2, 3]);
      await apply(store, changingMembers(group, { remove: [2] }));
      expect(await refusal(store, changingMembers(group, { remove: [3] }))).toBe('stale');
      expect(await store.memberCount(group.id)).toBe(2);
    });

    test('one that adds an owner or admin makes decisions stale that took them for a stranger', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      await apply(store, changingMembers(group, { add: [{ user: 5, role: 'owner' }] }));
      expect(await refusal(store, changingMembers(group, { remove: [5] }))).toBe('stale');
      expect(await refusal(store, changingMembers(group, { add: [5] }))).toBe('stale');
      expect(await store.membership(group.id, 5)).toMatchObject({ role: 'owner' });
    });

    test('what takes no right away leaves the version alone', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      await apply(store, changingMembers(group, { add: [2] }));
      await apply(store, { type: 'update', conversation: group.id, user: 1, name: 'Other', origin: ORIGIN });
      expect((await store.head(group.id))?.conversation.version).toBe(group.version);
    });

    test('a send to a conversation that is gone, or never was, is stale', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      await apply(store, { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN });
      expect(await refusal(store, sending(group, 1))).toBe('stale');
      expect(await refusal(store, sending({ id: 99, version: 0 }, 1))).toBe('stale');
      expect(await refusal(store, changingMembers({ id: 99, version: 0 }, { add: [2] }))).toBe('stale');
    });
  });

  describe('private conversations', () => {
    test('the first message makes it, with both users as members; it is found from both sides', async () => {
      const { store } = await newWorld(subject);
      const first = await sendTo(store, 1, 2);
      expect(first).toMatchObject({ created: true, duplicate: false, message: { index: 1, sender: 2 } });
      expect(first.conversation).toMatchObject({
        kind: 'private',
        peers: [1, 2],
        creator: 2,
        namespace: NAMESPACE,
        name: '',
        notice: '',
      });
      expect((await store.privateHead(NAMESPACE, 1, 2))?.conversation).toEqual(first.conversation);
      expect(await store.privateHead(NAMESPACE, 2, 1)).toEqual(await store.head(first.conversation.id));
      expect((await store.members(first.conversation.id, 0, 10)).map(({ user, role }) => [user, role])).toEqual([
        [1, 'member'],
        [2, 'member'],
      ]);
      expect(await store.privateHead(NAMESPACE, 1, 1)).toBeUndefined();
      expect(await store.privateHead(NAMESPACE, 1, 3)).toBeUndefined();
    });

    test.each([
      ['by the other user', sendingTo(2, 1)],
      ['by the same user', sendingTo(1, 2)],
    ])('it is made once: a second first message %s is stale', async (_, second) => {
      const { store } = await newWorld(subject);
      const [one, other] = await commit(store, sendingTo(1, 2), second);
      const { conversation } = succeeded(sendingTo(1, 2), one);
      expect(reasonOf(other)).toBe('stale');
      expect(await refusal(store, second)).toBe('stale');
      expect((await send(store, conversation, second.sender)).index).toBe(2);
      expect(await store.conversationsOf(NAMESPACE, 1)).toEqual([conversation.id]);
      expect(await store.conversationsOf(NAMESPACE, 2)).toEqual([conversation.id]);
    });

    test('both users may write first at once: one message makes it, the other goes into it', async () => {
      const { store } = await newWorld(subject);
      const writers = ['owner', 'admin', 'member'] as const;
      const mine = sendingTo(1, 2, { writers });
      const theirs = sendingTo(2, 1, { writers });
      const [one, other] = await commit(store, mine, theirs);
      const { conversation } = succeeded(mine, one);
      expect(succeeded(theirs, other)).toMatchObject({ created: false, conversation, message: { index: 2, sender: 1 } });
      expect(await store.conversationsOf(NAMESPACE, 1)).toEqual([conversation.id]);
    });

    test('a block in force at the commit is never passed over, on whatever the send was decided', async () => {
      const { store } = await newWorld(subject);
      const { conversation } = await sendTo(store, 1, 2);
      await apply(store, { type: 'block', namespace: NAMESPACE, user: 1, blocked: 2, active: true });
      for (const writers of [['owner', 'admin', 'member'], 'anyone'] as const) {
        expect(await refusal(store, sending(conversation, 2, { writers }))).toBe('stale');
        expect(await refusal(store, sendingTo(1, 2, { writers }))).toBe('stale');
      }
      expect((await apply(store, sending(conversation, 1, { writers: ['member'] }))).message.index).toBe(2);
    });

    test('a note to self has one member', async () => {
      const { store } = await newWorld(subject);
      const { conversation } = await sendTo(store, 5, 5);
      expect(conversation.peers).toEqual([5, 5]);
      expect(await store.memberCount(conversation.id)).toBe(1);
      expect((await store.privateHead(NAMESPACE, 5, 5))?.conversation.id).toBe(conversation.id);
      expect(await refusal(store, sendingTo(5, 5))).toBe('stale');
      expect((await store.summary(conversation.id, 5))?.unread).toBe(0);
    });

    test('it is not made against a block; a block by the sender does not hinder', async () => {
      const { store } = await newWorld(subject);
      await apply(store, { type: 'block', namespace: NAMESPACE, user: 1, blocked: 2, active: true });
      expect(await refusal(store, sendingTo(1, 2))).toBe('stale');
      expect(await store.privateHead(NAMESPACE, 1, 2)).toBeUndefined();
      expect((await sendTo(store, 2, 1)).created).toBe(true);
    });

    test('a block, and its end, make what was decided before stale', async () => {
      const { store } = await newWorld(subject);
      const { conversation } = await sendTo(store, 1, 2);
      const block = { type: 'block', namespace: NAMESPACE, user: 1, blocked: 2 } as const;
      const blocked = await apply(store, { ...block, active: true });
      expect(blocked).toMatchObject({ changed: true, conversation: { id: conversation.id } });
      expect(await refusal(store, sending(conversation, 2))).toBe('stale');
      const again = await apply(store, { ...block, active: true });
      expect(again).toMatchObject({ changed: false, conversation: blocked.conversation });
      const lifted = await apply(store, { ...block, active: false });
      expect(lifted.changed).toBe(true);
      expect(lifted.conversation?.version).toBeGreaterThan(blocked.conversation?.version ?? 0);
      expect(await store.blocks(NAMESPACE, 1)).toEqual([]);
    });
  });
}

function moving(conversation: number): Operation {
  return { type: 'cursor', cursor: 'read', conversation, user: 2, upTo: 0, countMembers: 1, origin: ORIGIN };
}

import { describe, expect, test } from 'vitest';
import { LISTED_KINDS, actorFor, openCore, refusalOf, text } from '../../../test/support/core.ts';
import type { TestCore } from '../../../test/support/core.ts';
import { placeOf } from '../events.ts';
import type { Actor, Id, Message } from '../model.ts';
import type { Resume } from './read-conversation.ts';

async function say(core: TestCore, user: Id, conversation: Id, value = 'x'): Promise<Message> {
  return (await core.chat.sendMessage(actorFor(user), { target: { conversation }, content: text(value) })).message;
}

function resume(core: TestCore, user: Id | Actor, rest: Partial<Resume> = {}) {
  return core.chat.resume(typeof user === 'number' ? actorFor(user) : user, { kinds: LISTED_KINDS, after: 0, ...rest });
}

describe('what is not the reader’s', () => {
  test('answers as missing, whatever is asked', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    await core.users(3);
    const message = await say(core, 1, group.id);
    const { conversation: pair } = await core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text('x') });
    const elsewhere = actorFor(1, { namespace: 'elsewhere' });
    const guest = actorFor(4, { role: 'guest' });
    for (const stranger of [actorFor(3), elsewhere, guest, actorFor(3, { role: 'operator' })]) {
      for (const conversation of [group.id, pair.id, 12_345]) {
        const attempts = [
          core.chat.readHistory(stranger, { conversation, limit: 5 }),
          core.chat.findConversation(stranger, { conversation }),
          core.chat.listMembers(stranger, conversation, 0, 10),
          core.chat.summarize(stranger, conversation),
          resume(core, stranger, { target: { conversation } }),
        ];
        expect(await Promise.all(attempts.map((attempt) => refusalOf(attempt)))).toEqual(attempts.map(() => 'not_found'));
      }
      expect(await refusalOf(core.chat.listRevisions(stranger, message.id))).toBe('not_found');
      expect((await resume(core, stranger)).entries).toEqual([]);
      expect(await core.chat.listConversations(stranger, 0, 10)).toEqual([]);
    }
  });

  test('a removed member reads nothing more, also in the middle of a resume', async () => {
    const core = await openCore({ limits: { maxPage: 2 } });
    const group = await core.group([1, 2]);
    for (let at = 0; at < 5; at += 1) await say(core, 1, group.id);
    const scoped = { target: { conversation: group.id } };
    const [whole, named] = [await resume(core, 2), await resume(core, 2, scoped)];
    expect([whole.more, named.more]).toEqual([true, true]);
    await core.chat.changeMembers(actorFor(1), group.id, { add: [], remove: [2] });
    expect((await resume(core, 2, { after: whole.next })).entries).toEqual([]);
    expect(await refusalOf(resume(core, 2, { ...scoped, after: named.next }))).toBe('not_found');
    expect(await refusalOf(core.chat.readHistory(actorFor(2), { conversation: group.id, limit: 5 }))).toBe('not_found');
  });
});

describe('history', () => {
  test('is read in pages of the limit at most, on one side at a time', async () => {
    const core = await openCore({ limits: { maxPage: 3 } });
    const group = await core.group([1]);
    const messages: Message[] = [];
    for (let at = 0; at < 5; at += 1) messages.push(await say(core, 1, group.id));
    const page = await core.chat.readHistory(actorFor(1), { conversation: group.id, limit: 100 });
    expect(page).toEqual({ messages: messages.slice(2), moreBefore: true, moreAfter: false });
    const first = messages[0]?.id ?? 0;
    expect(
      await refusalOf(core.chat.readHistory(actorFor(1), { conversation: group.id, before: first, after: first, limit: 1 })),
    ).toBe('invalid_argument');
  });

  test('of a room is everybody’s', async () => {
    const core = await openCore();
    const room = await core.room(1);
    const message = await say(core, 1, room.id);
    const guest = actorFor(4, { role: 'guest' });
    expect((await core.chat.readHistory(guest, { conversation: room.id, limit: 5 })).messages).toEqual([message]);
    expect(await refusalOf(core.chat.summarize(guest, room.id))).toBe('not_found');
  });

  test('is a back end’s in its namespace', async () => {
    const core = await openCore();
    const group = await core.group([1]);
    const message = await say(core, 1, group.id);
    expect((await core.chat.readHistory(actorFor(0, { server: true }), { conversation: group.id, limit: 5 })).messages).toEqual([
      message,
    ]);
    expect(
      await refusalOf(
        core.chat.readHistory(actorFor(0, { server: true, namespace: 'elsewhere' }), { conversation: group.id, limit: 5 }),
      ),
    ).toBe('not_found');
  });
});

describe('resume', () => {
  test('is of all the reader’s conversations of the kinds, or of one', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const channel = await core.group([1, 2], 'channel');
    const [one, two] = [await say(core, 1, group.id), await say(core, 1, channel.id)];
    const { message: three, conversation: pair } = await core.chat.sendMessage(actorFor(1), {
      target: { peer: 2 },
      content: text('x'),
    });
    const places = async (rest: Partial<Resume>) => (await resume(core, 2, rest)).entries.map(placeOf);
    expect(await places({})).toEqual([one.id, two.id, three.id]);
    expect(await places({ kinds: ['channel'] })).toEqual([two.id]);
    expect(await places({ after: one.id })).toEqual([two.id, three.id]);
    expect(await places({ target: { conversation: group.id } })).toEqual([one.id]);
    expect(await places({ target: { peer: 1 } })).toEqual([three.id]);
    expect(await places({ target: { conversation: pair.id } })).toEqual([three.id]);
    expect(await refusalOf(resume(core, 2, { kinds: ['channel'], target: { conversation: group.id } }))).toBe('not_found');
  });

  test('with a user one has not spoken with is empty, with one who is not there missing', async () => {
    const core = await openCore();
    await core.users(1, 2);
    expect((await resume(core, 1, { target: { peer: 2 } })).entries).toEqual([]);
    expect(await refusalOf(resume(core, 1, { target: { peer: 12_345 } }))).toBe('not_found');
  });

  test('of rooms is of those that are named, and of nothing that is no room of the namespace', async () => {
    const core = await openCore();
    const [room, other, group] = [await core.room(1), await core.room(1), await core.group([1])];
    const message = await say(core, 1, room.id);
    for (const { id } of [other, group]) await say(core, 1, id);
    const { conversation: pair } = await core.chat.sendMessage(actorFor(1), { target: { peer: 1 }, content: text('secret') });
    const rooms = [room.id, group.id, pair.id, 12_345];
    const stranger = actorFor(3, { role: 'guest' });
    expect((await resume(core, stranger, { kinds: ['room'], rooms })).entries.map(placeOf)).toEqual([message.id]);
    expect((await resume(core, stranger, { kinds: ['room'] })).entries).toEqual([]);
    expect((await resume(core, actorFor(3, { namespace: 'elsewhere' }), { kinds: ['room'], rooms })).entries).toEqual([]);
  });

  test.each([
    ['group', 3, true],
    ['group', 4, false],
    ['channel', 2, false],
  ] as const)('in a %s of %i tells who has read what: %s; one’s own cursor always', async (kind, size, told) => {
    const core = await openCore({ limits: { smallGroup: 3 } });
    const group = await core.group(
      Array.from({ length: size }, (_, at) => at + 1),
      kind,
    );
    await say(core, 1, group.id);
    for (const user of [1, 2]) await core.chat.moveCursor(actorFor(user), 'read', { conversation: group.id }, 0);
    const readers = async (user: Id) =>
      (await resume(core, user)).entries.flatMap((entry) => (entry.type === 'read' ? [entry.user] : []));
    expect(await readers(1)).toEqual(told ? [1, 2] : [1]);
    expect(await readers(2)).toEqual(told ? [1, 2] : [2]);
  });

  test('goes on past receipts that are not told', async () => {
    const core = await openCore({ limits: { smallGroup: 1, maxPage: 2 } });
    const group = await core.group([1, 2]);
    const sent: Id[] = [];
    for (let at = 0; at < 4; at += 1) {
      sent.push((await say(core, 1, group.id)).id);
      await core.chat.moveCursor(actorFor(2), 'read', { conversation: group.id }, 0);
    }
    const found: Id[] = [];
    let pages = 0;
    for (let after = 0, more = true; more; pages += 1) {
      const page = await resume(core, 1, { after });
      found.push(...page.entries.map(placeOf));
      ({ next: after, more } = page);
    }
    expect([found, pages]).toEqual([sent, 4]);
  });
});

describe('lists', () => {
  test('show the most recently active first, a page at a time', async () => {
    const core = await openCore({ limits: { maxPage: 2 } });
    const groups = [await core.group([1, 2]), await core.group([1, 2]), await core.group([1, 2])];
    await say(core, 1, groups[0]?.id ?? 0);
    const page = await core.chat.listConversations(actorFor(2), 0, 100);
    expect(page.map(({ head }) => head.conversation.id)).toEqual([groups[0]?.id, groups[2]?.id]);
    const next = await core.chat.listConversations(actorFor(2), groups[2]?.id ?? 0, 100);
    expect(next.map(({ head }) => head.conversation.id)).toEqual([groups[1]?.id]);
  });

  test('come with who is in each conversation, and say where the next page begins', async () => {
    const core = await openCore();
    const made: Id[] = [];
    for (let at = 0; at < 60; at += 1) made.push((await core.group([1, 2, 3])).id);
    const order = made.toReversed();
    const first = await core.chat.listWithRosters(actorFor(2), { before: 0, limit: 40, members: 2 });
    expect(first.conversations.map(({ summary }) => summary.head.conversation.id)).toEqual(order.slice(0, 40));
    for (const { summary, roster } of first.conversations) {
      expect(roster).toMatchObject({ conversation: summary.head.conversation.id, more: true });
      expect(roster.members.map(({ user }) => user.id)).toEqual([1, 2]);
    }
    expect(first.next).toBe(order[39]);
    const last = await core.chat.listWithRosters(actorFor(2), { before: first.next ?? 0, limit: 40, members: 2 });
    expect(last.conversations.map(({ summary }) => summary.head.conversation.id)).toEqual(order.slice(40));
    expect(last).not.toHaveProperty('next');
  });

  test('leave out what the actor is removed from while they are read', async () => {
    let removing = async (): Promise<unknown> => undefined;
    const core = await openCore({
      around: (store) => ({
        ...store,
        async rosters(...asked) {
          await removing();
          return store.rosters(...asked);
        },
      }),
    });
    const [kept, left] = [await core.group([1, 2]), await core.group([1, 2])];
    removing = () => core.chat.changeMembers(actorFor(1), left.id, { add: [], remove: [2] });
    const { conversations } = await core.chat.listWithRosters(actorFor(2), { before: 0, limit: 10, members: 1 });
    expect(conversations.map(({ summary }) => summary.head.conversation.id)).toEqual([kept.id]);
  });

  test('name the members in pages', async () => {
    const core = await openCore({ limits: { maxMemberChange: 2 } });
    const group = await core.group([1, 2, 3]);
    const users = async (after: Id) => (await core.chat.listMembers(actorFor(2), group.id, after, 100)).map(({ user }) => user);
    expect([await users(0), await users(2), await users(3)]).toEqual([[1, 2], [3], []]);
  });
});

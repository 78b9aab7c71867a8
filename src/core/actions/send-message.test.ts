import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, text, textsIn, typesIn } from '../../../test/support/core.ts';
import type { TestCore } from '../../../test/support/core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Id } from '../model.ts';
import type { SendMessage } from './send-message.ts';

/** Sends a text, and whatever else is asked for. */
function say({ chat }: TestCore, user: Id | Actor, target: SendMessage['target'], rest: Partial<SendMessage> = {}) {
  return chat.sendMessage(typeof user === 'number' ? actorFor(user) : user, { target, content: text('hello'), ...rest });
}

/** Starts a change and resolves when it waits for its commit: what is sent now comes after it in the same batch. */
async function queued<T>(core: TestCore, change: Promise<T>): Promise<{ change: Promise<T> }> {
  while (core.chat.core.committer.depth === 0) await Promise.resolve();
  return { change };
}

describe('sending', () => {
  test('stores and tells everybody but the sending session', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const [mine, alsoMine, theirs] = [await core.connect(1), await core.connect(1), await core.connect(2)];
    const { message, duplicate } = await say(core, mine.actor, { conversation: group.id });
    expect(duplicate).toBe(false);
    expect(await core.store.message(message.id)).toEqual(message);
    expect([mine, alsoMine, theirs].map(({ heard }) => typesIn(heard))).toEqual([[], ['message'], ['message']]);
    expect(theirs.heard[0]).toEqual({ type: 'message', conversation: group, message, senderName: 'User 1', from: mine.id });
    expect(core.measured).toContain('sent test');
  });

  test('names who goes by a sign-in name by it, whatever they call themselves', async () => {
    const core = await openCore();
    const { id } = await core.chat.register({ namespace: 'default', username: 'Mallory', password: 'correct horse' });
    await core.users(2);
    const theirs = await core.connect(2);
    await core.chat.changeProfile(actorFor(id), { name: 'User 2' });
    await say(core, id, { peer: 2 });
    await core.chat.setTyping(actorFor(id), { peer: 2 }, true);
    expect(theirs.heard.slice(1)).toMatchObject([
      { type: 'message', senderName: 'mallory', senderDisplayName: 'User 2' },
      { type: 'typing', name: 'mallory' },
    ]);
  });

  test('keeps the order of calls that were prepared', async () => {
    const core = await openCore();
    const group = await core.group([1]);
    await core.users(2);
    const actor = actorFor(1);
    const target = { conversation: group.id };
    let prepared = await core.chat.prepareSend(actor, target);
    const sends: Promise<unknown>[] = [];
    for (let at = 0; at < 50; at += 1) {
      sends.push(core.chat.sendMessage(actor, { target, content: text(`${at}`) }, prepared));
      const next = core.chat.prepareSend(actor, target);
      // Everything is in memory by now: there is nothing to wait for.
      expect(next).not.toBeInstanceOf(Promise);
      prepared = await next;
    }
    await Promise.all(sends);
    const { messages } = await core.store.history({ conversation: group.id, limit: 100 });
    expect(messages.map(({ content }) => content?.text)).toEqual(Array.from({ length: 50 }, (_, at) => `${at}`));
  });

  test.each<[string, Partial<SendMessage>, string]>([
    ['no text', { content: text('') }, 'invalid_argument'],
    ['too much text', { content: text('x'.repeat(65_537)) }, 'too_large'],
    ['an empty key', { key: '' }, 'invalid_argument'],
    ['a long key', { key: 'x'.repeat(129) }, 'invalid_argument'],
    ['a key with NUL', { key: 'a\0' }, 'invalid_argument'],
    ['expiry at once', { expiresAfter: 0 }, 'invalid_argument'],
    ['expiry before', { expiresAfter: -1 }, 'invalid_argument'],
    ['expiry never', { expiresAfter: Infinity }, 'invalid_argument'],
    ['expiry of no number', { expiresAfter: Number.NaN }, 'invalid_argument'],
  ])('with %s is refused', async (_, rest, code) => {
    const core = await openCore();
    const group = await core.group([1]);
    expect(await refusalOf(say(core, 1, { conversation: group.id }, rest))).toBe(code);
    expect((await core.store.head(group.id))?.lastIndex).toBe(0);
  });

  test('what is wrong in itself costs nothing of the rate', async () => {
    const core = await openCore({ limits: { rate: { messages: 1, window: 1_000 } } });
    const group = await core.group([1]);
    expect(await refusalOf(say(core, 1, { conversation: group.id }, { content: text('') }))).toBe('invalid_argument');
    expect(await refusalOf(say(core, 1, { conversation: group.id }))).toBe('not refused');
  });

  test('too fast is refused with the wait, over all conversations; back ends are not counted', async () => {
    const core = await openCore({ limits: { rate: { messages: 2, window: 1_000 } } });
    const group = await core.group([1, 2]);
    await say(core, 1, { conversation: group.id });
    await say(core, 1, { peer: 2 });
    const refused = await say(core, 1, { conversation: group.id }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ChatError);
    expect(refused).toMatchObject({ code: 'rate_limited', retryAfter: 500 });
    for (let at = 0; at < 5; at += 1) await say(core, actorFor(1, { server: true }), { conversation: group.id });
    core.clock.advance(500);
    await say(core, 1, { conversation: group.id });
    expect((await core.store.head(group.id))?.lastIndex).toBe(7);
  });

  test('to what is missing, foreign, or of another kind than asked for answers as missing', async () => {
    const core = await openCore();
    const group = await core.group([1]);
    await core.users(2);
    const missing = ['not_found', 'not_found', 'not_found', 'not_found', 'not_found'];
    const attempts = [
      say(core, 2, { conversation: group.id }),
      say(core, 2, { conversation: 12_345 }),
      say(core, 2, { peer: 12_345 }),
      say(core, actorFor(1, { namespace: 'elsewhere' }), { conversation: group.id }),
      say(core, 1, { conversation: group.id }, { kinds: ['channel'] }),
    ];
    expect(await Promise.all(attempts.map((attempt) => refusalOf(attempt)))).toEqual(missing);
    expect(await refusalOf(say(core, 1, { conversation: group.id }, { kinds: ['group'] }))).toBe('not refused');
  });
});

describe('sending to a user', () => {
  test('makes the private conversation with the first message, heard by both', async () => {
    const core = await openCore();
    await core.users(1, 2);
    const [mine, theirs] = [await core.connect(1), await core.connect(2)];
    const { conversation, created } = await say(core, mine.actor, { peer: 2 });
    expect(created).toBe(true);
    expect([mine, theirs].map(({ heard }) => typesIn(heard))).toEqual([['conversation'], ['conversation', 'message']]);
    const answer = await say(core, theirs.actor, { peer: 1 });
    expect(answer).toMatchObject({ created: false, conversation: { id: conversation.id }, message: { index: 2 } });
    expect(typesIn(mine.take())).toEqual(['conversation', 'message']);
  });

  test('at once from both sides makes one conversation and loses neither', async () => {
    for (const first of [1, 2]) {
      const core = await openCore();
      await core.users(1, 2);
      const answers = await Promise.all([
        say(core, first, { peer: 3 - first }),
        say(core, 3 - first, { peer: first }),
        say(core, 1, { peer: 2 }),
      ]);
      expect(new Set(answers.map(({ conversation }) => conversation.id)).size).toBe(1);
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
      expect(answers.map(({ message }) => message.index).toSorted()).toEqual([1, 2, 3]);
    }
  });

  test('who has blocked the sender is refused, before and after the first message, and at once', async () => {
    const core = await openCore();
    await core.users(1, 2, 3);
    await core.chat.setBlock(actorFor(1), 2, true);
    expect(await refusalOf(say(core, 2, { peer: 1 }))).toBe('permission_denied');
    expect(await refusalOf(say(core, 1, { peer: 2 }))).toBe('not refused');
    const { conversation } = await say(core, 3, { peer: 1 });
    await say(core, 1, { conversation: conversation.id });
    const { change } = await queued(core, core.chat.setBlock(actorFor(1), 3, true));
    expect(await refusalOf(say(core, 3, { conversation: conversation.id }))).toBe('permission_denied');
    await change;
    expect(await refusalOf(say(core, 3, { conversation: conversation.id }))).toBe('permission_denied');
    await core.chat.setBlock(actorFor(1), 3, false);
    expect(await refusalOf(say(core, 3, { conversation: conversation.id }))).toBe('not refused');
    expect((await core.store.head(conversation.id))?.lastIndex).toBe(3);
  });

  test('oneself is a note', async () => {
    const core = await openCore();
    await core.users(1);
    const { conversation } = await say(core, 1, { peer: 1 });
    expect(conversation.peers).toEqual([1, 1]);
    expect((await say(core, 1, { peer: 1 })).message.index).toBe(2);
  });
});

describe('a send that overlaps a change of rights', () => {
  test('by a member who is being removed is refused from the commit on', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    await say(core, 2, { conversation: group.id });
    const before = say(core, 2, { conversation: group.id }, { content: text('before') });
    const { change } = await queued(core, core.chat.changeMembers(actorFor(1), group.id, { add: [], remove: [2] }));
    while (core.chat.core.committer.depth < 2) await Promise.resolve();
    expect(await refusalOf(say(core, 2, { conversation: group.id }, { content: text('after') }))).toBe('not_found');
    await Promise.all([before, change]);
    const stored = (await core.store.history({ conversation: group.id, limit: 10 })).messages.map(({ content }) => content?.text);
    expect(stored).toEqual(['hello', 'before']);
    expect(await refusalOf(say(core, 2, { conversation: group.id }))).toBe('not_found');
  });

  test('by an admin who loses the role in a channel is refused, by others it is not', async () => {
    const core = await openCore();
    const channel = await core.group([1, 2], 'channel');
    await core.chat.changeMembers(actorFor(1), channel.id, { add: [{ user: 2, role: 'admin' }], remove: [] });
    await say(core, 2, { conversation: channel.id });
    const demotion = core.chat.changeMembers(actorFor(1), channel.id, { add: [{ user: 2, role: 'member' }], remove: [] });
    const { change } = await queued(core, demotion);
    const [demoted, owner] = await Promise.all([
      refusalOf(say(core, 2, { conversation: channel.id })),
      refusalOf(say(core, 1, { conversation: channel.id })),
    ]);
    await change;
    expect([demoted, owner]).toEqual(['permission_denied', 'not refused']);
  });

  test('to a conversation that is being deleted is refused as missing', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    await say(core, 2, { conversation: group.id });
    const { change } = await queued(core, core.chat.deleteConversation(actorFor(1), group.id));
    expect(await refusalOf(say(core, 2, { conversation: group.id }))).toBe('not_found');
    await change;
  });

  test('is given up when the ground never holds still', async () => {
    let commits = 0;
    const core = await openCore({
      around: (store) => ({
        ...store,
        async commit(operations) {
          if (operations[0]?.type !== 'append') return store.commit(operations);
          commits += 1;
          return operations.map(() => ({ type: 'refused', reason: 'stale' }) as const);
        },
      }),
    });
    const group = await core.group([1]);
    expect(await refusalOf(say(core, 1, { conversation: group.id }))).toBe('unavailable');
    expect(commits).toBe(5);
  });
});

describe('a repeated send', () => {
  test('is one message, told once, and answered the same', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const session = await core.connect(2);
    const keyed = { key: 'k', content: text('once') };
    const answers = await Promise.all([1, 2, 3].map(() => say(core, 1, { conversation: group.id }, keyed)));
    answers.push(await say(core, 1, { conversation: group.id }, keyed));
    expect(answers.map(({ duplicate }) => duplicate)).toEqual([false, true, true, true]);
    expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1);
    expect(textsIn(session.heard)).toEqual(['once']);
    expect(await refusalOf(say(core, 1, { conversation: group.id }, { ...keyed, content: text('other') }))).toBe(
      'already_exists',
    );
    const fresh = await say(core, 1, { conversation: group.id }, { ...keyed, content: text('other'), keyReuse: 'new' });
    expect(fresh.message.index).toBe(2);
  });
});

describe('who may send', () => {
  test('to a room: everybody signed in, member or not, but no guest', async () => {
    const core = await openCore();
    const room = await core.room(1);
    await core.users(2);
    const listener = await core.connect(3);
    await core.chat.enterRoom(listener, room.id);
    await say(core, 2, { conversation: room.id });
    expect(textsIn(listener.heard)).toEqual(['hello']);
    expect(await refusalOf(say(core, actorFor(4, { role: 'guest' }), { conversation: room.id }))).toBe('permission_denied');
  });

  test('a guest learns nothing of what is not theirs', async () => {
    const core = await openCore();
    const group = await core.group([1]);
    const guest = actorFor(4, { role: 'guest' });
    expect(await refusalOf(say(core, guest, { conversation: group.id }))).toBe(
      await refusalOf(say(core, guest, { conversation: 12_345 })),
    );
  });

  test('overload is refused clearly, and nothing of it is stored', async () => {
    const core = await openCore({ commits: { maxBatch: 10, maxWaiting: 20 } });
    const group = await core.group([1]);
    await say(core, 1, { conversation: group.id });
    const answers = await Promise.all(Array.from({ length: 50 }, () => refusalOf(say(core, 1, { conversation: group.id }))));
    const accepted = answers.filter((answer) => answer === 'not refused').length;
    expect(accepted).toBe(20);
    expect(answers.filter((answer) => answer === 'unavailable')).toHaveLength(30);
    expect((await core.store.head(group.id))?.lastIndex).toBe(accepted + 1);
  });
});

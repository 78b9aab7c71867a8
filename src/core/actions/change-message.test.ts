import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, text } from '../../../test/support/core.ts';
import type { TestCore } from '../../../test/support/core.ts';
import type { Content, Conversation, Id } from '../model.ts';

async function sent(core: TestCore, group: Conversation, user = 1): Promise<Id> {
  const { message } = await core.chat.sendMessage(actorFor(user), { target: { conversation: group.id }, content: text('first') });
  return message.id;
}

describe('editing', () => {
  test('replaces the content for everybody and keeps the old one as a revision', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const id = await sent(core, group);
    const session = await core.connect(2);
    const mine = await core.connect(1);
    const { message } = await core.chat.editMessage(mine.actor, id, text('second'));
    expect(session.heard).toMatchObject([{ type: 'change', change: 'edited', user: 1, from: mine.id, message }]);
    expect(mine.heard).toEqual([]);
    expect((await core.chat.listRevisions(actorFor(2), id)).map(({ content }) => content.text)).toEqual(['first']);
    await core.chat.editMessage(actorFor(1), id, text('second'));
    expect(session.heard).toHaveLength(1);
  });

  test('is for the sender alone, while a member', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    await core.users(3);
    const id = await sent(core, group, 2);
    expect(await refusalOf(core.chat.editMessage(actorFor(1), id, text('x')))).toBe('permission_denied');
    expect(await refusalOf(core.chat.editMessage(actorFor(3), id, text('x')))).toBe('not_found');
    expect(await refusalOf(core.chat.editMessage(actorFor(2, { namespace: 'elsewhere' }), id, text('x')))).toBe('not_found');
    expect(await refusalOf(core.chat.editMessage(actorFor(2), 12_345, text('x')))).toBe('not_found');
    await core.chat.leaveConversation(actorFor(2), group.id);
    expect(await refusalOf(core.chat.editMessage(actorFor(2), id, text('x')))).toBe('not_found');
    expect(await refusalOf(core.chat.recallMessage(actorFor(2), id))).toBe('not_found');
    expect(await refusalOf(core.chat.editMessage(actorFor(0, { server: true }), id, text('x')))).toBe('not refused');
  });

  test('takes the right to send: a blocked user, a demoted admin and a guest take back, and say nothing new', async () => {
    const core = await openCore();
    await core.users(1, 2);
    const { message: hello, conversation } = await core.chat.sendMessage(actorFor(1), {
      target: { peer: 2 },
      content: text('hi'),
    });
    await core.chat.setBlock(actorFor(2), 1, true);
    const channel = await core.group([2, 1], 'channel');
    await core.chat.changeMembers(actorFor(2), channel.id, { add: [{ user: 1, role: 'admin' }], remove: [] });
    const news = await sent(core, channel);
    await core.chat.changeMembers(actorFor(2), channel.id, { add: [{ user: 1, role: 'member' }], remove: [] });
    const room = await sent(core, await core.room(1));
    for (const [actor, id] of [
      [actorFor(1), hello.id],
      [actorFor(1), news],
      [actorFor(1, { role: 'guest' }), room],
    ] as const) {
      expect(await refusalOf(core.chat.editMessage(actor, id, text('and another thing')))).toBe('permission_denied');
      expect((await core.chat.recallMessage(actor, id)).changed).toBe(true);
    }
    expect((await core.store.history({ conversation: conversation.id, limit: 9 })).messages).toMatchObject([
      { state: 'recalled' },
    ]);
  });

  test('that overlaps the loss of the right is refused from the commit on', async () => {
    const core = await openCore();
    await core.users(1, 2);
    const { message } = await core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text('hi') });
    const block = { type: 'block', namespace: 'default', user: 2, blocked: 1, active: true } as const;
    // Decided while the block waits for its commit, in the same batch.
    const blocked = core.chat.core.committer.commit(block);
    expect(await refusalOf(core.chat.editMessage(actorFor(1), message.id, text('late')))).toBe('permission_denied');
    await blocked;
    expect(await core.store.message(message.id)).toEqual(message);
  });

  test('is given up when the ground never holds still', async () => {
    const core = await openCore({
      around: (store) => ({
        ...store,
        commit: async (operations) =>
          operations[0]?.type === 'edit'
            ? operations.map(() => ({ type: 'refused', reason: 'stale' }) as const)
            : store.commit(operations),
      }),
    });
    const id = await sent(core, await core.group([1]));
    expect(await refusalOf(core.chat.editMessage(actorFor(1), id, text('x')))).toBe('unavailable');
  });

  test('takes of the same rate as sending, and keeps so many revisions', async () => {
    const core = await openCore({ limits: { rate: { messages: 3, window: 1_000 }, maxRevisions: 2 } });
    const group = await core.group([1]);
    const id = await sent(core, group);
    const edit = (value: string) => refusalOf(core.chat.editMessage(actorFor(1), id, text(value)));
    expect([await edit('second'), await edit('third'), await edit('fourth')]).toEqual([
      'not refused',
      'not refused',
      'rate_limited',
    ]);
    core.clock.advance(1_000);
    expect([await edit('fifth'), await edit('sixth')]).toEqual(['not refused', 'not refused']);
    expect((await core.chat.listRevisions(actorFor(1), id)).map(({ content }) => content.text)).toEqual(['third', 'fifth']);
    const [third] = await core.chat.listRevisions(actorFor(1), id, group.id, { limit: 1 });
    const rest = await core.chat.listRevisions(actorFor(1), id, group.id, { after: third?.replacedAt ?? 0 });
    expect(rest.map(({ content }) => content.text)).toEqual(['fifth']);
  });

  test('finds the message in the conversation it was named with only', async () => {
    const core = await openCore();
    const [group, other] = [await core.group([1]), await core.group([1])];
    const id = await sent(core, group);
    for (const actor of [actorFor(1), actorFor(0, { server: true })]) {
      expect(await refusalOf(core.chat.editMessage(actor, id, text('x'), other.id))).toBe('not_found');
      expect(await refusalOf(core.chat.recallMessage(actor, id, other.id))).toBe('not_found');
      expect(await refusalOf(core.chat.listRevisions(actor, id, other.id))).toBe('not_found');
    }
    expect(await core.chat.listRevisions(actorFor(1), id, group.id)).toEqual([]);
    expect(await refusalOf(core.chat.editMessage(actorFor(1), id, text('x'), group.id))).toBe('not refused');
    expect(await refusalOf(core.chat.recallMessage(actorFor(1), id, group.id))).toBe('not refused');
  });

  test('of the words alone leaves a file its own, and takes a caption away when there are none', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const resource = { url: 'https://example.com/a.png', name: 'a.png' };
    const send = async (content: Content): Promise<Id> =>
      (await core.chat.sendMessage(actorFor(1), { target: { conversation: group.id }, content })).message.id;
    const edit = async (id: Id, words: string) => (await core.chat.editText(actorFor(1), id, words)).message.content;
    const photo = await send({ kind: 'photo', resource });
    expect(await edit(photo, 'Кот')).toEqual({ kind: 'photo', resource, text: 'Кот' });
    expect(await edit(photo, '')).toEqual({ kind: 'photo', resource });
    const words = await send(text('first'));
    expect(await edit(words, 'second')).toEqual(text('second'));
    expect(await refusalOf(edit(words, ''))).toBe('invalid_argument');
    const place = await send({ kind: 'location', location: { latitude: 1, longitude: 2 } });
    expect(await refusalOf(edit(place, 'here'))).toBe('failed_precondition');
    expect(await refusalOf(core.chat.editText(actorFor(2), words, 'x'))).toBe('permission_denied');
    await core.chat.recallMessage(actorFor(1), words);
    expect(await refusalOf(edit(words, 'x'))).toBe('failed_precondition');
  });

  test('keeps to the rules of content, and to the kind', async () => {
    const core = await openCore();
    const id = await sent(core, await core.group([1]));
    expect(await refusalOf(core.chat.editMessage(actorFor(1), id, text('')))).toBe('invalid_argument');
    expect(
      await refusalOf(core.chat.editMessage(actorFor(1), id, { kind: 'photo', resource: { url: 'https://example.com/u' } })),
    ).toBe('failed_precondition');
  });

  test('ends with its window, and with the message', async () => {
    const core = await openCore({ limits: { editWindow: 1_000 } });
    const group = await core.group([1]);
    const [late, recalled] = [await sent(core, group), await sent(core, group)];
    await core.chat.recallMessage(actorFor(1), recalled);
    expect(await refusalOf(core.chat.editMessage(actorFor(1), recalled, text('x')))).toBe('failed_precondition');
    core.clock.advance(1_000);
    expect(await refusalOf(core.chat.editMessage(actorFor(1), late, text('x')))).toBe('not refused');
    core.clock.advance(1);
    expect(await refusalOf(core.chat.editMessage(actorFor(1), late, text('y')))).toBe('failed_precondition');
    expect(await refusalOf(core.chat.editMessage(actorFor(1, { server: true }), late, text('y')))).toBe('not refused');
  });

  test('without a window is always possible', async () => {
    const core = await openCore();
    const id = await sent(core, await core.group([1]));
    core.clock.advance(1e10);
    expect(await refusalOf(core.chat.editMessage(actorFor(1), id, text('x')))).toBe('not refused');
  });
});

describe('recalling', () => {
  test('takes the content from everybody, and its revisions', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const id = await sent(core, group);
    await core.chat.editMessage(actorFor(1), id, text('second'));
    const session = await core.connect(2);
    const { message } = await core.chat.recallMessage(actorFor(1), id);
    expect(message).toMatchObject({ id, state: 'recalled' });
    expect(message).not.toHaveProperty('content');
    expect(session.heard).toMatchObject([{ type: 'change', change: 'recalled', message }]);
    expect(await core.chat.listRevisions(actorFor(2), id)).toEqual([]);
    expect((await core.chat.readHistory(actorFor(2), { conversation: group.id, limit: 5 })).messages).toEqual([message]);
  });

  test('ends with its window; again it answers the same, told once, even later', async () => {
    const core = await openCore({ limits: { recallWindow: 1_000 } });
    const group = await core.group([1, 2]);
    const [first, second] = [await sent(core, group), await sent(core, group)];
    const session = await core.connect(2);
    core.clock.advance(1_000);
    const answer = await core.chat.recallMessage(actorFor(1), first);
    core.clock.advance(1);
    expect(await refusalOf(core.chat.recallMessage(actorFor(1), second))).toBe('failed_precondition');
    core.clock.advance(1_000_000);
    expect(await core.chat.recallMessage(actorFor(1), first)).toMatchObject({ changed: false, message: answer.message });
    expect(session.heard).toHaveLength(1);
    expect(await refusalOf(core.chat.recallMessage(actorFor(1, { server: true }), second))).toBe('not refused');
  });
});

/** A chat that is opened again: by its client’s next message, to the operator who had it, in one step; by operators, one of them. */
import { describe, expect, test } from 'vitest';
import { ANN, BEN, ann, ben, backEnd, client, newsIn, openDesk } from '../../../test/support/desk.ts';
import type { TestDesk } from '../../../test/support/desk.ts';
import type { Id } from '../index.ts';

/** A chat that Ann has had and closed. */
async function closedByAnn(core: TestDesk): Promise<Id> {
  const id = await core.waiting();
  await core.say(ann, id, 'Yes?');
  await core.desk.close(ann, { conversation: id });
  return id;
}

const chatOf = async ({ desk }: TestDesk, conversation: Id) => (await desk.findChat(backEnd, { conversation })).scene.chat;

describe('a message of its client in a closed chat', () => {
  test('brings it back to the operator who had it, and nobody ever hears that it is nobody’s', async () => {
    const core = await openDesk();
    const id = await closedByAnn(core);
    const boards = [await core.attend(ANN), await core.attend(BEN)];
    await core.say(client, id, 'One more thing');
    for (const board of boards) {
      const heard = board.heard.flatMap((one) => {
        const scene =
          one.type === 'message' ? one.scene : one.type === 'desk' && one.news.kind === 'chat' ? one.news.scene : undefined;
        return scene === undefined ? [] : [[one.type, scene.chat.status, scene.chat.operator]];
      });
      expect(heard).toEqual([
        ['message', 'open', ANN],
        ['desk', 'open', ANN],
      ]);
    }
    expect(await chatOf(core, id)).toMatchObject({ status: 'open', operator: ANN, unread: true });
    const facts = (await core.store.events(0, 100)).map(({ type }) => type).filter((type) => type.startsWith('chat.'));
    expect(facts).toEqual(['chat.queued', 'chat.taken', 'chat.closed', 'chat.taken']);
  });

  test('cannot be taken by another in between', async () => {
    const core = await openDesk();
    const id = await closedByAnn(core);
    await core.attend(ANN);
    const [, taken] = await Promise.allSettled([core.say(client, id, 'One more'), core.desk.take(ben, { conversation: id })]);
    expect(taken).toMatchObject({
      status: 'rejected',
      reason: { code: 'failed_precondition', fields: { operator: String(ANN) } },
    });
    expect((await chatOf(core, id)).operator).toBe(ANN);
  });

  test.each<[string, (core: TestDesk, id: Id) => Promise<unknown>]>([
    ['is not there', async () => undefined],
    [
      'takes no new chats',
      async (core) => {
        await core.attend(ANN);
        return core.desk.saveProfile(ann, ANN, { available: false });
      },
    ],
    [
      'has no room',
      async (core) => {
        await core.attend(ANN);
        return core.desk.saveProfile(ann, ANN, { capacity: 0 });
      },
    ],
    [
      'serves the widget no longer',
      async (core) => {
        await core.attend(ANN);
        return core.desk.saveProfile(backEnd, ANN, { sources: ['shop'] });
      },
    ],
    [
      'was taken out of it',
      async (core, id) => {
        await core.attend(ANN);
        return core.chat.changeMembers(backEnd, id, { add: [], remove: [ANN] });
      },
    ],
  ])('puts it into the queue where that operator %s', async (_, away) => {
    const core = await openDesk();
    const id = await closedByAnn(core);
    await away(core, id);
    await core.say(client, id, 'One more thing');
    expect(await chatOf(core, id)).toMatchObject({ status: 'new', operator: 0, lastOperator: ANN });
  });

  test('and the client’s own reopening do the same', async () => {
    const core = await openDesk();
    const id = await closedByAnn(core);
    const board = await core.attend(ANN);
    expect((await core.desk.reopen(client, { conversation: id })).scene.chat).toMatchObject({ status: 'open', operator: ANN });
    expect(newsIn(board.heard, 'chat').map(({ scene }) => [scene.chat.status, scene.chat.operator])).toEqual([['open', ANN]]);
  });
});

describe('operators who open a chat again', () => {
  test('at the same time: one has it, the other is told who', async () => {
    const core = await openDesk();
    const id = await core.waiting();
    await core.desk.close(client, { conversation: id });
    const outcomes = await Promise.allSettled([ann, ben].map((one) => core.desk.reopen(one, { conversation: id })));
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { scene: { chat: { operator: ANN } } } },
      { status: 'rejected', reason: { code: 'failed_precondition', fields: { operator: String(ANN) } } },
    ]);
    expect((await core.store.members(id, 0, 10)).map(({ user }) => user)).not.toContain(BEN);
    // Again by the one who has it changes nothing.
    expect((await core.desk.reopen(ann, { conversation: id })).scene.chat).toMatchObject({ operator: ANN, status: 'open' });
  });

  test('have it, also one that its client has opened meanwhile and that waits', async () => {
    const core = await openDesk();
    const id = await closedByAnn(core);
    await core.say(client, id, 'One more thing');
    expect((await core.desk.reopen(ben, { conversation: id })).scene.chat).toMatchObject({ operator: BEN, status: 'open' });
  });
});

import { expect, test, vi } from 'vitest';
import { actorFor, refusalOf, textsIn } from '../../../test/support/core.ts';
import { ANN, CLIENT, ann, backEnd, ben, client, newsIn, openDesk } from '../../../test/support/desk.ts';

test('a client writes, one of two operators takes it, the other is told who', async () => {
  const core = await openDesk();
  const { desk, say } = core;
  const { conversation, scene } = await desk.openChat(client, 'lk');
  expect(scene.chat).toMatchObject({ status: 'new', source: 'lk', client: CLIENT, operator: 0, unread: false });
  const again = await desk.openChat(client, 'lk');
  expect([again.created, again.conversation.id]).toEqual([false, conversation.id]);

  const board = await core.attend(ANN);
  await say(client, conversation.id, 'Hello?');
  expect(textsIn(board.take())).toEqual(['Hello?']);
  expect((await desk.listChats(ann, { order: 'waiting', after: 0, limit: 10 })).total).toBe(1);

  const outcomes = await Promise.allSettled([
    desk.take(ann, { conversation: conversation.id }),
    desk.take(ben, { conversation: conversation.id }),
  ]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect((await desk.findChat(client, { conversation: conversation.id })).scene.chat).toMatchObject({
    status: 'open',
    operator: ANN,
  });
  expect(await refusalOf(desk.take(ben, { conversation: conversation.id }))).toBe('failed_precondition');
  await vi.waitFor(() =>
    expect(newsIn(board.heard, 'operator')).toContainEqual(
      expect.objectContaining({ kind: 'operator', openChats: 1, newChats: 0, online: true }),
    ),
  );
});

test('a note is heard by operators in the chat, and nobody else learns that it exists', async () => {
  const core = await openDesk();
  const { desk, say } = core;
  const { conversation } = await desk.openChat(client, 'lk');
  const { id } = conversation;
  await say(client, id, 'Hello?');
  await desk.take(ann, { conversation: id });
  const visitor = await core.enter(CLIENT, 'user', id);
  const operator = await core.enter(ANN, 'operator', id);
  const elsewhere = await core.connect(ANN, { actor: { role: 'operator' } });
  for (const session of [visitor, operator, elsewhere]) session.take();

  const note = await say(ann, id, 'A difficult one', { note: true });
  await say(ann, id, 'How can I help?');
  expect(textsIn(operator.take())).toEqual(['A difficult one', 'How can I help?']);
  expect([textsIn(visitor.take()), textsIn(elsewhere.take())]).toEqual([['How can I help?'], ['How can I help?']]);
  expect((await desk.readHistory(client, { conversation: id }, { limit: 10 })).messages.map(({ index }) => index)).toEqual([
    1, 2,
  ]);
  expect((await desk.readHistory(ann, { conversation: id }, { limit: 10 })).messages).toHaveLength(3);
  expect(await refusalOf(core.chat.moveCursorToMessage(ann, 'read', note))).toBe('not_found');
  expect(await refusalOf(core.chat.editMessage(ann, note, { kind: 'text', text: 'x' }))).toBe('not_found');
  expect(await refusalOf(say(client, id, 'x', { note: true }))).toBe('permission_denied');
});

test('a back end brings a chat and messages, once', async () => {
  const core = await openDesk();
  const { desk } = core;
  const uuid = 'D599CB9B-A451-4BB3-AC0C-1465B9A1C4DE';
  const input = {
    chat: { uuid, source: 'lk', client: { id: 99, role: 'user' as const, person: { firstname: 'Eva', lastname: 'Stone' } } },
    id: 5,
    text: 'From the mail',
    attachments: [{ foreign: { uuid: 'x', type: 'image', url: 'https://example.com/x.png' } }],
    user: { id: 99, person: {} },
    extra: { mood: 'good' },
  };
  const one = await desk.supplyMessage(backEnd, input);
  const two = await desk.supplyMessage(backEnd, input);
  expect([one.duplicate, two.duplicate, two.message.id]).toEqual([false, true, one.message.id]);
  expect(one.message).toMatchObject({ desk: { external: 5, extra: { mood: 'good' } }, sender: 99, index: 1 });
  expect(one.scene?.client).toMatchObject({ name: 'Eva Stone', person: { firstname: 'Eva' } });
  const found = await desk.findChat(actorFor(99), { uuid });
  expect(found.scene.chat).toMatchObject({ uuid: uuid.toLowerCase(), status: 'new', unread: true });
  const changed = await desk.supplyMessageUpdate(backEnd, { id: 5, text: 'Corrected' });
  expect(changed.message).toMatchObject({ id: one.message.id, content: { text: 'Corrected' }, desk: { external: 5 } });
  expect(await refusalOf(desk.supplyMessageUpdate(backEnd, { id: 6, text: 'x' }))).toBe('not_found');
});

test('a closed chat opens with the next message, to the same operator first', async () => {
  const core = await openDesk();
  const { desk, say } = core;
  const { conversation } = await desk.openChat(client, 'lk');
  const { id } = conversation;
  await say(client, id, 'Hello?');
  await say(ann, id, 'Yes?');
  expect((await desk.findChat(ann, { conversation: id })).scene.chat).toMatchObject({ status: 'open', operator: ANN });
  await desk.close(ann, { conversation: id });
  await desk.rate(client, { conversation: id }, { score: 5 });
  await say(client, id, 'One more thing');
  expect((await desk.findChat(ann, { conversation: id })).scene.chat).toMatchObject({
    status: 'new',
    operator: 0,
    lastOperator: ANN,
  });

  await core.attend(ANN);
  await desk.close(ann, { conversation: id });
  await say(client, id, 'And another');
  await core.chat.core.desk.clerk.idle();
  expect((await desk.findChat(ann, { conversation: id })).scene.chat).toMatchObject({ status: 'open', operator: ANN });
});

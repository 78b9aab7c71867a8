/** One support chat through every door: a visitor's widget, the same person's phone on Socket.IO, an operator on gRPC and one at the desk. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { grpc } from '../support/clients/carriers.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { Category, Type } from '../support/clients/stream-frame.ts';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';

const CLIENT = 11;
const ANN = 12;
const BEN = 13;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

test('what is said, read, typed and taken back through one door is so in all', async () => {
  const widget = await DeskPeer.connect(server.url, CLIENT, { query: { source: 'lk' } });
  const hello = (await widget.send('Hello')).data.message as { id: number; chat: { uuid: string } };
  const { uuid } = hello.chat;
  const desk = await DeskPeer.connect(server.url, ANN, { role: 'operator', query: { chat: uuid } });
  await desk.send('Good morning');
  const board = await DeskPeer.connect(server.url, BEN, { role: 'operator', path: '/broadcast' });
  const id = (await server.chat.desk.findChat(server.actor(CLIENT), { uuid })).conversation.id;

  const phone = await MessengerPeer.connect(server.url, CLIENT);
  const remote = await StreamPeer.connect(grpc, server, ANN, {
    token: tokenFor(ANN, { role: 'operator' }),
    extensions: true,
  });
  const { posts } = await remote.sync([{ category: Category.GROUP }]);
  expect(posts.map(({ text }) => text?.content)).toEqual(['Hello', 'Good morning']);
  await widget.next('message_added');

  // From the phone.
  const asked = await phone.ask('send_message', { chatId: String(id), content: 'Where is my parcel?' });
  expect(asked.ok).toBe(true);
  for (const peer of [widget, desk, board]) {
    expect((await peer.next('message_added')).data.message).toMatchObject({
      id: Number(asked['message'].id),
      text: 'Where is my parcel?',
      user: { id: CLIENT },
      message_index: 3,
      chat: { uuid, operator_user: { id: ANN } },
    });
  }
  expect(await remote.nextPush()).toMatchObject({ text: { content: 'Where is my parcel?' } });

  // From gRPC; read there, and on the phone.
  await remote.read({ group: id }, String(asked['message'].id));
  for (const peer of [widget, desk, board]) {
    expect((await peer.next('message_updated')).data.message).toMatchObject({ text: 'Where is my parcel?', status: 'read' });
  }
  const reply = await remote.send({ group: id }, 'On its way');
  for (const peer of [widget, desk, board]) {
    expect((await peer.next('message_added')).data.message).toMatchObject({
      text: 'On its way',
      user: { id: ANN, role: 'operator' },
    });
  }
  for (;;) if ((await phone.next('new_message')).content === 'On its way') break;
  await phone.ask('mark_read', { chatId: String(id), messageId: reply.unique_id });
  for (const peer of [widget, desk, board]) {
    expect((await peer.next('message_updated')).data.message).toMatchObject({ text: 'On its way', status: 'read' });
  }

  // Typed on the phone, and at the desk.
  phone.say('join_chat', String(id));
  phone.say('typing_start', String(id));
  for (const peer of [desk, board]) {
    expect(await peer.next('typing_updated')).toMatchObject({ data: { chat_id: uuid, stopped: false, user: { id: CLIENT } } });
  }
  phone.say('typing_end', String(id));
  expect(await board.next('typing_updated')).toMatchObject({ data: { stopped: true } });
  desk.say('update_typing', { text: 'Let me look', stopped: false });
  expect(await phone.next('typing_start')).toEqual({
    chatId: String(id),
    userId: String(ANN),
    username: expect.any(String) as unknown,
  });

  // Taken back on gRPC.
  const mistake = await remote.send({ group: id }, 'A mistake');
  await remote.recall({ group: id }, String(mistake.unique_id));
  for (const peer of [widget, desk, board]) {
    // The phone, which has the chat open, has read it before.
    for (;;) {
      const { message } = (await peer.next('message_updated')).data as { message: { id: number; text: string } };
      expect(message.id).toBe(Number(mistake.unique_id));
      if (message.text === '') break;
    }
  }

  // Pushed by a back end: heard on the phone and on gRPC, corrected there as well.
  const pushed = { id: 900, text: 'Delivered', chat: { uuid }, user: { id: 99, role: 'bot', firstname: 'Robot' }, type: 'bot' };
  expect((await callDesk(server.url, 'POST', '/message', pushed)).status).toBe(200);
  for (;;) if ((await phone.next('new_message')).content === 'Delivered') break;
  for (;;) if ((await remote.nextPush()).text?.content === 'Delivered') break;
  expect((await widget.next('message_added')).data.message).toMatchObject({ id: 900, type: 'bot', user: { firstname: 'Robot' } });
  await callDesk(server.url, 'PATCH', '/message', { id: 900, text: 'Delivered yesterday' });
  for (;;) {
    const update = await phone.next('chat_updated');
    if (update.messages[0]?.content === 'Delivered yesterday') break;
  }
  for (;;) {
    const push = await remote.nextPush();
    if (push.type === Type.TEXT && push.text?.content === 'Delivered yesterday') break;
  }

  // One order for all.
  const order = ['Hello', 'Good morning', 'Where is my parcel?', 'On its way', '', 'Delivered yesterday'];
  const again = await DeskPeer.connect(server.url, CLIENT, { query: { chat: uuid, after: '0' } });
  const seen = (await again.settled()).filter(({ type }) => type === 'message_added');
  expect(seen.map(({ data }) => data.message.text as string)).toEqual(order);
  const synced = await phone.ask('sync', { chats: [{ chatId: String(id) }] });
  expect((synced['chats'][0].messages as { content: string }[]).map(({ content }) => content)).toEqual(order);
});

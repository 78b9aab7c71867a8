/** The Socket.IO half of the messenger, by clients that know the document (seed 002) and, where they ask for answers, wire.md section 3. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MessengerPeer } from '../support/clients/messenger.ts';
import type { MessengerOptions, Told } from '../support/clients/messenger.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ 'presence-grace': '0' });
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

const connect = (user: number, options: MessengerOptions = {}): Promise<MessengerPeer> =>
  MessengerPeer.connect(server.url, user, options);

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** The next of an event for which something holds. */
async function until(peer: MessengerPeer, event: string, holds: (payload: Told['payload']) => boolean): Promise<Told['payload']> {
  for (;;) {
    const payload = await peer.next(event);
    if (holds(payload)) return payload;
  }
}

async function newChat(count = 2) {
  const users = await server.newUsers(count);
  const id = await server.group(users);
  return { users, id, chatId: String(id) };
}

describe.each(['websocket', 'polling'] as const)('over %s', (transport) => {
  const transports = [transport];

  test('a message comes to every member’s sockets, with the sidebar', async () => {
    const { users, chatId } = await newChat(3);
    const [one = 0, two = 0] = users;
    const [ada, phone, bob] = [await connect(one), await connect(one, { transports }), await connect(two, { transports })];
    const sent = await ada.ask('send_message', { chatId, content: 'hello' });
    const message = {
      id: expect.stringMatching(/^\d+$/),
      chatId,
      senderId: String(one),
      content: 'hello',
      createdAt: time,
      sender: { id: String(one), username: String(one) },
    };
    expect(sent).toEqual({ ok: true, message });
    expect(await bob.next('new_message')).toEqual(sent['message']);
    expect(await bob.next('sidebar_update')).toEqual({ chatId, unreadCount: 1, message: sent['message'] });
    for (const own of [ada, phone]) {
      expect(await own.next('new_message')).toEqual(sent['message']);
      expect(await own.next('sidebar_update')).toEqual({ chatId, unreadCount: 0, message: sent['message'] });
    }
  });

  test('opening a chat reads it, on every device', async () => {
    const { users, chatId } = await newChat();
    const [one = 0, two = 0] = users;
    const ada = await connect(one, { transports });
    await ada.ask('send_message', { chatId, content: 'one' });
    const [phone, tablet] = [await connect(two, { transports }), await connect(two)];
    await ada.ask('send_message', { chatId, content: 'two' });
    expect(await phone.next('sidebar_update')).toMatchObject({ unreadCount: 2 });
    expect(await tablet.next('sidebar_update')).toMatchObject({ unreadCount: 2 });
    expect(await phone.ask('join_chat', chatId)).toEqual({ ok: true, chatId, unreadCount: 0 });
    for (const device of [phone, tablet]) {
      expect(await device.next('sidebar_update')).toMatchObject({ chatId, unreadCount: 0, message: { content: 'two' } });
    }
    // And what arrives while it is open.
    await ada.ask('send_message', { chatId, content: 'three' });
    // The device that does not have it open is told once as well, when it is read.
    for (const device of [phone, tablet]) {
      expect(await device.next('sidebar_update')).toMatchObject({ unreadCount: 0, message: { content: 'three' } });
    }
    expect(await server.chat.countUnread(Number(chatId), [two])).toEqual(new Map([[two, 0]]));
    await phone.ask('leave_chat', chatId);
    await ada.ask('send_message', { chatId, content: 'four' });
    expect(await until(phone, 'sidebar_update', ({ message }) => message.content === 'four')).toMatchObject({ unreadCount: 1 });
  });

  test('typing is heard by those who have the chat open, and not by the typist', async () => {
    const { users, chatId } = await newChat(3);
    const [one = 0, two = 0, three = 0] = users;
    const [ada, bob, eve] = [await connect(one, { transports }), await connect(two, { transports }), await connect(three)];
    const phone = await connect(one);
    for (const peer of [ada, bob, phone]) await peer.ask('join_chat', { chatId });
    ada.say('typing_start', chatId);
    const sign = { chatId, userId: String(one), username: String(one) };
    expect(await bob.next('typing_start')).toEqual(sign);
    ada.say('typing_end', chatId);
    expect(await bob.next('typing_end')).toEqual(sign);
    for (const peer of [ada, phone, eve]) {
      await peer.settled();
      expect([...peer.heard('typing_start'), ...peer.heard('typing_end')]).toEqual([]);
    }
    expect(await ada.ask('typing_start', chatId)).toEqual({ ok: true, chatId });
    ada.drop();
    expect(await bob.next('typing_start')).toEqual(sign);
    expect(await bob.next('typing_end')).toEqual(sign);
  });

  test('a message that is edited or taken back is told with its chat', async () => {
    const { users, chatId } = await newChat();
    const [one = 0, two = 0] = users;
    const [ada, bob] = [await connect(one, { transports }), await connect(two, { transports })];
    const other = await connect(two);
    const sent = await ada.ask('send_message', { chatId, content: 'a mistake' });
    await ada.ask('send_message', { chatId, content: 'the last' });
    await bob.ask('join_chat', chatId);
    const { id } = sent['message'] as { id: string };
    await server.chat.editMessage(server.actor(one), Number(id), { kind: 'text', text: 'better' });
    const updated = await bob.next('chat_updated');
    expect(updated).toEqual({
      id: chatId,
      isGroup: true,
      name: 'a test',
      createdAt: time,
      updatedAt: time,
      users: [one, two].map((user) => ({
        userId: String(user),
        chatId,
        unreadCount: 0,
        joinedAt: time,
        user: { id: String(user), username: String(user), online: true },
      })),
      unreadCount: 0,
      messages: [{ ...(sent['message'] as object), content: 'better' }],
    });
    await server.chat.recallMessage(server.actor(one), Number(id));
    expect(await bob.next('chat_updated')).toMatchObject({ messages: [{ id, content: '' }] });
    await other.settled();
    expect(other.heard('chat_updated')).toEqual([]);
    // The sidebar shows the newest message alone.
    expect(JSON.stringify(other.heard('sidebar_update'))).not.toContain('better');
  });

  test('the sidebar forgets the words of a newest message that is taken back', async () => {
    const { users, chatId } = await newChat();
    const [one = 0, two = 0] = users;
    const [ada, bob] = [await connect(one, { transports }), await connect(two, { transports })];
    const { message } = (await ada.ask('send_message', { chatId, content: 'oops' })) as unknown as { message: { id: string } };
    await bob.next('sidebar_update');
    await server.chat.recallMessage(server.actor(one), Number(message.id));
    expect(await bob.next('sidebar_update')).toMatchObject({ unreadCount: 1, message: { id: message.id, content: '' } });
  });

  test('who is added, renamed, removed and deleted is told', async () => {
    const { users, id, chatId } = await newChat(3);
    const [one = 0, two = 0, three = 0] = users;
    const [late] = await server.newUsers(1);
    const peers = await Promise.all([one, two, three].map((user) => connect(user, { transports })));
    const [ada, bob] = peers;
    if (ada === undefined || bob === undefined) throw new Error('nobody there');
    const newcomer = await connect(late, { transports });
    await ada.ask('join_chat', chatId);
    await server.chat.changeMembers(server.actor(one), id, { add: [{ user: late, role: 'member' }], remove: [] });
    expect(await newcomer.next('added_to_chat')).toMatchObject({ id: chatId, isGroup: true, unreadCount: 0, messages: [] });
    expect(await ada.next('chat_updated')).toMatchObject({ id: chatId, users: { length: 4 } });
    // Another role is no new chat.
    await server.chat.changeMembers(server.actor(one), id, { add: [{ user: late, role: 'admin' }], remove: [] });
    await ada.next('chat_updated');
    await server.chat.updateConversation(server.actor(one), id, { name: 'renamed' });
    expect(await ada.next('chat_updated')).toMatchObject({ id: chatId, name: 'renamed' });
    await bob.ask('join_chat', chatId);
    await server.chat.changeMembers(server.actor(one), id, { add: [], remove: [two] });
    expect(await bob.next('chat_deleted')).toBe(chatId);
    expect(await ada.next('chat_updated')).toMatchObject({ users: { length: 3 } });
    await ada.ask('send_message', { chatId, content: 'without bob' });
    ada.say('typing_start', chatId);
    await ada.settled();
    await bob.settled();
    expect(bob.heard('new_message')).toEqual([]);
    expect(bob.heard('typing_start')).toEqual([]);
    expect(await bob.ask('join_chat', chatId)).toEqual(await bob.ask('join_chat', '999999999'));
    await server.chat.deleteConversation(server.actor(one), id);
    expect(await newcomer.next('chat_deleted')).toBe(chatId);
    expect(await ada.next('chat_deleted')).toBe(chatId);
    expect(newcomer.heard('added_to_chat')).toHaveLength(1);
  });

  test('a new chat is told before its first message', async () => {
    const [one, two] = await server.newUsers(2);
    const [ada, bob] = [await connect(one, { transports }), await connect(two, { transports })];
    const { message, conversation } = await server.chat.sendMessage(server.actor(one), {
      target: { peer: two },
      content: { kind: 'text', text: 'hello' },
    });
    const first = { id: String(message.id), content: 'hello' };
    expect(await ada.next('added_to_chat')).toMatchObject({ name: String(two), unreadCount: 0, messages: [first] });
    expect(await bob.next('added_to_chat')).toMatchObject({
      id: String(conversation.id),
      isGroup: false,
      name: String(one),
      unreadCount: 1,
      messages: [first],
    });
    expect(await bob.next('new_message')).toMatchObject(first);
    expect(bob.told.map(({ event }) => event).filter((event) => event !== 'presence_update')).toEqual([
      'added_to_chat',
      'new_message',
      ...bob.heard('sidebar_update').map(() => 'sidebar_update'),
    ]);
  });

  test('who shares a chat hears who comes and goes', async () => {
    const { users } = await newChat();
    const [one = 0, two = 0] = users;
    const bob = await connect(two, { transports });
    const ada = await connect(one, { transports });
    expect(await until(bob, 'presence_update', ({ userId }) => userId === String(one))).toEqual({
      userId: String(one),
      online: true,
      lastSeen: time,
    });
    await ada.close();
    expect(await bob.next('presence_update')).toEqual({ userId: String(one), online: false, lastSeen: time });
  });
});

describe('a client', () => {
  test('may write the events in the ways of its family', async () => {
    const { users, chatId } = await newChat();
    const [one = 0, two = 0] = users;
    const [ada, bob] = [await connect(one), await connect(two)];
    const wanted = { ok: true, chatId, unreadCount: 0 };
    for (const join of ['join_chat', 'joinChat', 'join-chat']) expect(await bob.ask(join, chatId)).toEqual(wanted);
    await ada.ask('typing', chatId);
    await bob.next('typing_start');
    await ada.ask('stop_typing', { chatId });
    await bob.next('typing_end');
    await ada.ask('typing_start', { chatId });
    await bob.next('typing_start');
    await ada.ask('typing_stop', chatId);
    await bob.next('typing_end');
    for (const leave of ['leave_chat', 'leaveChat', 'leave-chat'])
      expect(await bob.ask(leave, chatId)).toEqual({ ok: true, chatId });
  });

  test('reads up to a message', async () => {
    const { users, chatId } = await newChat();
    const [one = 0, two = 0] = users;
    const [ada, bob, tablet] = [await connect(one), await connect(two), await connect(two)];
    const ids: string[] = [];
    for (const content of ['one', 'two', 'three']) {
      ids.push(((await ada.ask('send_message', { chatId, content }))['message'] as { id: string }).id);
    }
    await until(tablet, 'sidebar_update', ({ unreadCount }) => unreadCount === 3);
    expect(await bob.ask('mark_read', { chatId, messageId: ids[1] })).toEqual({ ok: true, chatId, unreadCount: 1 });
    expect(await tablet.next('sidebar_update')).toMatchObject({ unreadCount: 1, message: { id: ids[2] } });
    expect(await bob.ask('mark_read', { chatId, messageId: ids[0] })).toEqual({ ok: true, chatId, unreadCount: 1 });
    expect(await bob.ask('mark_read', { chatId, messageId: '1' })).toMatchObject({ ok: false, error: { code: 'not_found' } });
  });

  test('sends once under one clientMessageId', async () => {
    const { users, chatId } = await newChat();
    const ada = await connect(users[0] ?? 0);
    const send = (content: string) => ada.ask('send_message', { chatId, content, clientMessageId: 'mine' });
    const first = await send('once');
    expect(await send('once')).toEqual(first);
    expect(await send('twice')).toMatchObject({ ok: false, error: { code: 'already_exists' } });
    expect(ada.heard('new_message')).toHaveLength(1);
  });

  test('enters a room, and hears it until it leaves', async () => {
    const [one, two] = await server.newUsers(2);
    const room = String(await server.room(one));
    const [ada, bob] = [await connect(one), await connect(two)];
    await ada.ask('join_chat', room);
    expect(await bob.ask('join_chat', room)).toMatchObject({ ok: true });
    await ada.ask('send_message', { chatId: room, content: 'hello room' });
    expect(await bob.next('new_message')).toMatchObject({ chatId: room, content: 'hello room' });
    await bob.ask('leave_chat', room);
    await ada.ask('send_message', { chatId: room, content: 'still there?' });
    await bob.settled();
    expect(bob.heard('new_message')).toHaveLength(1);
    const guest = await connect(0, { auth: { token: tokenFor(two + 500_000, { role: 'guest' }) } });
    expect(await guest.ask('join_chat', room)).toMatchObject({ ok: true });
    expect(await guest.ask('send_message', { chatId: room, content: 'x' })).toMatchObject({
      error: { code: 'permission_denied' },
    });
    await ada.ask('send_message', { chatId: room, content: 'to guests' });
    expect(await guest.next('new_message')).toMatchObject({ content: 'to guests' });
  });

  test('shows its token wherever clients of this family do', async () => {
    const [one] = await server.newUsers(1);
    const token = tokenFor(one);
    const identity = await server.chat.access.authenticate(token);
    for (const options of [
      { auth: { token } },
      { auth: { token: `Bearer ${token}` } },
      { auth: {}, headers: { authorization: `Bearer ${token}` } },
      { auth: {}, query: { token } },
      { auth: {}, query: { ticket: server.chat.access.issueTicket(identity) } },
    ]) {
      const peer = await connect(one, options);
      expect(await peer.ask('leave_chat', '1')).toMatchObject({ ok: true });
    }
  });

  test('is told why it may not connect', async () => {
    const [one] = await server.newUsers(1);
    const refusals = [{}, { token: 'x' }, { token: 7 }, { token: tokenFor(one, { exp: 1 }) }];
    for (const auth of refusals) {
      await expect(connect(one, { auth })).rejects.toMatchObject({ data: { code: 'unauthenticated' } });
    }
    const ticket = server.chat.access.issueTicket(await server.chat.access.authenticate(tokenFor(one)));
    await connect(one, { auth: {}, query: { ticket } });
    await expect(connect(one, { auth: {}, query: { ticket } })).rejects.toMatchObject({ data: { code: 'unauthenticated' } });
  });

  test('whose token is revoked is signed out for good', async () => {
    const [one] = await server.newUsers(1);
    const peer = await connect(one, { reconnects: true });
    await server.chat.revokeTokens('default', one);
    expect(await peer.ended).toBe('io server disconnect');
  });

  test('changes from polling to WebSocket without losing or reordering anything', async () => {
    const { users, chatId } = await newChat();
    const [one = 0, two = 0] = users;
    const ada = await connect(one);
    const ids: string[] = [];
    let isOver = false;
    const writing = (async () => {
      while (!isOver) {
        const sent = await ada.ask('send_message', { chatId, content: String(ids.length) });
        ids.push((sent['message'] as { id: string }).id);
      }
    })();
    const bob = await connect(two, { transports: ['polling', 'websocket'] });
    const isUpgraded = (): boolean => bob.socket.io.engine.transport.name === 'websocket';
    const before = isUpgraded() ? 0 : ids.length;
    while (!isUpgraded()) await bob.next('new_message');
    const goal = ids.length + 50;
    while (ids.length < goal) await bob.next('new_message');
    isOver = true;
    await writing;
    while (bob.heard('new_message').at(-1)?.id !== ids.at(-1)) await bob.next('new_message');
    const heard = bob.heard('new_message').map(({ id }) => id);
    expect(heard).toEqual(ids.slice(-heard.length));
    expect(heard.length).toBeGreaterThanOrEqual(ids.length - before - 1);
  });
});

test('events go by other names where the configuration says so', async () => {
  await using own = await startServer({ 'messenger-events': 'new_message=message,join_chat=enter,typing_start=writing' });
  const [one, two] = await own.newUsers(2);
  const chatId = String(await own.group([one, two]));
  const [ada, bob] = await Promise.all([one, two].map((user) => MessengerPeer.connect(own.url, user)));
  if (ada === undefined || bob === undefined) throw new Error('nobody there');
  expect(await bob.ask('enter', chatId)).toMatchObject({ ok: true });
  expect(await bob.ask('join_chat', chatId)).toMatchObject({ ok: false, error: { code: 'not_supported' } });
  ada.say('writing', chatId);
  expect(await bob.next('writing')).toMatchObject({ chatId });
  await ada.ask('send_message', { chatId, content: 'hello' });
  expect(await bob.next('message')).toMatchObject({ content: 'hello' });
  expect(bob.heard('new_message')).toEqual([]);
});

test('a server that stops lets its clients come back', async () => {
  const own = await startServer();
  const [one] = await own.newUsers(1);
  const [peer, poller] = [
    await MessengerPeer.connect(own.url, one),
    await MessengerPeer.connect(own.url, one, { transports: ['polling'] }),
  ];
  await own.close();
  expect(await peer.ended).toBe('transport close');
  expect(['transport close', 'transport error']).toContain(await poller.ended);
});

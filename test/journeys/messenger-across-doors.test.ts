/** One conversation through every door (wire.md section 6): a gRPC phone, a WebSocket user and two messenger users, one of whom polls, share chats. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grpc, webSocketText } from '../support/clients/carriers.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { Type } from '../support/clients/stream-frame.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer } from '../support/stream-peer.ts';

interface MessageJson {
  readonly id: string;
  readonly chatId: string;
  readonly senderId: string;
  readonly content: string;
}

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

async function meet() {
  const users = await server.newUsers(4);
  const group = await server.group(users);
  const [one, two, three, four] = users;
  return {
    users,
    group,
    chatId: String(group),
    phone: await StreamPeer.connect(grpc, server, one, { extensions: true }),
    web: await StreamPeer.connect(webSocketText, server, two, { extensions: true }),
    ada: await MessengerPeer.connect(server.url, three),
    bob: await MessengerPeer.connect(server.url, four, { transports: ['polling'] }),
  };
}

const ask = async (peer: MessengerPeer, chatId: string, content: string): Promise<string> =>
  ((await peer.ask('send_message', { chatId, content }))['message'] as MessageJson).id;

describe('a shared chat', () => {
  test('has one order for all who speak at once', async () => {
    const { group, chatId, phone, web, ada, bob, users } = await meet();
    const each = 25;
    const sent = await Promise.all(
      Array.from({ length: each }, (_, at) => [
        phone.send({ group }, `phone ${at}`).then(({ unique_id = '' }) => unique_id),
        web.send({ group }, `web ${at}`).then(({ unique_id = '' }) => unique_id),
        ask(ada, chatId, `ada ${at}`),
        ask(bob, chatId, `bob ${at}`),
      ]).flat(),
    );
    const order = sent.toSorted((a, b) => Number(a) - Number(b));
    const { messages } = await server.chat.readHistory(server.actor(users[0]), { conversation: group, limit: 100 });
    expect(messages.map(({ id }) => String(id))).toEqual(order);
    for (const peer of [ada, bob]) {
      while (peer.heard('new_message').length < order.length) await peer.next('new_message');
      expect(peer.heard('new_message').map(({ id }) => id)).toEqual(order);
    }
    for (const peer of [phone, web]) {
      const heard = (await peer.pushes.take(3 * each)).map(({ postmark }) => postmark.unique_id);
      expect(heard).toEqual(order.filter((id) => heard.includes(id)));
      expect(new Set(heard).size).toBe(3 * each);
    }
    // What each has unread is the same however one asks.
    const counts = await server.chat.countUnread(group, users);
    expect([...counts.values()]).toEqual([75, 75, 75, 75]);
    for (const peer of [ada, bob]) {
      while (peer.heard('sidebar_update').at(-1)?.message.id !== order.at(-1)) await peer.next('sidebar_update');
      expect(peer.heard('sidebar_update').at(-1)).toMatchObject({ unreadCount: 75 });
    }
  });

  test('shows edits and recalls to all', async () => {
    const { group, chatId, users, phone, web, ada, bob } = await meet();
    const { unique_id: byPhone = '' } = await phone.send({ group }, 'from the phone');
    const byAda = await ask(ada, chatId, 'from ada');
    for (const peer of [ada, bob]) await peer.ask('join_chat', chatId);
    await server.chat.editMessage(server.actor(users[2]), Number(byAda), { kind: 'text', text: 'from ada, corrected' });
    await phone.recall({ group }, byPhone);
    for (const peer of [ada, bob]) {
      const changed = new Map<string, string>();
      while (changed.get(byAda) !== 'from ada, corrected' || changed.get(byPhone) !== '') {
        const { messages } = (await peer.next('chat_updated')) as { messages: readonly MessageJson[] };
        for (const { id, content } of messages) changed.set(id, content);
      }
      expect(changed.size).toBe(2);
    }
    const heard = async (peer: StreamPeer, holds: (type: number, text: string | undefined) => boolean): Promise<string> => {
      for (;;) {
        const { type, text, postmark } = await peer.nextPush();
        if (holds(type, text?.content)) return postmark.unique_id ?? '';
      }
    };
    expect(await heard(web, (_, text) => text === 'from ada, corrected')).toBe(byAda);
    expect(await heard(web, (type) => type === Type.RECALL)).toBe(byPhone);
    expect(await heard(phone, (_, text) => text === 'from ada, corrected')).toBe(byAda);
    const synced = await bob.ask('sync', { chats: [{ chatId }] });
    expect(synced).toMatchObject({
      chats: [
        {
          messages: [
            { id: byPhone, content: '' },
            { id: byAda, content: 'from ada, corrected' },
          ],
        },
      ],
    });
  });

  test('is read everywhere when it is read anywhere', async () => {
    const { group, chatId, users, phone, web, ada, bob } = await meet();
    const [one, two, three, four] = users;
    // Each has a second device at another door.
    const adaPhone = await StreamPeer.connect(grpc, server, three);
    const webTablet = await MessengerPeer.connect(server.url, two, { transports: ['polling'] });
    const ids: string[] = [];
    for (const text of ['one', 'two', 'three']) ids.push((await phone.send({ group }, text)).unique_id ?? '');
    const [first = '', , last = ''] = ids;
    const unread = async (peer: MessengerPeer, count: number): Promise<void> => {
      while (peer.heard('sidebar_update').at(-1)?.unreadCount !== count) await peer.next('sidebar_update');
    };
    for (const peer of [ada, bob, webTablet]) await unread(peer, 3);
    await web.read({ group }, first);
    await unread(webTablet, 2);
    await adaPhone.read({ group }, last);
    await unread(ada, 0);
    await bob.ask('join_chat', chatId);
    await unread(bob, 0);
    const counts = await server.chat.countUnread(group, users);
    expect([one, two, three, four].map((user) => counts.get(user))).toEqual([0, 2, 0, 0]);
    // And the phone is told who has read.
    const readers = new Set<string>();
    while (readers.size < 3) {
      const { type, postmark } = await phone.nextPush();
      if (type === Type.READ) readers.add(postmark.sender);
    }
    expect(readers).toEqual(new Set([two, three, four].map(String)));
  });

  test('is left at all doors at once', async () => {
    const { group, chatId, users, phone, ada, bob } = await meet();
    await server.chat.changeMembers(server.actor(users[0]), group, { add: [], remove: [users[3]] });
    expect(await bob.next('chat_deleted')).toBe(chatId);
    await phone.send({ group }, 'without bob');
    await ada.next('new_message');
    await bob.settled();
    expect(bob.heard('new_message')).toEqual([]);
    expect(await bob.ask('send_message', { chatId, content: 'x' })).toMatchObject({ error: { code: 'not_found' } });
  });

  test('what is no text is told in words', async () => {
    const { group, users, ada } = await meet();
    await server.chat.sendMessage(server.actor(users[0]), {
      target: { conversation: group },
      content: { kind: 'location', location: { latitude: 55.75, longitude: 37.61 } },
    });
    expect(await ada.next('new_message')).toMatchObject({ content: expect.stringContaining('55.75, 37.61 https://') });
    const resource = { url: 'https://files.example/a%20b.png' };
    await server.chat.sendMessage(server.actor(users[0]), {
      target: { conversation: group },
      content: { kind: 'photo', resource },
    });
    expect(await ada.next('new_message')).toMatchObject({ content: '', fileUrl: resource.url, fileName: 'a b.png' });
  });
});

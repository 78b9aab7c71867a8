/** The Socket.IO half of the messenger, by a client that knows the document (seed 002) and nothing more. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

const connect = (user: number, transport: 'websocket' | 'polling' = 'websocket'): Promise<MessengerPeer> =>
  MessengerPeer.connect(server.url, user, { transports: [transport] });

describe.each(['websocket', 'polling'] as const)('over %s', (transport) => {
  test('a message comes with the sidebar', async () => {
    const [one, two] = await server.newUsers(2);
    const chatId = String(await server.group([one, two]));
    const [ada, bob] = [await connect(one), await connect(two, transport)];
    const sent = await ada.ask('send_message', { chatId, content: 'hello' });
    expect(sent).toMatchObject({ ok: true, message: { chatId, senderId: String(one), content: 'hello' } });
    expect(await bob.next('new_message')).toEqual(sent['message']);
    expect(await bob.next('sidebar_update')).toEqual({ chatId, unreadCount: 1, message: sent['message'] });
    expect(await ada.next('sidebar_update')).toEqual({ chatId, unreadCount: 0, message: sent['message'] });
  });
});

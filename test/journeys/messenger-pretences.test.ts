/** What pretends to be something else in the messenger: names, links and parts of forms. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signUp } from '../support/clients/messenger-rest.ts';
import type { MessengerUser, Reply } from '../support/clients/messenger-rest.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;
let made = 0;
beforeAll(async () => {
  server = await startServer({});
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

/** New people, under names of their own. */
function people(...names: readonly string[]): Promise<MessengerUser[]> {
  return Promise.all(names.map((name) => signUp(server.url, `${name}${(made += 1)}`)));
}

async function group(owner: MessengerUser, members: readonly MessengerUser[]): Promise<string> {
  const { body } = await owner.post('/chats', { isGroup: true, name: 'Team', userIds: members.map(({ id }) => id) });
  return body.id;
}

test('whoever takes another’s sign-in name for a display name goes by their own', async () => {
  const [ada, eve] = (await people('ada', 'eve')) as [MessengerUser, MessengerUser];
  const [{ username: adas }, { username: eves }] = [(await ada.get('/users/me')).body, (await eve.get('/users/me')).body];
  expect((await eve.patch('/users/me', { name: adas })).status).toBe(200);
  const { body: chat } = await ada.post('/chats', { userIds: [eve.id] });
  expect(chat.name).toBe(eves);
  const member = chat.users.find(({ userId }: { userId: string }) => userId === eve.id);
  expect(member.user).toMatchObject({ id: eve.id, username: eves, name: adas });
  const { body: message } = await eve.post('/messages', { chatId: chat.id, content: 'it is me, Ada' });
  expect(message.sender).toEqual({ id: eve.id, username: eves, name: adas });
  expect((await ada.get(`/chats/${chat.id}/messages`)).body.messages[0].sender).toEqual(message.sender);
  expect((await ada.get(`/search?q=${encodeURIComponent('Ada')}`)).body.messages[0].sender).toEqual(message.sender);
});

test('a link that would run in the page that shows it is in no message, and one from before is not told', async () => {
  const [ada, bob] = (await people('ada', 'bob')) as [MessengerUser, MessengerUser];
  const chatId = await group(ada, [bob]);
  const say = (resource: object): Promise<Reply> => ada.post(`/conversations/${chatId}/messages`, { type: 'file', resource });
  for (const [resource, field] of [
    [{ url: 'javascript:alert(document.cookie)' }, 'resource.url'],
    [{ url: 'https://example.com/a', thumbnail: 'data:text/html,<script>alert(1)</script>' }, 'resource.thumbnail'],
  ] as const) {
    const refused = await say(resource);
    expect([refused.status, Object.keys(refused.body.error.fields)]).toEqual([400, [field]]);
  }
  expect((await say({ url: 'https://example.com/a.pdf' })).status).toBe(201);
  await server.chat.core.committer.commit({
    type: 'append',
    namespace: 'default',
    sender: Number(ada.id),
    conversation: Number(chatId),
    peer: 0,
    version: 0,
    writers: 'anyone',
    content: { kind: 'file', resource: { url: 'javascript:alert(1)', name: 'old.pdf' } },
    origin: { door: 'test', session: 0 },
  });
  const { messages } = (await bob.get(`/chats/${chatId}/messages`)).body;
  expect(messages.map(({ fileUrl, fileName }: { fileUrl?: string; fileName: string }) => [fileUrl, fileName])).toEqual([
    ['https://example.com/a.pdf', 'a.pdf'],
    [undefined, 'old.pdf'],
  ]);
});

test('a file that has no name is called one; a text that should have been it is not passed over', async () => {
  const [ada] = (await people('ada')) as [MessengerUser];
  const chatId = await group(ada, []);
  const formWith = (head: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    body: [
      ['name="chatId"', chatId],
      ['name="content"', 'words'],
      [head, 'bytes'],
    ]
      .map(([name, value]) => `--x\r\ncontent-disposition: form-data; ${name}\r\n\r\n${value}\r\n`)
      .concat('--x--\r\n')
      .join(''),
  });
  const nameless = await ada.send('/messages', formWith('name="file"\r\ncontent-type: application/octet-stream'));
  expect(nameless).toMatchObject({ status: 201, body: { content: 'words', fileName: 'file' } });
  expect(await (await fetch(server.url + nameless.body.fileUrl)).text()).toBe('bytes');
  const text = await ada.send('/messages', formWith('name="file"'));
  expect([text.status, Object.keys(text.body.error.fields)]).toEqual([400, ['file']]);
  const upload = await ada.send('/files', formWith('name="file"\r\ncontent-type: application/octet-stream'));
  expect(upload).toMatchObject({ status: 201, body: { name: 'file', size: 5 } });
});

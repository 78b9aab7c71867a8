/** The messenger's REST interface of a whole server, called as its clients call it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSwitchboard, parseConfig } from '../../src/compose.ts';
import type { Switchboard } from '../../src/compose.ts';
import { messengerUser, signUp } from '../support/clients/messenger-rest.ts';
import type { MessengerUser, Reply } from '../support/clients/messenger-rest.ts';
import { SECRET } from '../support/tokens.ts';

const data = mkdtempSync(join(tmpdir(), 'switchboard-messenger-'));
let board: Switchboard;
let url: string;
let made = 0;

beforeAll(async () => {
  const options = {
    port: '0',
    data,
    'jwt-secret': SECRET,
    'api-token': 'a back end',
    'rate-limit': 'off',
    'log-level': 'silent',
  };
  board = await createSwitchboard(parseConfig({ options, env: {} }));
  ({ url } = await board.listen());
});
afterAll(async () => {
  await board.close();
  rmSync(data, { recursive: true });
});

/** New people, under names of their own. */
function people(...names: readonly string[]): Promise<MessengerUser[]> {
  return Promise.all(names.map((name) => signUp(url, `${name}${(made += 1)}`)));
}

async function group(owner: MessengerUser, members: readonly MessengerUser[], name = 'Team'): Promise<string> {
  const { status, body } = await owner.post('/chats', { isGroup: true, name, userIds: members.map(({ id }) => id) });
  expect(status).toBe(201);
  return body.id;
}

async function say(user: MessengerUser, chatId: string, content: string): Promise<string> {
  const { status, body } = await user.post('/messages', { chatId, content });
  expect(status).toBe(201);
  return body.id;
}

function idsOf(items: readonly { id: string }[]): string[] {
  return items.map(({ id }) => id);
}

const missing = { error: { code: 'not_found', message: expect.any(String) as unknown } };

describe('people', () => {
  test('sign up, sign in, change how they look and find each other in any script', async () => {
    const [ivan, mei] = (await people('Иван', '小龙')) as [MessengerUser, MessengerUser];
    await ivan.patch('/users/me', { name: 'Иван Грозный 👑', profilePic: 'https://example.com/crown.png' });
    const { body } = await mei.get(`/users?search=${encodeURIComponent('ГРОЗ')}`);
    expect(body.users).toMatchObject([{ id: ivan.id, name: 'Иван Грозный 👑', profilePic: 'https://example.com/crown.png' }]);
    const again = await messengerUser(url).post('/auth/login', { username: `иван${made - 1}`, password: 'correct horse' });
    expect(again.body).toMatchObject({
      token: expect.any(String) as unknown,
      user: { id: ivan.id, profilePic: 'https://example.com/crown.png' },
    });
    expect((await messengerUser(url, again.body.token).get('/users/me')).body).toMatchObject({ name: 'Иван Грозный 👑' });
    expect((await messengerUser(url).post('/auth/login', { username: 'nobody', password: 'wrong horse' })).status).toBe(401);
  });
});

describe('a private chat', () => {
  test('is opened once, by either, is called like the other, and is in the lists of both', async () => {
    const [ada, bob] = (await people('ada', 'bob')) as [MessengerUser, MessengerUser];
    const opened = await ada.post('/chats', { isGroup: false, name: 'ignored', userIds: [bob.id] });
    expect(opened.status).toBe(201);
    expect(opened.body).toMatchObject({
      isGroup: false,
      name: expect.stringMatching(/^bob/) as unknown,
      unreadCount: 0,
      messages: [],
    });
    expect(opened.body.users.map(({ userId }: { userId: string }) => userId).sort()).toEqual([ada.id, bob.id].sort());
    // As clients of this family write what they do not give.
    const nulls = await ada.post('/chats', { isGroup: false, name: null, userIds: [bob.id] });
    expect(nulls).toMatchObject({ status: 200, body: { id: opened.body.id } });
    const again = await bob.post('/chats', { userIds: [ada.id, bob.id] });
    expect([again.status, again.body.id, again.body.name]).toEqual([200, opened.body.id, expect.stringMatching(/^ada/)]);
    expect((await bob.get('/chats')).body).toEqual([again.body]);
    const id = await say(ada, opened.body.id, 'Привет, Боб! 你好 👋🏽');
    const [chat] = (await bob.get('/chats')).body;
    expect(chat).toMatchObject({ id: opened.body.id, unreadCount: 1, updatedAt: chat.messages[0].createdAt });
    expect(chat.messages).toEqual([
      {
        id,
        chatId: opened.body.id,
        senderId: ada.id,
        content: 'Привет, Боб! 你好 👋🏽',
        createdAt: expect.any(String) as unknown,
        sender: { id: ada.id, username: expect.stringMatching(/^ada/) as unknown },
      },
    ]);
    expect((await bob.post(`/chats/${chat.id}/read`)).body).toEqual({ chatId: chat.id, unreadCount: 0 });
    expect((await bob.get(`/chats/${chat.id}`)).body.unreadCount).toBe(0);
  });

  test('with oneself is a note; with who does not want it, or is nobody, there is none', async () => {
    const [ada, bob] = (await people('ada', 'bob')) as [MessengerUser, MessengerUser];
    const note = await ada.post('/chats', { userIds: [ada.id] });
    expect([note.status, note.body.users.length]).toEqual([201, 1]);
    expect((await bob.put(`/blocks/${ada.id}`, undefined)).status).toBe(204);
    expect(await ada.post('/chats', { userIds: [bob.id] })).toMatchObject({
      status: 403,
      body: { error: { code: 'permission_denied' } },
    });
    expect((await bob.get('/chats')).body).toEqual([]);
    const mine = await bob.post('/chats', { userIds: [ada.id] });
    expect(mine.status).toBe(201);
    expect(await ada.post('/chats', { userIds: [bob.id] })).toMatchObject({ status: 200, body: { id: mine.body.id } });
    expect((await ada.post('/messages', { chatId: mine.body.id, content: 'hi' })).status).toBe(403);
    expect(await ada.post('/chats', { userIds: ['987654321'] })).toMatchObject({ status: 404, body: missing });
    for (const refused of [
      await ada.delete(`/chats/${mine.body.id}`),
      await ada.patch(`/chats/${mine.body.id}`, { name: 'x' }),
      await ada.put(`/chats/${mine.body.id}/members`, { add: [bob.id] }),
    ])
      expect(refused).toMatchObject({ status: 403, body: { error: { code: 'permission_denied' } } });
    expect(await ada.post(`/chats/${mine.body.id}/leave`)).toMatchObject({
      status: 409,
      body: { error: { code: 'failed_precondition' } },
    });
  });
});

describe('a group', () => {
  test('is created, changed, grows and shrinks, is left and deleted', async () => {
    const [ada, bob, cleo] = (await people('ada', 'bob', 'cleo')) as [MessengerUser, MessengerUser, MessengerUser];
    const id = await group(ada, [bob], 'Команда 🚀');
    expect((await bob.get('/chats')).body).toMatchObject([{ id, name: 'Команда 🚀', isGroup: true }]);
    const change = { name: '团队', profilePic: 'https://example.com/team.png' };
    expect((await ada.patch(`/chats/${id}`, change)).body).toMatchObject({ id, ...change });
    expect((await ada.patch(`/chats/${id}`, { profilePic: '' })).body).not.toHaveProperty('profilePic');
    expect((await bob.patch(`/chats/${id}`, { name: 'mine' })).status).toBe(403);
    expect((await bob.put(`/chats/${id}/members`, { add: [cleo.id] })).status).toBe(403);
    const grown = await ada.put(`/chats/${id}/members`, { add: [cleo.id] });
    expect(grown.body.users.map(({ userId }: { userId: string }) => userId).sort()).toEqual([ada.id, bob.id, cleo.id].sort());
    await say(cleo, id, 'I am here');
    expect((await ada.put(`/chats/${id}/members`, { remove: [cleo.id] })).body.users).toHaveLength(2);
    expect((await bob.post(`/chats/${id}/leave`)).status).toBe(204);
    expect((await bob.get('/chats')).body).toEqual([]);
    expect((await bob.delete(`/chats/${id}`)).status).toBe(404);
    expect((await ada.delete(`/chats/${id}`)).status).toBe(204);
    expect((await ada.get(`/chats/${id}`)).status).toBe(404);
  });

  test('of others, and one that somebody was removed from, answers like one that does not exist, in every way', async () => {
    const [ada, bob, eve] = (await people('ada', 'bob', 'eve')) as [MessengerUser, MessengerUser, MessengerUser];
    const id = await group(ada, [bob, eve]);
    const message = await say(ada, id, 'for us');
    const own = await say(eve, id, 'mine');
    await ada.put(`/chats/${id}/members`, { remove: [eve.id] });
    const waysIn = (chat: string, said: string): Promise<Reply>[] => [
      eve.get(`/chats/${chat}`),
      eve.patch(`/chats/${chat}`, { name: 'x' }),
      eve.delete(`/chats/${chat}`),
      eve.put(`/chats/${chat}/members`, { add: [ada.id] }),
      eve.post(`/chats/${chat}/leave`),
      eve.get(`/chats/${chat}/messages`),
      eve.post(`/chats/${chat}/read`),
      eve.post('/messages', { chatId: chat, content: 'x' }),
      eve.patch(`/messages/${said}`, { content: 'x' }),
      eve.delete(`/messages/${said}`),
    ];
    const answers = async (chat: string, said: string) =>
      (await Promise.all(waysIn(chat, said))).map(({ status, body }) => ({ status, body }));
    const nothing = await answers('123456789', '123456789');
    expect(nothing.map(({ status }) => status)).toEqual(nothing.map(() => 404));
    expect(await answers(id, message)).toEqual(nothing);
    expect(await answers(id, own)).toEqual(nothing);
    for (const none of ['0', '-1', 'abc', '9'.repeat(30), '1e3', '%00'])
      expect((await eve.get(`/chats/${none}`)).status).toBe(404);
    expect((await eve.get('/chats')).body).toEqual([]);
    expect((await ada.get(`/chats/${id}/messages`)).body.messages.map(({ content }: { content: string }) => content)).toEqual([
      'for us',
      'mine',
    ]);
  });
});

describe('messages', () => {
  test('are read in pages both ways and around one', async () => {
    const [ada, bob] = (await people('ada', 'bob')) as [MessengerUser, MessengerUser];
    const chat = await group(ada, [bob]);
    const sent: string[] = [];
    for (let at = 0; at < 25; at += 1) sent.push(await say(at % 2 === 0 ? ada : bob, chat, `сообщение ${at}`));
    const page = async (query: string) => {
      const { messages, more } = (await bob.get(`/chats/${chat}/messages?${query}`)).body;
      return [idsOf(messages), more];
    };
    expect(await page('')).toEqual([sent, false]);
    expect(await page('limit=10')).toEqual([sent.slice(15), true]);
    expect(await page(`before=${sent[15]}&limit=10`)).toEqual([sent.slice(5, 15), true]);
    expect(await page(`before=${sent[5]}&limit=10`)).toEqual([sent.slice(0, 5), false]);
    expect(await page('after=0&limit=10')).toEqual([sent.slice(0, 10), true]);
    expect(await page(`after=${sent[19]}&limit=10`)).toEqual([sent.slice(20), false]);
    const [around, more] = await page(`around=${sent[12]}&limit=5`);
    expect([around?.includes(sent[12] ?? ''), (around as string[]).length, more]).toEqual([true, 5, true]);
    expect(await bob.get(`/chats/${chat}/messages?before=${sent[3]}&after=${sent[1]}`)).toMatchObject({ status: 400 });
    expect(await bob.get(`/chats/${chat}/messages?before=x`)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_argument', fields: { before: expect.any(String) as unknown } } },
    });
  });

  test('are stored once however often they are sent, edited, and taken back', async () => {
    const [ada, bob] = (await people('ada', 'bob')) as [MessengerUser, MessengerUser];
    const chatId = await group(ada, [bob]);
    const body = { chatId, content: 'once 🎯', clientMessageId: 'c-1' };
    const replies = await Promise.all([1, 2, 3, 4].map(() => ada.post('/messages', body)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
    expect(new Set(replies.map((reply) => JSON.stringify(reply.body))).size).toBe(1);
    expect(await ada.post('/messages', { ...body, content: 'another' })).toMatchObject({
      status: 409,
      body: { error: { code: 'already_exists' } },
    });
    expect((await bob.post('/messages', { ...body, content: 'mine' })).status).toBe(201);
    const { id } = replies[0]?.body;
    expect((await bob.patch(`/messages/${id}`, { content: 'hacked' })).status).toBe(403);
    expect((await bob.delete(`/messages/${id}`)).status).toBe(403);
    expect((await ada.patch(`/messages/${id}`, { content: 'исправлено' })).body).toMatchObject({ id, content: 'исправлено' });
    expect((await bob.get(`/chats/${chatId}/messages`)).body.messages[0]).toMatchObject({ id, content: 'исправлено' });
    for (let time = 0; time < 2; time += 1) expect((await ada.delete(`/messages/${id}`)).body).toMatchObject({ id, content: '' });
    expect((await ada.patch(`/messages/${id}`, { content: 'x' })).status).toBe(409);
    expect(JSON.stringify((await bob.get(`/chats/${chatId}/messages`)).body)).not.toContain('исправлено');
  });

  test('of which some are read leave the rest unread, for each member their own', async () => {
    const [ada, bob] = (await people('ada', 'bob')) as [MessengerUser, MessengerUser];
    const chat = await group(ada, [bob]);
    const sent = [await say(ada, chat, 'one'), await say(ada, chat, 'two'), await say(ada, chat, 'three')];
    expect((await bob.post(`/chats/${chat}/read`, { messageId: sent[1] })).body).toEqual({ chatId: chat, unreadCount: 1 });
    expect((await bob.post(`/chats/${chat}/read`, { messageId: sent[0] })).body).toEqual({ chatId: chat, unreadCount: 1 });
    const { users, unreadCount } = (await ada.get(`/chats/${chat}`)).body;
    expect([
      unreadCount,
      Object.fromEntries(users.map((one: { userId: string; unreadCount: number }) => [one.userId, one.unreadCount])),
    ]).toEqual([0, { [ada.id]: 0, [bob.id]: 1 }]);
    const elsewhere = await say(ada, await group(ada, []), 'elsewhere');
    expect((await bob.post(`/chats/${chat}/read`, { messageId: elsewhere })).status).toBe(404);
  });
});

describe('a message with a file', () => {
  const formOf = (...parts: readonly (readonly [string, string | Blob, string?])[]): FormData => {
    const form = new FormData();
    for (const [name, value, fileName] of parts)
      if (typeof value === 'string') form.append(name, value);
      else form.append(name, value, fileName);
    return form;
  };
  const bytes = new Blob(['Отчёт за 2026 год 📈'], { type: 'text/html' });
  const post = (user: MessengerUser, form: FormData): Promise<Reply> => user.send('/messages', { method: 'POST', body: form });

  test('comes as a form in any order, is one however often it is sent, and its caption can be edited', async () => {
    const [ada, bob] = (await people('ada', 'bob')) as [MessengerUser, MessengerUser];
    const chatId = await group(ada, [bob]);
    const first = await post(
      ada,
      formOf(['file', bytes, '../отчёт.txt'], ['content', 'Смотри'], ['chatId', chatId], ['clientMessageId', 'f-1']),
    );
    expect(first).toMatchObject({ status: 201, body: { chatId, content: 'Смотри', fileName: 'отчёт.txt' } });
    const again = await post(
      ada,
      formOf(['chatId', chatId], ['clientMessageId', 'f-1'], ['content', 'Смотри'], ['file', bytes, 'отчёт.txt']),
    );
    expect(again).toMatchObject({ status: 200, body: { id: first.body.id, fileUrl: first.body.fileUrl } });
    const other = formOf(
      ['chatId', chatId],
      ['clientMessageId', 'f-1'],
      ['content', 'Смотри'],
      ['file', new Blob(['other']), 'отчёт.txt'],
    );
    expect((await post(ada, other)).status).toBe(409);
    const [seen] = (await bob.get(`/chats/${chatId}/messages`)).body.messages;
    const file = await fetch(url + seen.fileUrl);
    expect([file.status, await file.text()]).toEqual([200, 'Отчёт за 2026 год 📈']);
    const bare = await post(ada, formOf(['chatId', chatId], ['file', bytes, 'a.txt']));
    expect(bare).toMatchObject({ status: 201, body: { content: '', fileName: 'a.txt' } });
    expect((await ada.patch(`/messages/${bare.body.id}`, { content: 'подпись' })).body).toMatchObject({
      content: 'подпись',
      fileName: 'a.txt',
    });
    // What a browser sends for a file that was not chosen.
    const unchosen = ['name="chatId"', 'name="content"', 'name="file"; filename=""\r\ncontent-type: application/octet-stream']
      .map((head, at) => `--x\r\ncontent-disposition: form-data; ${head}\r\n\r\n${[chatId, 'words alone', ''][at]}\r\n`)
      .concat('--x--\r\n')
      .join('');
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const sent = await ada.send('/messages', { method: 'POST', body: unchosen, headers });
    expect(sent).toMatchObject({ status: 201, body: { content: 'words alone' } });
    expect(sent.body).not.toHaveProperty('fileUrl');
  });

  test('that is refused, or whose form is not as it must be, is in no chat', async () => {
    const [ada, bob, eve] = (await people('ada', 'bob', 'eve')) as [MessengerUser, MessengerUser, MessengerUser];
    const chatId = await group(ada, [bob]);
    const file = ['file', bytes, 'a.txt'] as const;
    const many = Array.from({ length: 20 }, (_, at) => [`f${at}`, 'x'] as const);
    const broken = '--x\r\ncontent-disposition: form-data; name="chatId"\r\n\r\n1';
    for (const [reply, status, field] of [
      [await post(eve, formOf(['chatId', chatId], file)), 404, undefined],
      [await post(eve, formOf(file, ['chatId', chatId])), 404, undefined],
      [await post(ada, formOf(file)), 400, 'chatId'],
      [await post(ada, formOf(['chatId', chatId])), 400, 'content'],
      [await post(ada, formOf(['chatId', 'x'], file)), 400, 'chatId'],
      [await post(ada, formOf(['chatId', chatId], ['chatId', chatId], file)), 400, 'chatId'],
      [await post(ada, formOf(['chatId', chatId], file, file)), 413, 'body'],
      [await post(ada, formOf(['chatId', chatId], ...many, file)), 413, 'body'],
      [await post(ada, formOf(['chatId', chatId], ['content', 'x'.repeat(70_000)], file)), 413, 'content'],
      [
        await ada.send('/messages', {
          method: 'POST',
          body: broken,
          headers: { 'content-type': 'multipart/form-data; boundary=x' },
        }),
        400,
        'body',
      ],
      [await ada.send(`/chats/${chatId}/read`, { method: 'POST', body: formOf(file) }), 400, 'content-type'],
    ] as const) {
      expect(reply.status).toBe(status);
      if (field !== undefined) expect(Object.keys(reply.body.error.fields)).toEqual([field]);
    }
    expect((await bob.get(`/chats/${chatId}/messages`)).body.messages).toEqual([]);
  });
});

describe('the list of chats', () => {
  test('comes newest activity first, in pages that say where the next one is', async () => {
    const [ada, bob] = (await people('ada', 'bob')) as [MessengerUser, MessengerUser];
    const chats: string[] = [];
    for (let at = 0; at < 7; at += 1) chats.push(await group(ada, [bob], `Chat ${at}`));
    for (const at of [2, 5]) await say(bob, chats[at] ?? '', 'news');
    const order = [5, 2, 6, 4, 3, 1, 0].map((at) => chats[at]);
    const whole = await ada.get('/chats');
    expect(idsOf(whole.body)).toEqual(order);
    expect(whole.headers.get('link')).toBeNull();
    const paged: string[] = [];
    for (let path = '/chats?limit=3', pages = 1; ; pages += 1) {
      const { body, headers } = await ada.get(path);
      paged.push(...idsOf(body));
      const next = /^<\/api(\/chats\?before=\d+&limit=3)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
      if (next === undefined) {
        expect(pages).toBe(3);
        break;
      }
      path = next;
    }
    expect(paged).toEqual(order);
    expect(idsOf((await ada.get('/chats?limit=0')).body)).toEqual(order.slice(0, 1));
    expect(idsOf((await ada.get('/chats?limit=100000')).body)).toEqual(order);
  });
});

describe('what is not as it must be', () => {
  test('is refused in one form that says where', async () => {
    const [ada, bob] = (await people('ada', 'bob')) as [MessengerUser, MessengerUser];
    const chatId = await group(ada, [bob]);
    const long = 'x'.repeat(65_537);
    for (const [reply, status, code, field] of [
      [await ada.post('/chats', {}), 400, 'invalid_argument', 'userIds'],
      [await ada.post('/chats', { userIds: 'all' }), 400, 'invalid_argument', 'userIds'],
      [await ada.post('/chats', { userIds: [5] }), 400, 'invalid_argument', 'userIds.0'],
      [await ada.post('/chats', { userIds: [] }), 400, 'invalid_argument', 'userIds'],
      [await ada.post('/chats', { userIds: [bob.id, '5'] }), 400, 'invalid_argument', 'userIds'],
      [await ada.post('/chats', { isGroup: true, userIds: [bob.id] }), 400, 'invalid_argument', 'name'],
      [await ada.post('/chats', { isGroup: true, name: ' ', userIds: [bob.id] }), 400, 'invalid_argument', 'name'],
      [await ada.post('/chats', { isGroup: true, name: 'x'.repeat(129), userIds: [] }), 400, 'invalid_argument', 'name'],
      [await ada.post('/chats', { isGroup: 'yes', userIds: [bob.id] }), 400, 'invalid_argument', 'isGroup'],
      [await ada.patch(`/chats/${chatId}`, {}), 400, 'invalid_argument', undefined],
      [await ada.patch(`/chats/${chatId}`, { name: '' }), 400, 'invalid_argument', 'name'],
      [await ada.patch(`/chats/${chatId}`, { profilePic: 'data:text/html,x' }), 400, 'invalid_argument', 'profilePic'],
      [await ada.put(`/chats/${chatId}/members`, { remove: [ada.id] }), 400, 'invalid_argument', 'remove'],
      [await ada.post('/messages', { chatId }), 400, 'invalid_argument', 'content'],
      [await ada.post('/messages', { chatId, content: '' }), 400, 'invalid_argument', 'content'],
      [await ada.post('/messages', { chatId, content: 'a\0b' }), 400, 'invalid_argument', 'content'],
      [await ada.post('/messages', { chatId, content: '\uD800' }), 400, 'invalid_argument', 'content'],
      [await ada.post('/messages', { chatId, content: { html: '<b>' } }), 400, 'invalid_argument', 'content'],
      [await ada.post('/messages', { chatId: 'x', content: 'x' }), 400, 'invalid_argument', 'chatId'],
      [await ada.post('/messages', { chatId, content: long }), 413, 'too_large', 'content'],
      [
        await ada.post('/messages', { chatId, content: 'x', clientMessageId: 'k'.repeat(200) }),
        400,
        'invalid_argument',
        'clientMessageId',
      ],
      [
        await ada.send('/messages', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }),
        400,
        'invalid_argument',
        'body',
      ],
      [
        await ada.send('/messages', { method: 'POST', body: 'a=b', headers: { 'content-type': 'text/plain' } }),
        400,
        'invalid_argument',
        'content-type',
      ],
      [await ada.post('/messages', { chatId, content: null }), 400, 'invalid_argument', 'content'],
      [await ada.post('/chats', { isGroup: true, name: 'a\u202Eb', userIds: [bob.id] }), 400, 'invalid_argument', 'name'],
      [await ada.patch(`/chats/${chatId}`, { name: 'a\nb' }), 400, 'invalid_argument', 'name'],
      [await ada.patch('/users/me', { name: '\u2067a' }), 400, 'invalid_argument', 'name'],
      [await ada.get('/chats?limit=many'), 400, 'invalid_argument', 'limit'],
      [await ada.get('/chats?limit=1.5'), 400, 'invalid_argument', 'limit'],
      [await ada.get('/chats?before=-5'), 400, 'invalid_argument', 'before'],
      [await messengerUser(url).get('/chats'), 401, 'unauthenticated', undefined],
      [await messengerUser(url, 'nonsense').post('/messages', { chatId, content: 'x' }), 401, 'unauthenticated', undefined],
    ] as const) {
      expect(reply).toMatchObject({ status, body: { error: { code, message: expect.any(String) as unknown } } });
      if (field !== undefined) expect(Object.keys(reply.body.error.fields)).toEqual([field]);
    }
  });
});

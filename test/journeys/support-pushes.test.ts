/** What back ends tell the desk: it is stored once, told to those it is for, and found again under the names they gave it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import { request } from '../support/clients/http.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

let ids = 70_000;
const newId = (): number => (ids += 1);

const SUCCESS = { status: 200, body: { success: true } };

const person = (id: number, role = 'user') => ({
  id,
  role,
  avatar: 'https://cdn.example/a.png',
  lastname: 'Ivanova',
  firstname: 'Anna',
  patronymic: 'Petrovna',
});

/** A chat as the documents have it. */
function chatBody(source: string, more: object = {}) {
  const owner = newId();
  return { uuid: randomUUID(), widget: { source }, status: 'new', owner_user: person(owner), operator_user: null, ...more };
}

/** A message as the documents have it. */
function messageBody(chat: object, more: object = {}) {
  const at = '2025-01-20T16:31:04+03:00';
  const user = (chat as { owner_user: object }).owner_user;
  return {
    id: newId(),
    type: 'standard',
    type_role: 'user',
    status: 'new',
    text: 'From elsewhere',
    send_time: at,
    message_index: 0,
    chat,
    user,
    attachments: [],
    ...more,
  };
}

const FILE = { type: 'image', filename: 'gold sphere_2.gif', extension: 'gif', size: 1_614_977 };

const push = (method: string, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  callDesk(server.url, method, path, body, headers);

const board = (id: number, source: string): Promise<DeskPeer> =>
  DeskPeer.connect(server.url, id, { role: 'operator', path: '/broadcast', query: { source } });

describe('/message', () => {
  test('is stored once, told in the chat and on the broadcast, and keeps the ids and words it came with', async () => {
    const operator = await board(newId(), 'create');
    const chat = chatBody('create');
    const attachment = {
      uuid: randomUUID(),
      type: 'hologram',
      url: 'https://cdn.example/x',
      url_preview: '',
      filename: 'x.holo',
      extension: 'holo',
      size: 12,
      depth: 3,
    };
    const message = messageBody(chat, { attachments: [attachment], mood: 'curious' });
    expect(await push('POST', '/message', message)).toEqual(SUCCESS);
    const told = await operator.next('message_added');
    expect(told).toEqual({
      type: 'message_added',
      data: { message: { ...message, message_index: 1, chat: { ...chat } } },
    });
    // The same call again, and one with the same id and other words: one message.
    expect(await push('POST', '/message', message)).toEqual(SUCCESS);
    expect(await push('POST', '/message', { ...message, text: 'Other words' })).toEqual(SUCCESS);
    const marker = messageBody(chat, { text: 'the next' });
    await push('POST', '/message', marker);
    expect((await operator.next('message_added')).data.message).toMatchObject({ id: marker.id, message_index: 2 });
    // Its client comes with a token of the same account and is in the same chat.
    const client = await DeskPeer.connect(server.url, chat.owner_user.id, { query: { chat: chat.uuid, after: '0' } });
    const [first, second] = [await client.next('message_added'), await client.next('message_added')];
    expect(first.data.message).toEqual(told.data.message);
    expect(second.data.message.id).toBe(marker.id);
    // And marks it by the id that it was told.
    const inside = await DeskPeer.connect(server.url, newId(), { role: 'operator', query: { chat: chat.uuid } });
    inside.say('mark_message_read', { message_id: message.id });
    expect((await client.next('message_updated')).data.message).toMatchObject({ id: message.id, status: 'read' });
  });

  test('PUT and PATCH change it, by the id it was given', async () => {
    const operator = await board(newId(), 'update');
    const chat = chatBody('update');
    const message = messageBody(chat);
    await push('POST', '/message', message);
    await operator.next('message_added');
    for (const method of ['PUT', 'PATCH']) {
      expect(await push(method, '/message', { ...message, text: `By ${method}` })).toEqual(SUCCESS);
      const updated = await operator.next('message_updated');
      expect(updated.data.message).toMatchObject({ id: message.id, text: `By ${method}`, message_index: 1 });
    }
    expect(await push('PATCH', '/message', { id: message.id, status: 'read' })).toEqual(SUCCESS);
    for (;;) if ((await operator.next('message_updated')).data.message.status === 'read') break;
    // Behind what it is, it stays.
    await push('PATCH', '/message', { id: message.id, status: 'delivered', text: 'Still read' });
    for (;;) {
      const { data } = await operator.next('message_updated');
      expect(data.message.status).toBe('read');
      if (data.message.text === 'Still read') break;
    }
    expect(await push('PUT', '/message', { ...message, id: 999_999_999 })).toEqual({
      status: 404,
      body: { error: { code: 'not_found', message: expect.any(String) as unknown } },
    });
  });

  test('a word that only the back end knows is kept and told', async () => {
    const operator = await board(newId(), 'words');
    const chat = chatBody('words', { status: 'on_hold', operator_user: person(newId(), 'supervisor') });
    await push('POST', '/message', messageBody(chat, { type: 'survey', status: 'failed', user: person(newId(), 'partner') }));
    const { message } = (await operator.next('message_added')).data as { message: object };
    expect(message).toMatchObject({
      type: 'survey',
      status: 'failed',
      user: { role: 'partner' },
      chat: { status: 'on_hold', operator_user: { role: 'supervisor' } },
    });
  });

  test.each<[type: string, typeRole: string, seenBy: readonly string[]]>([
    ['NOTE', 'user', ['operator']],
    ['Note ', 'operator', ['operator']],
    ['internal remark', 'operator', ['operator']],
    ['internal remark', 'Operator', ['operator']],
    ['System', 'USER', ['client']],
    ['survey', 'supervisor', []],
    ['Standard', 'operator', ['client', 'operator', 'board']],
    ['survey', 'user', ['client', 'operator', 'board']],
  ])('a message of type %j for %j is heard by %j and nobody else, and is told as it came', async (type, role, seenBy) => {
    const screen = await board(newId(), 'types');
    const chat = chatBody('types');
    await push('POST', '/update/chat', chat);
    const client = await DeskPeer.connect(server.url, chat.owner_user.id, { query: { chat: chat.uuid } });
    const inside = await DeskPeer.connect(server.url, newId(), { role: 'operator', query: { chat: chat.uuid } });
    const message = messageBody(chat, { type, type_role: role, text: 'for whom it concerns' });
    expect(await push('POST', '/message', message)).toEqual(SUCCESS);
    expect(await push('PATCH', '/message', { id: message.id, text: 'changed, for whom it concerns' })).toEqual(SUCCESS);
    await push('POST', '/global', { mark: message.id });
    while ((await screen.next('global_updated')).data.mark !== message.id);
    await Promise.all([client.settled(), inside.settled()]);
    const told = { client, operator: inside, board: screen };
    const heard = Object.entries(told).filter(([, peer]) => JSON.stringify(peer.told).includes('for whom it concerns'));
    expect(heard.map(([who]) => who)).toEqual(seenBy);
    for (const [, { told: frames }] of heard) {
      const added = frames.find((frame) => frame.type === 'message_added' && frame.data.message.id === message.id);
      expect(added?.data.message.type).toBe(type);
    }
    // Nor in what is read later.
    const again = await DeskPeer.connect(server.url, chat.owner_user.id, { query: { chat: chat.uuid, after: '0' } });
    expect(JSON.stringify(await again.settled()).includes('for whom it concerns')).toBe(seenBy.includes('client'));
  });

  test('a change is for those who have the message, and says so where it names others', async () => {
    const chat = chatBody('audiences');
    const [open, note] = [messageBody(chat), messageBody(chat, { type: 'note', type_role: 'operator' })];
    await push('POST', '/message', open);
    await push('POST', '/message', note);
    const change = (id: number, more: object) => push('PUT', '/message', { id, text: 'changed', ...more });
    for (const [id, more, field] of [
      [open.id, { type: 'note' }, 'type'],
      [open.id, { type: 'NOTE', type_role: 'user' }, 'type'],
      [open.id, { type: 'system', type_role: 'operator' }, 'type'],
      [note.id, { type: 'standard' }, 'type'],
    ] as const) {
      const answer = await change(id, more);
      expect([more, answer.status, Object.keys(answer.body.error?.fields as object)]).toEqual([more, 422, [field]]);
    }
    for (const [id, more] of [
      [open.id, { type: 'standard', type_role: 'user' }],
      [open.id, { type: 'bot' }],
      [note.id, { type: 'Note', type_role: 'user' }],
      [note.id, {}],
    ] as const) {
      expect(await change(id, more)).toEqual(SUCCESS);
    }
  });

  test('an impossible time changes nothing either', async () => {
    const chat = chatBody('times');
    const message = messageBody(chat);
    await push('POST', '/message', message);
    const answer = await push('PATCH', '/message', { id: message.id, send_time: '2026-02-31T25:61:00+00:00' });
    expect(answer).toMatchObject({
      status: 422,
      body: { error: { code: 'invalid_argument', fields: { send_time: expect.any(String) as unknown } } },
    });
  });

  test.each(['string', '/pictures/a.png', 'https://cdn.example/a.png', 'HTTP://cdn.example/a', '//cdn.example/a', ''])(
    'a file at %j is told as it came',
    async (url) => {
      const operator = await board(newId(), 'addresses');
      const attachments = [{ ...FILE, uuid: randomUUID(), url, url_preview: url }];
      expect(await push('POST', '/message', messageBody(chatBody('addresses'), { attachments }))).toEqual(SUCCESS);
      expect((await operator.next('message_added')).data.message.attachments).toEqual(attachments);
    },
  );

  test('Widget-Source limits who hears of it to those who serve that widget too', async () => {
    const both = await board(newId(), 'main,special');
    const one = await board(newId(), 'main');
    const chat = chatBody('main');
    await push('POST', '/message', messageBody(chat, { text: 'for the special ones' }), { 'Widget-Source': 'special' });
    await push('POST', '/message', messageBody(chat, { text: 'for all' }));
    expect((await both.next('message_added')).data.message.text).toBe('for the special ones');
    expect((await both.next('message_added')).data.message.text).toBe('for all');
    expect((await one.next('message_added')).data.message.text).toBe('for all');
  });
});

test('/update/chat is told to operators, and is what the chat is from then on', async () => {
  const operator = newId();
  const screen = await board(operator, 'chats');
  const chat = chatBody('chats', { priority: 7 });
  expect(await push('POST', '/update/chat', chat)).toEqual(SUCCESS);
  expect(await screen.next('chat_updated')).toEqual({ type: 'chat_updated', data: { chat } });
  const taken = { ...chat, status: 'open', operator_user: person(operator, 'operator') };
  expect(await push('PUT', '/update/chat', taken)).toEqual(SUCCESS);
  expect(await screen.next('chat_updated')).toEqual({ type: 'chat_updated', data: { chat: taken } });
  for (;;) {
    const { data } = await screen.next('operator_updated');
    if (data.user.id === operator && data.open_chats === 1) break;
  }
  const entered = await DeskPeer.connect(server.url, operator, { role: 'operator', query: { chat: chat.uuid } });
  expect((await entered.send('Here I am')).data.message.chat).toEqual(taken);
});

test('/update/operators and /global are told as they came, and ours are not told over them', async () => {
  const operator = newId();
  const screen = await board(newId(), 'figures');
  const body = [{ user: person(operator, 'operator'), is_online: true, new_chats: 12, open_chats: 34, shift: 'night' }];
  expect(await push('POST', '/update/operators', body)).toEqual(SUCCESS);
  for (;;) {
    const { data } = await screen.next('operator_updated');
    if (data.user.id !== operator) continue;
    expect(data).toEqual(body[0]);
    break;
  }
  await using own = await startServer();
  const other = await DeskPeer.connect(own.url, 1, { role: 'operator', path: '/broadcast' });
  expect(await callDesk(own.url, 'POST', '/global', { unread_chats: 99, sla: 'red' })).toEqual(SUCCESS);
  expect(await other.next('global_updated')).toEqual({ type: 'global_updated', data: { unread_chats: 99, sla: 'red' } });
});

test('/notifications/chat reaches only the operator who has the chat', async () => {
  const [mine, others] = [newId(), newId()];
  const [screen, second, foreign] = [await board(mine, 'bells'), await board(mine, 'bells'), await board(others, 'bells')];
  const chat = chatBody('bells', { operator_user: person(mine, 'operator'), status: 'open' });
  expect(await push('POST', '/notifications/chat', chat)).toEqual(SUCCESS);
  for (const peer of [screen, second]) {
    expect(await peer.next('chat_notification')).toEqual({ type: 'chat_notification', data: { chat } });
  }
  await push('POST', '/global', { unread_chats: 0 });
  await foreign.next('global_updated');
  expect(foreign.told.map(({ type }) => type)).not.toContain('chat_notification');
});

test('/online-users lists each session on the broadcast', async () => {
  await using own = await startServer();
  const open = (id: number, query: string): Promise<DeskPeer> =>
    DeskPeer.connect(own.url, id, { role: 'operator', path: '/broadcast', query });
  await open(1, 'source=a&source=b&department=sales');
  await open(1, 'source=a');
  const last = await open(2, 'source=b');
  const list = (headers = {}) => callDesk(own.url, 'GET', '/online-users', undefined, headers);
  expect(await list()).toEqual({
    status: 200,
    body: [
      { user_id: 1, widget_sources: ['a', 'b'], department_sources: ['sales'] },
      { user_id: 1, widget_sources: ['a'], department_sources: [] },
      { user_id: 2, widget_sources: ['b'], department_sources: [] },
    ],
  });
  expect((await list({ 'widget-source': 'b' })).body).toHaveLength(2);
  await last.close();
  while (((await list()).body as unknown[]).length > 2) await new Promise(setImmediate);
});

describe('bad calls', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['no token', { 'Api-Token': '' }],
    ['a wrong token', { 'Api-Token': 'guessed' }],
    ['an empty token', { 'Api-Token': ' ' }],
    ['two tokens', { 'Api-Token': `${API_TOKENS.admin}, ${API_TOKENS.admin}` }],
  ])('%s is refused', async (_name, headers) => {
    const body = JSON.stringify(messageBody(chatBody('refused')));
    for (const [method, path] of [
      ['POST', '/message'],
      ['PUT', '/message'],
      ['POST', '/update/chat'],
      ['POST', '/update/operators'],
      ['POST', '/global'],
      ['POST', '/notifications/chat'],
      ['GET', '/online-users'],
    ] as const) {
      const answer = await request(server.port, { method, path, headers, ...(method !== 'GET' && { body }) });
      expect([path, answer.status]).toEqual([path, 401]);
      expect(JSON.parse(answer.body)).toEqual({ error: { code: 'unauthenticated', message: expect.any(String) as unknown } });
    }
  });

  test('a token twice is refused', async () => {
    const twice = { 'Api-Token': `${API_TOKENS.admin}\r\nApi-Token: ${API_TOKENS.admin}` };
    expect((await request(server.port, { method: 'GET', path: '/online-users', headers: twice })).status).toBe(401);
  });

  test('a token without the right, or of another namespace, is refused', async () => {
    const as = (token: string, more = {}) => callDesk(server.url, 'POST', '/global', {}, { 'api-token': token, ...more });
    expect((await as(API_TOKENS.sessions)).status).toBe(403);
    expect((await as(API_TOKENS.elsewhere, { 'x-namespace': 'default' })).status).toBe(403);
    expect((await as(API_TOKENS.elsewhere)).status).toBe(200);
  });

  const chat = chatBody('bad');
  const withFile = (file: object): object => messageBody(chat, { attachments: [{ uuid: randomUUID(), type: 'image', ...file }] });
  test.each<[string, string, unknown, string]>([
    ['no JSON', '/message', '{"id": 1', ''],
    ['no body', '/message', '', ''],
    ['a list', '/message', [], 'body'],
    ['no chat', '/message', { id: 1, text: 'x' }, 'chat'],
    ['a chat without a UUID', '/message', { chat: {} }, 'chat.uuid'],
    ['a UUID that is none', '/message', { chat: { uuid: 'x' } }, 'chat.uuid'],
    ['an id that is none', '/message', messageBody(chat, { id: 1.5 }), 'id'],
    ['a text that is none', '/message', messageBody(chat, { text: 7 }), 'text'],
    ['a time that is none', '/message', messageBody(chat, { send_time: 'soon' }), 'send_time'],
    ['a day that is not in the calendar', '/message', messageBody(chat, { send_time: '2026-02-31T10:00:00Z' }), 'send_time'],
    ['a time that no clock shows', '/message', messageBody(chat, { send_time: '2026-02-28T25:61:00Z' }), 'send_time'],
    ['an address that runs', '/message', withFile({ url: 'javascript:alert(1)' }), 'attachments.0.url'],
    ['an address that is a file itself', '/message', withFile({ url: 'data:text/html,x' }), 'attachments.0.url'],
    ['an address in disguise', '/message', withFile({ url: ' java\nscript:alert(1)' }), 'attachments.0.url'],
    ['a preview that runs', '/message', withFile({ url_preview: 'vbscript:x' }), 'attachments.0.url_preview'],
    ['an avatar that runs', '/message', messageBody(chat, { user: { id: 5, avatar: 'javascript:alert(1)' } }), 'avatar'],
    ['an avatar of an operator that runs', '/update/operators', [{ user: { id: 5, avatar: 'blob:x' } }], 'avatar'],
    ['a system message for nobody', '/message', messageBody(chat, { type: 'system', type_role: null }), 'type_role'],
    [
      'too many attachments',
      '/message',
      messageBody(chat, { attachments: Array.from({ length: 51 }, () => ({ uuid: randomUUID() })) }),
      'attachments',
    ],
    ['an operator without a user', '/update/operators', [{ is_online: true }], '0.user'],
    ['one operator', '/update/operators', { user: person(1) }, 'body'],
    ['a count that is none', '/global', { unread_chats: -1 }, 'unread_chats'],
    ['a chat without a UUID', '/update/chat', { status: 'new' }, 'uuid'],
  ])('%s at %s', async (_name, path, body, field) => {
    const { status, body: answer } = await push('POST', path, body);
    expect(status).toBe(422);
    expect(answer.error.code).toBe('invalid_argument');
    if (field !== '') expect(Object.keys(answer.error.fields as object)).toContain(field);
  });

  test('what is too deep or too large', async () => {
    const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`;
    expect((await push('POST', '/global', deep)).status).toBe(422);
    expect((await push('POST', '/global', { text: 'x'.repeat(20_000) })).status).toBe(413);
    expect((await push('POST', '/global', { text: 'x'.repeat(3_000_000) })).status).toBe(413);
    expect((await push('POST', '/message', messageBody(chat, { text: 'x'.repeat(70_000) }))).status).toBe(413);
  });
});

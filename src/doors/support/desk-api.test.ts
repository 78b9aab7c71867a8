/** `/api/desk` over a real core: what operators, clients, visitors and back ends do there, and what they are refused. */
import { describe, expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';
import type { Answer, Headers, ManagementServer } from '../../../test/support/management.ts';
import { tokenFor } from '../../../test/support/tokens.ts';

const CLIENT = 7;
const ANN = 21;
const BEN = 22;

async function startDesk(now?: () => number) {
  const door = await startManagement(now && { now });
  const as = (sub: number, role: string): Promise<Headers> => door.user(sub, { role, name: `User ${sub}` });
  const client = await as(CLIENT, 'user');
  const ann = await as(ANN, 'operator');
  const ben = await as(BEN, 'operator');
  const post = (url: string, headers: Headers, body?: unknown): Promise<Answer> =>
    door.call('POST', `/api/desk${url}`, { headers, ...(body !== undefined && { body }) });
  const get = (url: string, headers: Headers): Promise<Answer> => door.call('GET', `/api/desk${url}`, { headers });
  return { door, client, ann, ben, post, get, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

type Desk = Awaited<ReturnType<typeof startDesk>>;

async function openChat({ post, client }: Desk, text = 'Hello?'): Promise<string> {
  const { body } = await post('/chats', client, { source: 'lk' });
  expect((await post(`/chats/${body.uuid}/messages`, client, { text })).status).toBe(201);
  return body.uuid;
}

const codeOf = ({ body }: Answer): string => body.error?.code;

describe('a chat', () => {
  it('is opened once, waits, is taken by one, answered, closed, rated and opened again', async () => {
    await using desk = await startDesk();
    const { post, get, client, ann, ben } = desk;
    const uuid = await openChat(desk);
    expect((await post('/chats', client, { source: 'lk' })).status).toBe(200);
    expect((await get('/queue', ann)).body).toMatchObject({
      total: 1,
      chats: [{ uuid, unread: true, lastMessage: { text: 'Hello?' } }],
    });

    const taken = await Promise.all([post(`/chats/${uuid}/take`, ann), post(`/chats/${uuid}/take`, ben)]);
    expect(taken.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const loser = taken.find(({ status }) => status === 409);
    expect(loser?.body.error).toMatchObject({
      code: 'failed_precondition',
      message: 'User 21 has this chat.',
      fields: { operator: '21' },
    });
    expect((await get('/queue', ann)).body.total).toBe(0);
    expect((await get('/counts', ann)).body).toEqual({ waiting: 0, mine: 1, open: 1, closed: 0, unread: 1 });

    const { body: said } = await post(`/chats/${uuid}/messages`, ann, { text: 'Yes?' });
    expect(said).toMatchObject({ status: 'new', sender: { id: '21', role: 'operator' }, index: 2 });
    const history = await get(`/chats/${uuid}/messages`, ann);
    await post(`/chats/${uuid}/read`, ann, { messageId: history.body.messages[0].id });
    await post(`/chats/${uuid}/read`, client, { messageId: said.id });
    const after = await get(`/chats/${uuid}/messages`, client);
    expect(after.body.messages.map(({ status }: { status: string }) => status)).toEqual(['read', 'read']);
    expect((await get('/counts', ann)).body.unread).toBe(0);

    expect(codeOf(await post(`/chats/${uuid}/rating`, client, { score: 5 }))).toBe('failed_precondition');
    expect((await post(`/chats/${uuid}/close`, ann)).body.status).toBe('closed');
    expect((await post(`/chats/${uuid}/rating`, client, { score: 5, comment: 'Fast!' })).body.rating).toEqual({
      score: 5,
      comment: 'Fast!',
    });
    expect(codeOf(await post(`/chats/${uuid}/rating`, ann, { score: 1 }))).toBe('permission_denied');
    await post(`/chats/${uuid}/messages`, client, { text: 'One more' });
    expect((await get(`/chats/${uuid}`, ann)).body).toMatchObject({ status: 'new', lastOperatorId: '21', unread: true });
    expect((await post(`/chats/${uuid}/reopen`, ann)).body).toMatchObject({ status: 'open', operator: { id: '21' } });
    expect((await post(`/chats/${uuid}/reopen`, ben)).body.error.fields).toEqual({ operator: '21' });
  });

  it('is handed on with a note, which its client never sees', async () => {
    await using desk = await startDesk();
    const { door, post, get, client, ann, ben } = desk;
    const uuid = await openChat(desk);
    await post(`/chats/${uuid}/take`, ann);
    await door.call('PUT', '/api/desk/departments/sales', { headers: server('conversations'), body: { title: 'Sales' } });
    expect(codeOf(await post(`/chats/${uuid}/transfer`, ann, { department: 'moon' }))).toBe('invalid_argument');
    expect(codeOf(await post(`/chats/${uuid}/transfer`, ann, { operatorId: '7' }))).toBe('invalid_argument');
    const moved = await post(`/chats/${uuid}/transfer`, ann, { department: 'sales', note: 'A second account' });
    expect(moved.body).toMatchObject({ status: 'new', department: 'sales', lastOperatorId: '21' });
    expect((await get('/queue?department=sales', ben)).body.total).toBe(1);
    const given = await post(`/chats/${uuid}/transfer`, ann, { operatorId: '22' });
    expect(given.body).toMatchObject({ status: 'new', operator: { id: '22' } });
    expect((await get('/operators', ann)).body.operators).toMatchObject([{ user: { id: '21' } }]);
    expect((await get('/chats?mine=true', ben)).body.total).toBe(1);

    await post(`/chats/${uuid}/notes`, ben, { text: 'On it' });
    const texts = (answer: Answer): string[] => answer.body.messages.map(({ text }: { text: string }) => text);
    expect(texts(await get(`/chats/${uuid}/messages`, ben))).toEqual(['Hello?', 'A second account', 'On it']);
    expect(texts(await get(`/chats/${uuid}/messages`, client))).toEqual(['Hello?']);
    expect((await get(`/chats/${uuid}/transcript`, client)).body.text).not.toContain('On it');
    expect((await get(`/chats/${uuid}/transcript`, ben)).body.text).toMatch(
      /Client: User 7\n\n.*User 7: Hello\?\n.*User 21 \(note\): A second account\n/,
    );
    expect(codeOf(await post(`/chats/${uuid}/notes`, client, { text: 'x' }))).toBe('permission_denied');
    expect(texts(await get(`/chats/${uuid}/messages`, server('messages', { 'x-on-behalf-of': '7' })))).toEqual(['Hello?']);
  });

  it('is nobody else’s: a stranger and an operator of other widgets find nothing', async () => {
    await using desk = await startDesk();
    const { door, post, get, ann, ben } = desk;
    const uuid = await openChat(desk);
    await door.call('PUT', '/api/desk/operators/22', { headers: server('conversations'), body: { sources: ['shop'] } });
    const stranger = await door.user(8);
    for (const headers of [ben, stranger]) {
      expect((await get(`/chats/${uuid}`, headers)).status).toBe(404);
      expect((await get(`/chats/${uuid}/messages`, headers)).status).toBe(404);
      expect((await get('/chats', headers)).body).toMatchObject({ chats: [], total: 0 });
      for (const step of ['close', 'reopen', 'read']) {
        expect((await post(`/chats/${uuid}/${step}`, headers, { messageId: '1' })).status).toBe(404);
      }
    }
    expect((await post(`/chats/${uuid}/take`, stranger)).status).toBe(403);
    expect((await post(`/chats/${uuid}/take`, ben)).status).toBe(404);
    for (const other of ['x', '0', '489204140212225', 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de']) {
      expect((await get(`/chats/${other}`, ann)).status).toBe(404);
    }
  });
});

describe('settings', () => {
  it('of widgets and departments are a back end’s; operators see those they serve', async () => {
    await using desk = await startDesk();
    const { door, get, ann, client } = desk;
    const put = (url: string, headers: Headers, body: unknown): Promise<Answer> =>
      door.call('PUT', `/api/desk${url}`, { headers, body });
    const backEnd = server('conversations');
    expect((await put('/widgets/lk', backEnd, { title: 'Mine', origins: ['https://a.example'] })).body).toMatchObject({
      source: 'lk',
      typingPreview: true,
      autoAssign: false,
    });
    expect((await put('/widgets/lk', ann, { title: 'x' })).status).toBe(403);
    expect((await get('/widgets', client)).status).toBe(403);
    for (const body of [
      { origins: ['https://a.example/path'] },
      { origins: ['nonsense'] },
      { hours: { timeZone: 'Mars/Olympus', hours: [] } },
      { hours: { timeZone: 'UTC', hours: [{ day: 1, from: 60, to: 60 }] } },
      { replies: 'nobody' },
    ]) {
      expect((await put('/widgets/lk', backEnd, body)).status).toBe(400);
    }
    await put('/operators/21', backEnd, { sources: ['shop'], capacity: 3 });
    expect((await get('/widgets', ann)).body.widgets).toEqual([]);
    expect((await put('/operators/21', ann, { available: false })).body).toMatchObject({
      available: false,
      capacity: 3,
      sources: ['shop'],
    });
    expect((await put('/operators/21', ann, { sources: [] })).status).toBe(403);
    expect((await put('/operators/22', ann, { available: false })).status).toBe(403);
    expect((await door.call('DELETE', '/api/desk/widgets/lk', { headers: backEnd })).status).toBe(204);
    expect((await door.call('DELETE', '/api/desk/widgets/lk', { headers: backEnd })).status).toBe(404);
  });

  it('canned replies are found by their words', async () => {
    await using desk = await startDesk();
    const { door, post, get, ann, client } = desk;
    const { body: hello } = await post('/replies', ann, { name: 'hello', text: 'Hello, how can I help?' });
    await post('/replies', ann, { name: 'refund', text: 'Money back within 14 days.', department: 'sales' });
    expect((await post('/replies', ann, { name: 'hello', text: 'x' })).status).toBe(409);
    const names = (answer: Answer): string[] => answer.body.replies.map(({ name }: { name: string }) => name);
    expect(names(await get('/replies?search=MONEY%20back', ann))).toEqual(['refund']);
    expect(names(await get('/replies?department=tech', ann))).toEqual(['hello']);
    expect((await get('/replies', client)).status).toBe(403);
    const put = { headers: ann, body: { name: 'hi', text: 'Hi' } };
    expect((await door.call('PUT', `/api/desk/replies/${hello.id}`, put)).body).toMatchObject({ id: hello.id, name: 'hi' });
    expect((await door.call('PUT', '/api/desk/replies/1', put)).status).toBe(404);
    expect((await door.call('DELETE', `/api/desk/replies/${hello.id}`, { headers: ann })).status).toBe(204);
    expect(names(await get('/replies', ann))).toEqual(['refund']);
  });
});

describe('a visitor', () => {
  const visit = (door: ManagementServer, body: object, headers: Headers = {}): Promise<Answer> =>
    door.call('POST', '/api/desk/visitors', { body, headers });

  it('is the same with the same secret, and another without', async () => {
    await using desk = await startDesk();
    const one = await visit(desk.door, { source: 'lk' });
    expect(one.status).toBe(201);
    const { userId, visitor, token } = one.body;
    expect((await visit(desk.door, { source: 'lk', visitor })).body).toMatchObject({ userId, visitor });
    expect((await visit(desk.door, { source: 'lk' })).body.userId).not.toBe(userId);
    const headers = { authorization: `Bearer ${token}` };
    const { body } = await desk.post('/chats', headers, { source: 'lk' });
    expect(body.client).toMatchObject({ id: userId, role: 'user' });
  });

  it('comes from pages that may show the widget', async () => {
    await using desk = await startDesk();
    const body = { origins: ['https://a.example'] };
    await desk.door.call('PUT', '/api/desk/widgets/lk', { headers: server('conversations'), body });
    expect((await visit(desk.door, { source: 'lk' }, { origin: 'https://a.example' })).status).toBe(201);
    expect((await visit(desk.door, { source: 'lk' }, { origin: 'https://b.example' })).status).toBe(403);
    expect((await visit(desk.door, { source: 'lk' })).status).toBe(403);
    expect((await visit(desk.door, { source: 'shop' })).status).toBe(404);
  });

  it('becomes a person: chats, words and unread counts go along, once', async () => {
    await using desk = await startDesk();
    const { post, get, ann } = desk;
    const { body: visitor } = await visit(desk.door, { source: 'lk' });
    const headers = { authorization: `Bearer ${visitor.token}` };
    const { body: chat } = await post('/chats', headers, { source: 'lk' });
    await post(`/chats/${chat.uuid}/messages`, headers, { text: 'Anonymous' });
    await post(`/chats/${chat.uuid}/messages`, ann, { text: 'Hello' });
    const token = tokenFor(CLIENT, { name: 'User 7' });
    expect((await post('/visitors/identify', headers, { token })).body).toEqual({ userId: '7', chats: 1 });
    expect((await post('/visitors/identify', headers, { token })).body).toEqual({ userId: '7', chats: 0 });
    expect((await get(`/chats/${chat.uuid}`, headers)).status).toBe(404);
    const found = await get(`/chats/${chat.uuid}/messages`, desk.client);
    expect(found.body.messages).toMatchObject([{ text: 'Anonymous', sender: { id: '7' } }, { text: 'Hello' }]);
    const unread = await desk.door.call('GET', `/api/conversations/${chat.id}/unread`, { headers: desk.client });
    expect(unread.body).toMatchObject({ unreadCount: 1 });
    expect((await post('/visitors/identify', desk.client, { token })).status).toBe(409);
    expect((await post('/visitors/identify', headers, { token: 'x' })).status).toBe(401);
    expect((await post('/visitors/identify', headers, { token: tokenFor(ANN, { role: 'operator' }) })).status).toBe(403);
  });

  it('is slowed down when one address asks too often', async () => {
    const moment = Date.now();
    await using desk = await startDesk(() => moment);
    const answers = [];
    for (let at = 0; at < 61; at += 1) answers.push((await visit(desk.door, { source: 'lk', visitor: 'A'.repeat(32) })).status);
    expect([answers.slice(0, 60).every((status) => status === 201), answers[60]]).toEqual([true, 429]);
  });
});

/** A day at the desk, with real clients: handing on with a note, rating, business hours, widgets of operators, and visitors who say who they are. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const CLIENT = 7;
const OTHER = 8;
const ANN = 21;
const BEN = 22;

const ALWAYS = { timeZone: 'Europe/Berlin', hours: [1, 2, 3, 4, 5, 6, 7].map((day) => ({ day, from: 0, to: 1440 })) };

let server: TestServer;
beforeEach(async () => {
  server = await startServer();
});
afterEach(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

async function call(method: string, path: string, token: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  const answer = await fetch(`${server.url}/api/desk${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of every shape
  return { status: answer.status, body: (await answer.json()) as any };
}

const operator = (user: number) => tokenFor(user, { role: 'operator', name: `User ${user}` });
const user = (id: number) => tokenFor(id, { name: `User ${id}` });

const backEnd = (method: string, path: string, body: object) => callDesk(server.url, method, `/api/desk${path}`, body);

/** An operator's broadcast: everything told before now was told to it. */
async function board(id: number): Promise<DeskPeer> {
  const peer = await DeskPeer.connect(server.url, id, { token: operator(id), path: '/broadcast' });
  await peer.ping();
  return peer;
}

/** A client in a chat of the widget, who has said something; Ann has taken it. */
async function chatWithAnn(): Promise<{ peer: DeskPeer; uuid: string }> {
  const peer = await DeskPeer.connect(server.url, CLIENT, { token: user(CLIENT), query: { source: 'lk', extensions: '1' } });
  const { uuid } = (await peer.send('Hello?')).data.message.chat as { uuid: string };
  expect((await call('POST', `/chats/${uuid}/take`, operator(ANN))).status).toBe(200);
  return { peer, uuid };
}

/** The last that a peer was told of who has the chat. */
const holders = (peer: DeskPeer) =>
  peer.told
    .filter(({ type }) => type === 'chat_updated')
    .map(({ data }) => [data.chat.status, data.chat.operator_user?.id ?? null]);

const words = (peer: DeskPeer): string[] =>
  peer.told.filter(({ type }) => type === 'message_added').map(({ data }) => data.message.text as string);

describe('a chat is handed on', () => {
  it('to an operator, with a note that the client never learns of', async () => {
    const { peer, uuid } = await chatWithAnn();
    const boards = [await board(ANN), await board(BEN)];
    const inside = await DeskPeer.connect(server.url, BEN, { token: operator(BEN), query: { chat: uuid } });
    await inside.settled();
    const moved = await call('POST', `/chats/${uuid}/transfer`, operator(ANN), {
      operatorId: String(BEN),
      note: 'Wants a refund',
    });
    expect(moved.body).toMatchObject({ status: 'open', operator: { id: String(BEN) } });
    for (const one of boards) expect((await one.next('chat_updated')).data.chat.operator_user.id).toBe(BEN);
    expect((await inside.next('message_added')).data.message).toMatchObject({
      type: 'note',
      text: 'Wants a refund',
      user: { id: ANN },
    });
    await inside.send('I see');
    for (;;) if ((await peer.next('message_added')).data.message.text === 'I see') break;
    expect(words(peer)).toEqual(['Hello?', 'I see']);
    expect(holders(peer).at(-1)).toEqual(['open', BEN]);
    const history = await call('GET', `/chats/${uuid}/messages`, operator(BEN));
    expect(history.body.messages.map(({ type, text }: { type: string; text: string }) => [type, text])).toEqual([
      ['standard', 'Hello?'],
      ['note', 'Wants a refund'],
      ['standard', 'I see'],
    ]);
    expect((await call('GET', '/counts', operator(ANN))).body.mine).toBe(0);
    expect((await call('GET', '/counts', operator(BEN))).body.mine).toBe(1);
    for (const one of [peer, inside, ...boards]) one.drop();
  });

  it('to a department, whose queue it waits in until one of its operators takes it', async () => {
    await backEnd('PUT', '/departments/sales', { title: 'Sales' });
    const { peer, uuid } = await chatWithAnn();
    const hears = await board(BEN);
    const moved = await call('POST', `/chats/${uuid}/transfer`, operator(ANN), { department: 'sales', note: 'A second account' });
    expect(moved.body).toMatchObject({ status: 'new', department: 'sales', lastOperatorId: String(ANN) });
    expect((await hears.next('chat_updated')).data.chat).toMatchObject({ status: 'new', operator_user: null });
    expect((await peer.next('queue_position')).data.position).toBe(1);
    expect((await call('GET', '/queue?department=sales', operator(BEN))).body).toMatchObject({ total: 1, chats: [{ uuid }] });
    expect((await call('GET', '/queue?department=support', operator(BEN))).body.total).toBe(0);
    expect((await call('POST', `/chats/${uuid}/take`, operator(BEN))).body).toMatchObject({
      status: 'open',
      department: 'sales',
    });
    expect((await call('POST', `/chats/${uuid}/take`, operator(ANN))).body.error.fields).toEqual({ operator: String(BEN) });
    expect((await peer.next('queue_position')).data.position).toBe(0);
    const { text } = (await call('GET', `/chats/${uuid}/transcript`, user(CLIENT))).body;
    expect(text).not.toContain('A second account');
    for (const one of [peer, hears]) one.drop();
  });
});

it('a closed chat is rated by its client, and the next message brings it back to the same operator', async () => {
  const { peer, uuid } = await chatWithAnn();
  const boards = [await board(ANN), await board(BEN)];
  const rate = (token: string, body: object) => call('POST', `/chats/${uuid}/rating`, token, body);
  expect((await rate(user(CLIENT), { score: 5 })).status).toBe(409);
  await call('POST', `/chats/${uuid}/close`, operator(ANN));
  expect((await rate(user(CLIENT), { score: 6 })).status).toBe(400);
  expect((await rate(operator(ANN), { score: 5 })).status).toBe(403);
  expect((await rate(user(OTHER), { score: 1 })).status).toBe(404);
  expect((await rate(user(CLIENT), { score: 5, comment: 'Fast!' })).body.rating).toEqual({ score: 5, comment: 'Fast!' });
  expect((await call('GET', `/chats/${uuid}`, operator(BEN))).body.rating).toEqual({ score: 5, comment: 'Fast!' });
  const again = await peer.send('One more thing');
  expect(again.data.message.chat).toMatchObject({ status: 'open', operator_user: { id: ANN } });
  for (const one of boards) {
    for (;;) if ((await one.next('message_added')).data.message.text === 'One more thing') break;
    await one.next('chat_updated');
    // Closed, rated, open again with Ann: at no moment nobody's.
    expect(holders(one)).toEqual([
      ['closed', ANN],
      ['closed', ANN],
      ['open', ANN],
    ]);
    one.drop();
  }
  peer.drop();
});

it('two operators who open a chat again at once: one has it, the other is told who', async () => {
  const { peer, uuid } = await chatWithAnn();
  await call('POST', `/chats/${uuid}/close`, operator(ANN));
  const answers = await Promise.all([ANN, BEN].map((one) => call('POST', `/chats/${uuid}/reopen`, operator(one))));
  const won = answers.find(({ status }) => status === 200);
  const lost = answers.find(({ status }) => status !== 200);
  expect([lost?.status, lost?.body.error.code, lost?.body.error.fields]).toEqual([
    409,
    'failed_precondition',
    { operator: won?.body.operator.id },
  ]);
  peer.drop();
});

it('business hours are told with a visitor’s token', async () => {
  const open = async (hours: object | undefined): Promise<boolean> => {
    expect((await backEnd('PUT', '/widgets/lk', hours === undefined ? {} : { hours })).status).toBe(200);
    return (await backEnd('POST', '/visitors', { source: 'lk' })).body.widget.open;
  };
  expect(await open(undefined)).toBe(true);
  expect(await open(ALWAYS)).toBe(true);
  expect(await open({ timeZone: 'Europe/Berlin', hours: [] })).toBe(false);
  expect((await backEnd('PUT', '/widgets/lk', { hours: { timeZone: 'Moon/Base', hours: [] } })).status).toBe(400);
});

describe('widgets of an operator', () => {
  it('are assigned before the operator has ever connected, and taken away while the operator listens', async () => {
    expect((await backEnd('PUT', `/operators/${BEN}`, { sources: ['shop'] })).body).toMatchObject({
      servesAll: false,
      sources: ['shop'],
    });
    const hears = await board(BEN);
    const lk = await DeskPeer.connect(server.url, CLIENT, { token: user(CLIENT), query: { source: 'lk' } });
    const shop = await DeskPeer.connect(server.url, OTHER, { token: user(OTHER), query: { source: 'shop' } });
    await lk.send('Not for Ben');
    const { uuid } = (await shop.send('For Ben')).data.message.chat as { uuid: string };
    expect((await hears.next('message_added')).data.message.text).toBe('For Ben');
    await call('POST', `/chats/${uuid}/messages`, operator(BEN), { text: 'Yes?' });
    await backEnd('PUT', `/operators/${BEN}`, { sources: ['lk'] });
    await shop.send('Still there?');
    await lk.send('For Ben now');
    for (;;) if ((await hears.next('message_added')).data.message.text === 'For Ben now') break;
    expect(words(hears)).toEqual(['For Ben', 'Yes?', 'For Ben now']);
    expect((await call('GET', `/chats/${uuid}`, operator(BEN))).status).toBe(404);
    expect((await call('GET', '/chats?mine=true', operator(BEN))).body.total).toBe(0);
    expect((await call('GET', '/queue', operator(ANN))).body.chats.map((chat: { uuid: string }) => chat.uuid)).toContain(uuid);
    for (const one of [hears, lk, shop]) one.drop();
  });
});

describe('a visitor', () => {
  const admit = async (source: string) =>
    (await backEnd('POST', '/visitors', { source })).body as { token: string; visitor: string };

  it('is one person: the socket ends, the old token opens nothing, another person is refused', async () => {
    const { token } = await admit('lk');
    const peer = await DeskPeer.connect(server.url, 0, { token, query: { source: 'lk' } });
    const { uuid } = (await peer.send('Anonymous')).data.message.chat as { uuid: string };
    const identify = (who: number) => call('POST', '/visitors/identify', token, { token: user(who) });
    expect((await identify(CLIENT)).body).toEqual({ userId: String(CLIENT), chats: 1 });
    expect((await peer.ended).code).toBe(1008);
    expect([(await identify(OTHER)).status, (await identify(CLIENT)).body]).toEqual([409, { userId: String(CLIENT), chats: 0 }]);
    expect((await call('GET', `/chats/${uuid}`, token)).status).toBe(404);
    expect((await call('POST', '/chats', token, { source: 'lk' })).status).toBe(409);
    const late = await DeskPeer.connect(server.url, 0, { token, query: { source: 'lk' } });
    expect((await late.ended).code).toBe(1008);
    expect(words(late)).toEqual([]);
    const found = await call('GET', `/chats/${uuid}/messages`, user(CLIENT));
    expect(found.body.messages).toMatchObject([{ text: 'Anonymous', sender: { id: String(CLIENT) } }]);
    expect((await call('GET', `/chats/${uuid}`, user(OTHER))).status).toBe(404);
  });

  it('opens chats in the widget of the token alone, nobody in one that is not set up, and no page in one that it may not show', async () => {
    await backEnd('PUT', '/widgets/lk', { origins: ['https://a.example'] });
    await backEnd('PUT', '/widgets/shop', {});
    const { token } = await admit('shop');
    expect((await call('POST', '/chats', token, { source: 'lk' })).status).toBe(403);
    expect((await call('POST', '/chats', token, { source: 'shop' })).status).toBe(201);
    expect((await call('POST', '/chats', user(CLIENT), { source: 'nowhere' })).status).toBe(404);
    expect((await call('POST', '/chats', user(CLIENT), { source: 'lk' }, { origin: 'https://b.example' })).status).toBe(403);
    expect((await call('POST', '/chats', user(CLIENT), { source: 'lk' }, { origin: 'https://a.example' })).status).toBe(201);
    for (const [bad, source] of [
      [token, 'lk'],
      [user(CLIENT), 'nowhere'],
    ] as const) {
      const peer = await DeskPeer.connect(server.url, 0, { token: bad, query: { source } });
      expect((await peer.ended).code).toBe(source === 'lk' ? 4403 : 1008);
      expect(peer.told).toEqual([]);
    }
  });
});

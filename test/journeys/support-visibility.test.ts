/**
 * Who learns of what is said in a support chat, and where: everybody who could have a part in one, everything that can be said there, and every place
 * of every door in which it could be told. Each cell is held to both: what is to be seen is seen, and nothing else is. A note is for operators in the
 * chat, a system message for those in the chat whose role it names.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';
import {
  ANN,
  ASIDES,
  BEN,
  BOT,
  CLIENT_NAME,
  EVE,
  FORMER,
  NAMES,
  OPEN,
  OTHER,
  OTHER_VISITOR_NAME,
  SOURCE,
  STRANGER,
  WORDS,
  headersOf,
  people,
} from '../support/visibility/people.ts';
import type { Person } from '../support/visibility/people.ts';
import { PLACES, wordsIn } from '../support/visibility/places.ts';
import type { Chat } from '../support/visibility/places.ts';

let server: TestServer;
let chat: Chat;
let persons: ReadonlyMap<string, Person>;
/** Ids of back ends by word. */
const externals = new Map<string, number>();
const heard = new Map<string, (chat: Chat) => Promise<string>>();

async function visitor(): Promise<{ id: number; token: string }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server.url}/api/desk/visitors`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ source: SOURCE }),
  });
  const { userId, token } = (await answer.json()) as { userId: string; token: string };
  return { id: Number(userId), token };
}

async function push(word: string, more: object): Promise<void> {
  const id = 1_000 + externals.size;
  externals.set(word, id);
  const body = { id, text: word, chat: { uuid: chat.uuid }, user: { id: ANN, role: 'operator' }, ...more };
  expect(await callDesk(server.url, 'POST', '/message', body)).toMatchObject({ status: 200 });
}

const find = (name: string): Person => {
  const person = persons.get(name);
  if (person === undefined) throw new Error(`nobody is ${name}`);
  return person;
};

/** Everything that can be said, by everybody who can say it; and all of it is changed afterwards, which is as secret as it is. */
async function sayEverything(): Promise<void> {
  const { uuid } = chat;
  const client = find(CLIENT_NAME);
  const say = async (word: string, id: number, role: 'user' | 'operator' | 'bot', token: string | null): Promise<void> => {
    const peer = await DeskPeer.connect(server.url, id, { role, token, query: { chat: uuid } });
    const { type, data } = await peer.send(word);
    expect([word, type]).toEqual([word, 'message_added']);
    externals.set(word, data.message.id as number);
    await peer.close();
  };
  await say('clientsaid', client.id, 'user', client.token);
  await say('operatorsaid', ANN, 'operator', tokenFor(ANN, { role: 'operator' }));
  await say('botsaid', BOT, 'bot', tokenFor(BOT, { role: 'bot' }));
  await push('botpushed', { type: 'bot', user: { id: BOT, role: 'bot' } });
  const written = await callDesk(
    server.url,
    'POST',
    `/api/desk/chats/${uuid}/notes`,
    { text: 'notewritten' },
    { 'x-on-behalf-of': String(ANN) },
  );
  expect(written.status).toBe(201);
  externals.set('notewritten', Number(written.body.id));
  await push('notepushed', { type: 'note' });
  for (const [word, role] of Object.entries(ASIDES))
    if (word.startsWith('system')) await push(word, { type: 'system', type_role: role });
  for (const [word, id] of externals) {
    expect(await callDesk(server.url, 'PATCH', '/message', { id, text: `${word}, edited` })).toMatchObject({ status: 200 });
  }
}

/** Everybody is known, and has the role that their tokens will say. */
async function meet(): Promise<void> {
  const [client, other] = [await visitor(), await visitor()];
  persons = new Map(people({ [CLIENT_NAME]: client, [OTHER_VISITOR_NAME]: other }).map((person) => [person.name, person]));
  await server.users(OTHER, FORMER, STRANGER);
  for (const { id, role } of persons.values()) {
    if (role === 'operator' || role === 'bot') await server.chat.access.authenticate(tokenFor(id, { role }));
  }
  const profile = { sources: ['elsewhere'], departments: [], capacity: 5, available: true };
  expect(await callDesk(server.url, 'PUT', `/api/desk/operators/${EVE}`, profile)).toMatchObject({ status: 200 });
}

async function openChat(): Promise<Chat> {
  const headers = { ...headersOf(find(CLIENT_NAME)), 'content-type': 'application/json' };
  const body = JSON.stringify({ source: SOURCE });
  const answer = await fetch(`${server.url}/api/desk/chats`, { method: 'POST', headers, body });
  const { uuid, id } = (await answer.json()) as { uuid: string; id: string };
  const add = [OTHER, FORMER, BOT].map(String);
  expect(await callDesk(server.url, 'PUT', `/api/conversations/${id}/members`, { add, remove: [] })).toMatchObject({
    status: 200,
  });
  const taken = await callDesk(server.url, 'POST', `/api/desk/chats/${uuid}/take`, {}, { 'x-on-behalf-of': String(ANN) });
  expect(taken).toMatchObject({ status: 200 });
  return { server, uuid, conversation: Number(id), ids: [] };
}

beforeAll(async () => {
  server = await startServer();
  await meet();
  chat = await openChat();
  for (const person of persons.values()) {
    for (const { name, listen, live } of PLACES) {
      if (live !== true || !person.server) heard.set(`${person.name} @ ${name}`, await listen(chat, person));
    }
  }
  await sayEverything();
  const ids = [...externals.values()].map(async (external) => {
    const found = await server.chat.core.store.externalMessage('default', external);
    return found?.id ?? external;
  });
  chat = { ...chat, ids: await Promise.all(ids) };
}, 120_000);
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

describe.each(NAMES)('%s', (who) => {
  const places = PLACES.filter(({ live }) => live !== true || !who.startsWith('a back end'));
  test.each(places.map(({ name }) => name))('%s', async (where) => {
    const told = await heard.get(`${who} @ ${where}`)?.(chat);
    const may = places.find(({ name }) => name === where)?.may(find(who));
    expect([told === undefined, told === undefined ? [] : wordsIn(told)]).toEqual([false, may]);
  });
});

const get = async (person: Person, path: string): Promise<{ status: number; body: string }> => {
  const answer = await fetch(`${server.url}${path}`, { headers: headersOf(person) });
  return { status: answer.status, body: await answer.text() };
};

describe('when everybody has read everything, and everything is said once more', () => {
  beforeAll(async () => {
    const { uuid, conversation } = chat;
    for (const { id, member, server: isServer } of persons.values()) {
      if (!member || !isServer) continue;
      const read = await callDesk(
        server.url,
        'POST',
        `/api/conversations/${conversation}/read`,
        {},
        { 'x-on-behalf-of': String(id) },
      );
      expect(read).toMatchObject({ status: 200, body: { unreadCount: 0 } });
    }
    const said: object[] = [
      { type: 'standard', user: { id: find(CLIENT_NAME).id, role: 'user' } },
      { type: 'standard', user: { id: ANN, role: 'operator' } },
      { type: 'bot', user: { id: BOT, role: 'bot' } },
      { type: 'note' },
      ...['user', 'operator', 'bot', 'supervisor'].map((role) => ({ type: 'system', type_role: role })),
    ];
    for (const one of said) {
      const body = { text: 'once more', chat: { uuid }, user: { id: ANN, role: 'operator' }, ...one };
      expect(await callDesk(server.url, 'POST', '/message', body)).toMatchObject({ status: 200 });
    }
  });

  test.each([
    [CLIENT_NAME, 2],
    ['a user who is a member', 3],
    ['the operator who has the chat', 2],
    ['a bot that is a member', 2],
  ])('%s counts %i unread messages: what others have said to all', async (who, unreadCount) => {
    for (const person of [find(who), find(`a back end for ${who}`)]) {
      const one = await get(person, `/api/conversations/${chat.conversation}/unread`);
      expect([one.status, JSON.parse(one.body)]).toMatchObject([200, { unreadCount }]);
      const { conversations } = JSON.parse((await get(person, '/api/conversations')).body) as { conversations: object[] };
      expect(conversations).toMatchObject([{ id: String(chat.conversation), unreadCount }]);
      expect(JSON.parse((await get(person, '/api/chats')).body)).toMatchObject([{ unreadCount }]);
    }
  });
});

test.each([
  'a user who is not',
  'another anonymous visitor',
  'an operator of another widget',
  'a guest',
  'a guest who was a member before',
])('%s is told that there is no such chat, and counts nothing', async (who) => {
  const person = find(who);
  const paths = [
    `/api/conversations/${chat.conversation}/unread`,
    `/api/chats/${chat.conversation}`,
    `/api/desk/chats/${chat.uuid}`,
  ];
  for (const path of [...paths, `/api/desk/chats/${chat.uuid}/messages`, `/api/desk/chats/${chat.uuid}/people`]) {
    expect([path, (await get(person, path)).status]).toEqual([path, 404]);
  }
  expect((await get(person, '/api/chats')).body).toBe('[]');
});

test('who shows no token is told nothing anywhere', async () => {
  for (const { name, listen, live } of PLACES) {
    if (live === true) continue;
    const told = await (await listen(chat, { ...find('a user who is a member'), token: null }))(chat);
    expect([name, wordsIn(told), told.split('\n').every((answer) => answer.startsWith('401 '))]).toEqual([name, [], true]);
  }
  for (const path of ['/chat', '/broadcast'] as const) {
    const peer = await DeskPeer.connect(server.url, OTHER, {
      token: null,
      path,
      query: path === '/chat' ? { chat: chat.uuid } : {},
    });
    expect([(await peer.ended).code, peer.told]).toEqual([4401, []]);
  }
});

test('a back end that acts for nobody reads all of it at the desk, and through no other door what stands beside the chat', async () => {
  const read = (path: string) => callDesk(server.url, 'GET', path);
  const desk = await read(`/api/desk/chats/${chat.uuid}/messages?limit=100`);
  expect([desk.status, wordsIn(JSON.stringify(desk.body))]).toEqual([200, WORDS]);
  const plain = await read(`/api/conversations/${chat.conversation}/messages`);
  expect([plain.status, wordsIn(JSON.stringify(plain.body))]).toEqual([200, OPEN]);
});

test('what is kept of a person has the words that the person wrote, and nobody else’s', async () => {
  const kept = async (id: number): Promise<readonly string[]> => {
    const answer = await fetch(`${server.url}/api/users/${id}/export`, { headers: { 'api-token': API_TOKENS.admin } });
    expect(answer.status).toBe(200);
    return wordsIn(await answer.text());
  };
  expect(await kept(find(CLIENT_NAME).id)).toEqual(['clientsaid']);
  expect(await kept(OTHER)).toEqual([]);
  expect(await kept(BOT)).toEqual(['botsaid', 'botpushed']);
});

test('the feed of events names nothing of what stands beside the chat', async () => {
  const events = await server.chat.core.store.events(0, 10_000);
  const hidden = chat.ids.slice(OPEN.length);
  expect(events.filter(({ message }) => chat.ids.includes(message)).length).toBeGreaterThanOrEqual(2 * OPEN.length);
  expect(events.filter(({ message }) => hidden.includes(message))).toEqual([]);
  expect(wordsIn(JSON.stringify(events))).toEqual([]);
});

test('what is not seen is not marked either', async () => {
  const { id, token } = find(CLIENT_NAME);
  const client = await DeskPeer.connect(server.url, id, { token, query: { chat: chat.uuid } });
  const known = (word: string): number => externals.get(word) ?? 0;
  for (const word of ['notepushed', 'notewritten', 'systemforoperators', 'systemforbots'])
    client.say('mark_message_read', { message_id: known(word) });
  expect((await client.settled()).filter(({ type }) => type === 'message_updated')).toEqual([]);
  client.say('mark_message_read', { message_id: known('systemforusers') });
  expect((await client.next('message_updated')).data.message).toMatchObject({ id: known('systemforusers'), status: 'read' });
});

test('an answer that is refused takes no chat, and makes nobody a member', async () => {
  const { url } = server;
  const headers = { authorization: `Bearer ${tokenFor(STRANGER)}`, 'content-type': 'application/json' };
  const opened = await fetch(`${url}/api/desk/chats`, { method: 'POST', headers, body: JSON.stringify({ source: 'other' }) });
  const { uuid, id } = (await opened.json()) as { uuid: string; id: string };
  const peer = await DeskPeer.connect(url, BEN, { role: 'operator', query: { chat: uuid } });
  expect(await peer.send('')).toMatchObject({ type: 'message_not_added', data: { code: 'invalid_argument' } });
  expect(await callDesk(url, 'GET', `/api/desk/chats/${uuid}`)).toMatchObject({ status: 200, body: { status: 'new' } });
  expect((await server.chat.core.store.members(Number(id), 0, 10)).map(({ user }) => user)).toEqual([STRANGER]);
});

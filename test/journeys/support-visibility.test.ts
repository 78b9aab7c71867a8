/**
 * Notes and system messages against everybody who could hear of them by mistake: each role through each door. A note is for operators in the
 * chat, a system message for those in the chat whose role it names; nobody else ever sees a word of them, or counts them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS } from '../support/clients/carriers.ts';
import { Category } from '../support/clients/stream-frame.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import type { DeskRole } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';

const CLIENT = 21;
const DEVICE_OF_CLIENT = CLIENT;
const STRANGER = 22;
const ANN = 31;
const BEN = 32;
const EVE = 33;
const BOT = 41;

/** Role, id, and the widget whose operators they are. */
const PEOPLE = {
  client: { id: CLIENT, role: 'user' },
  'the client’s other device': { id: DEVICE_OF_CLIENT, role: 'user' },
  'another client': { id: STRANGER, role: 'user' },
  'the operator in the chat': { id: ANN, role: 'operator' },
  'an operator of the widget, not in the chat': { id: BEN, role: 'operator' },
  'an operator of another widget': { id: EVE, role: 'operator' },
  'a bot': { id: BOT, role: 'bot' },
} as const satisfies Readonly<Record<string, { id: number; role: DeskRole }>>;

type Who = keyof typeof PEOPLE;

const NOTE = 'a note between operators';
const FOR_CLIENT = 'a system message for users';
const FOR_OPERATORS = 'a system message for operators';
const FOR_BOTS = 'a system message for bots';
const EDITED = 'edited afterwards';
const SECRETS = [NOTE, FOR_CLIENT, FOR_OPERATORS, FOR_BOTS];
const OPEN = 'said to everybody';

let server: TestServer;
let uuid = '';
let conversation = 0;
const heard = new Map<string, () => Promise<string>>();

const token = (who: Who): string => tokenFor(PEOPLE[who].id, { role: PEOPLE[who].role });

async function put(id: number, type: string, text: string, more: object = {}): Promise<void> {
  const body = { id, type, text, chat: { uuid }, user: { id: ANN, role: 'operator' }, ...more };
  expect(await callDesk(server.url, 'POST', '/message', body)).toMatchObject({ status: 200 });
}

async function api(who: Who, path: string): Promise<string> {
  const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token(who)}` } });
  return `${answer.status} ${await answer.text()}`;
}

/** Lets a socket be, and gives back all that it heard, once asked. */
function keep(who: Who, door: string, told: () => string, settled: () => Promise<unknown>): void {
  heard.set(`${who}/${door}`, async () => {
    await settled();
    return told();
  });
}

beforeAll(async () => {
  server = await startServer();
  const profile = { user: EVE, sources: ['elsewhere'], departments: [], capacity: 5, available: true };
  await server.chat.core.committer.commit({
    type: 'desk-setting',
    namespace: 'default',
    setting: { kind: 'operator', name: String(EVE), value: profile },
  });
  const client = await DeskPeer.connect(server.url, CLIENT, { query: { source: 'lk' } });
  uuid = ((await client.send(OPEN)).data.message.chat as { uuid: string }).uuid;
  conversation = (await server.chat.desk.findChat(server.actor(CLIENT), { uuid })).conversation.id;
  const answering = await DeskPeer.connect(server.url, ANN, { role: 'operator', query: { chat: uuid } });
  await answering.send(OPEN);

  for (const who of Object.keys(PEOPLE) as Who[]) {
    const { id, role } = PEOPLE[who];
    const room = await DeskPeer.connect(server.url, id, { role, query: { chat: uuid } });
    // Who may not come in is not there; who is not in it, in this matrix, leaves again.
    if (who === 'an operator of the widget, not in the chat') await room.close();
    keep(
      who,
      'chat',
      () => JSON.stringify(room.told),
      () => Promise.race([room.settled().catch(() => room.ended), room.ended]),
    );
    const board = await DeskPeer.connect(server.url, id, { role, path: '/broadcast' });
    keep(
      who,
      'broadcast',
      () => JSON.stringify(board.told),
      () => Promise.race([board.ping(), board.ended]),
    );
    for (const carrier of CARRIERS) {
      const stream = await StreamPeer.connect(carrier, server, id, { token: token(who), extensions: true });
      keep(
        who,
        `stream, ${carrier.name}`,
        () => JSON.stringify(stream.frames),
        () => stream.sync(Object.values(Category).map((category) => ({ category }))),
      );
    }
    const messenger = await MessengerPeer.connect(server.url, id, { auth: { token: token(who) } });
    keep(
      who,
      'messenger',
      () => JSON.stringify(messenger.told),
      async () => {
        messenger.told.push({
          event: 'sync',
          payload: await messenger.ask('sync', { chats: [{ chatId: String(conversation) }] }),
        });
      },
    );
    heard.set(`${who}/management, history`, () => api(who, `/api/conversations/${conversation}/messages`));
    heard.set(`${who}/management, list`, () => api(who, '/api/conversations'));
    heard.set(`${who}/search`, async () =>
      (await Promise.all(['system', 'note', 'said'].map((q) => api(who, `/api/search?q=${q}`)))).join(' '),
    );
    heard.set(`${who}/desk, history`, () => api(who, `/api/desk/chats/${uuid}/messages`));
    heard.set(`${who}/desk, transcript`, () => api(who, `/api/desk/chats/${uuid}/transcript`));
    heard.set(`${who}/desk, lists`, async () => `${await api(who, '/api/desk/chats')} ${await api(who, '/api/desk/queue')}`);
  }

  await put(1, 'note', NOTE);
  await put(2, 'system', FOR_CLIENT, { type_role: 'user' });
  await put(3, 'system', FOR_OPERATORS, { type_role: 'operator' });
  await put(4, 'system', FOR_BOTS, { type_role: 'bot' });
  // Their changes are as secret as they are.
  for (const [id, text] of SECRETS.entries()) {
    const body = { id: id + 1, text: `${text}, ${EDITED}` };
    expect((await callDesk(server.url, 'PATCH', '/message', body)).status).toBe(200);
  }
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

/** What each may see where; whatever is not named here sees nothing anywhere. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'client/chat': [FOR_CLIENT],
  'client/desk, history': [FOR_CLIENT],
  'client/desk, transcript': [FOR_CLIENT],
  'the client’s other device/chat': [FOR_CLIENT],
  'the client’s other device/desk, history': [FOR_CLIENT],
  'the client’s other device/desk, transcript': [FOR_CLIENT],
  'the operator in the chat/chat': [NOTE, FOR_OPERATORS],
  'the operator in the chat/desk, history': [NOTE, FOR_OPERATORS],
  'the operator in the chat/desk, transcript': [NOTE, FOR_OPERATORS],
  // An operator who serves the widget may come in at any time: then it is there.
  'an operator of the widget, not in the chat/desk, history': [NOTE, FOR_OPERATORS],
  'an operator of the widget, not in the chat/desk, transcript': [NOTE, FOR_OPERATORS],
};

const DOORS = [
  'chat',
  'broadcast',
  ...CARRIERS.map(({ name }) => `stream, ${name}`),
  'messenger',
  'management, history',
  'management, list',
  'search',
  'desk, history',
  'desk, transcript',
  'desk, lists',
];

describe.each(Object.keys(PEOPLE))('%s', (who) => {
  test.each(DOORS)('through %s', async (door) => {
    const told = await heard.get(`${who}/${door}`)?.();
    const allowed = ALLOWED[`${who}/${door}`] ?? [];
    for (const secret of SECRETS) expect([secret, told?.includes(secret)]).toEqual([secret, allowed.includes(secret)]);
  });
});

test('the doors under test have something to say: what is said to everybody is heard where it may be', async () => {
  for (const place of [
    'client/messenger',
    'client/stream, gRPC',
    'client/management, history',
    'client/search',
    'the operator in the chat/stream, gRPC',
  ]) {
    expect([place, (await heard.get(place)?.())?.includes(OPEN)]).toEqual([place, true]);
  }
  expect(await heard.get('another client/desk, history')?.()).toMatch(/^404 /);
  expect(await heard.get('an operator of another widget/desk, history')?.()).toMatch(/^404 /);
});

test('nobody counts them as unread', async () => {
  const { unread } = await server.chat.summarize(server.actor(CLIENT), conversation);
  expect(unread).toBe(1);
  const messenger = await MessengerPeer.connect(server.url, CLIENT);
  const synced = await messenger.ask('sync', { chats: [{ chatId: String(conversation) }] });
  expect(synced['chats'][0].messages as unknown[]).toHaveLength(2);
});

test('the feed of events tells nothing of what is in them', async () => {
  const events = await server.chat.core.store.events(0, 10_000);
  expect(events.length).toBeGreaterThan(0);
  for (const secret of SECRETS) expect(JSON.stringify(events)).not.toContain(secret);
});

test('what is not seen is not marked either', async () => {
  const client = await DeskPeer.connect(server.url, CLIENT, { query: { chat: uuid } });
  client.say('mark_message_read', { message_id: 1 });
  client.say('mark_message_read', { message_id: 3 });
  expect((await client.settled()).filter(({ type }) => type === 'message_updated')).toEqual([]);
  client.say('mark_message_read', { message_id: 2 });
  expect((await client.next('message_updated')).data.message).toMatchObject({ id: 2, status: 'read' });
});

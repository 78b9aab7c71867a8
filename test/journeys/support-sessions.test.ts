/** Connections to the desk from beginning to end: what is special to this door beside the contract of doors (test/contracts/door-support.test.ts). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeskPeer } from '../support/clients/support.ts';
import type { DeskFrame } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

let users = 30_000;
const newUser = (): number => (users += 1);
const numbered = (count: number, name = 'text'): string[] => Array.from({ length: count }, (_, at) => `${name} ${at}`);
const idsIn = (frames: readonly DeskFrame[]): number[] =>
  frames.filter(({ type }) => type === 'message_added').map(({ data }) => data.message.id as number);

interface Begun {
  readonly client: number;
  readonly peer: DeskPeer;
  readonly uuid: string;
}

async function begin(at: TestServer = server): Promise<Begun> {
  const client = newUser();
  const peer = await DeskPeer.connect(at.url, client, { query: { source: 'lk' } });
  const { message } = (await peer.send('first')).data as { message: { chat: { uuid: string } } };
  return { client, peer, uuid: message.chat.uuid };
}

const enter = (uuid: string, at: TestServer = server): Promise<DeskPeer> =>
  DeskPeer.connect(at.url, newUser(), { role: 'operator', query: { chat: uuid } });

test('all count the same places, from one and with none left out, however many speak at once', async () => {
  const { peer, uuid } = await begin();
  const peers = [peer, await enter(uuid), await enter(uuid), await enter(uuid), await enter(uuid)];
  for (const [at, one] of peers.entries()) for (const text of numbered(40, `${at}:`)) one.say('send_message', { text });
  const orders = await Promise.all(
    peers.map(async (one) => {
      const heard: { id: number; index: number }[] = [];
      while (heard.length < 200) {
        const { message } = (await one.next('message_added')).data as { message: { id: number; message_index: number } };
        heard.push({ id: message.id, index: message.message_index });
      }
      return heard;
    }),
  );
  const [order = []] = orders;
  expect(order.map(({ index }) => index)).toEqual(Array.from({ length: 200 }, (_, at) => at + 2));
  for (const other of orders) expect(other).toEqual(order);
});

test('who has said who they are hears nothing more as the visitor they were', async () => {
  const { client: visitor, peer, uuid } = await begin();
  const operator = await enter(uuid);
  const person = newUser();
  await server.users(person);
  const origin = { door: 'test', session: 0 };
  await server.chat.core.committer.commit({ type: 'identify', namespace: 'default', visitor, user: person, origin });
  expect((await peer.ended).code).toBe(1008);
  await operator.send('only for the person');
  expect(JSON.stringify(peer.told)).not.toContain('only for the person');
  expect((await (await DeskPeer.connect(server.url, visitor, { query: { chat: uuid } })).ended).code).toBe(1008);
  const known = await DeskPeer.connect(server.url, person, { query: { chat: uuid, after: '0' } });
  expect(idsIn(await known.settled())).toHaveLength(2);
});

test('a connection that is not let in leaves no session', async () => {
  const user = newUser();
  await (
    await DeskPeer.connect(server.url, user, { query: { chat: 'missing' } })
  ).ended;
  expect(server.chat.listSessions(server.actor(user))).toEqual([]);
});

test('a session lives as long as its token', async () => {
  const user = newUser();
  const token = tokenFor(user, { exp: Math.floor(Date.now() / 1000) + 2 });
  const peer = await DeskPeer.connect(server.url, user, { query: { source: 'lk' }, token });
  expect((await peer.ended).code).toBe(4401);
});

test('a server that stops says so on every connection, the broadcast included', async () => {
  const own = await startServer();
  const { peer, uuid } = await begin(own);
  const board = await DeskPeer.connect(own.url, newUser(), { role: 'operator', path: '/broadcast' });
  const peers = [peer, board, await enter(uuid, own)];
  await peer.send('the last word');
  await own.close();
  expect((await Promise.all(peers.map((one) => one.ended))).map(({ code }) => code)).toEqual([1001, 1001, 1001]);
});

test('what is said in one go shares a commit, and everything is answered in order', async () => {
  let isHeld = false;
  const held = Promise.withResolvers<void>();
  await using own = await startServer({}, (store) => ({
    ...store,
    async commit(operations) {
      const outcomes = await store.commit(operations);
      if (isHeld) await held.promise;
      return outcomes;
    },
  }));
  const { peer, uuid } = await begin(own);
  const operator = await enter(uuid, own);
  await operator.settled();
  isHeld = true;
  const texts = numbered(8);
  for (const text of texts) peer.say('send_message', { text, client_id: text });
  // The first is on its way to the disk, and all others wait for the next: none waits for the answer of the one before.
  while (own.chat.core.committer.depth < texts.length) await new Promise(setImmediate);
  peer.say('send_message', { text: '', client_id: 'refused' });
  peer.say('send_message', { text: 'the last', client_id: 'the last' });
  peer.say('update_typing', { text: 'and', stopped: false });
  held.resolve();
  const named: unknown[] = [];
  while (named.length < 10) named.push((await peer.next('message_added', 'message_not_added')).data.client_id);
  expect(named).toEqual([...texts, 'refused', 'the last']);
  const heard: unknown[] = [];
  while (heard.length < 9) heard.push((await operator.next('message_added')).data.message.text);
  expect(heard).toEqual([...texts, 'the last']);
  // What is typed is typed after what was sent: the message does not end it.
  expect((await operator.next('typing_updated')).data.stopped).toBe(false);
});

test('of many sends at once under one name all are answered with the one message', async () => {
  const { peer } = await begin();
  for (let at = 0; at < 5; at += 1) peer.say('send_message', { text: 'once', client_id: 'one name' });
  const ids = new Set<unknown>();
  for (let at = 0; at < 5; at += 1) {
    const { data } = await peer.next('message_added');
    expect(data.client_id).toBe('one name');
    ids.add(data.message.id);
  }
  expect(ids.size).toBe(1);
  expect(await peer.settled()).toEqual([]);
});

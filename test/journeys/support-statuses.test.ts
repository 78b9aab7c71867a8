/**
 * How far notes and system messages have come: the same on every connection, over HTTP, after an edit, for who comes back and after a restart, and
 * never less than before. They have many readers; the author's own marks say nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const CLIENT = 1;
const ANN = 2;
const BEN = 3;

interface Desk {
  readonly client: DeskPeer;
  readonly uuid: string;
  enter(user: number, query?: Readonly<Record<string, string>>): Promise<DeskPeer>;
  push(method: 'POST' | 'PATCH', body: object): Promise<void>;
  /** Status by the id of a back end, as somebody reads it over HTTP. */
  read(user: number): Promise<ReadonlyMap<number, string>>;
}

async function openDesk(server: TestServer): Promise<Desk> {
  const client = await DeskPeer.connect(server.url, CLIENT, { query: { source: 'lk' } });
  const { uuid } = (await client.send('Hello?')).data.message.chat as { uuid: string };
  return { client, ...deskOf(server, uuid) };
}

function deskOf({ url }: TestServer, uuid: string): Omit<Desk, 'client'> {
  const roleOf = (user: number) => (user === CLIENT ? 'user' : 'operator');
  return {
    uuid,
    enter: (user, query = {}) => DeskPeer.connect(url, user, { role: roleOf(user), query: { chat: uuid, ...query } }),
    async push(method, body) {
      expect(await callDesk(url, method, '/message', body)).toMatchObject({ status: 200 });
    },
    async read(user) {
      const headers = { authorization: `Bearer ${tokenFor(user, { role: roleOf(user) })}` };
      const answer = await fetch(`${url}/api/desk/chats/${uuid}/messages`, { headers });
      const { messages } = (await answer.json()) as { messages: { externalId?: number; status: string }[] };
      return new Map(messages.flatMap(({ externalId, status }) => (externalId === undefined ? [] : [[externalId, status]])));
    },
  };
}

const noteBy = (desk: Pick<Desk, 'uuid'>, id: number, user: number, rest: object = {}) => ({
  id,
  type: 'note',
  text: `note ${id}`,
  chat: { uuid: desk.uuid },
  user: { id: user, role: 'operator' },
  ...rest,
});

/** What a connection was told of each message, the newest last. */
function told(peer: DeskPeer, id: number): readonly string[] {
  const about = peer.told.filter(({ data }) => (data.message as { id?: number } | undefined)?.id === id);
  return about.map(({ type, data }) => `${type} ${data.message.status as string}`);
}

test('what somebody else has read is read on every connection and over HTTP, and an edit leaves it so', async () => {
  await using server = await startServer();
  const desk = await openDesk(server);
  const [ann, anna, ben] = await Promise.all([desk.enter(ANN), desk.enter(ANN), desk.enter(BEN)]);
  for (const id of [11, 12, 13]) await desk.push('POST', noteBy(desk, id, ANN));
  // Her own marks make nothing of hers read, and who is no member of the chat reads as well as who is.
  ann.say('mark_message_read', { message_id: 13 });
  await ann.settled();
  ben.say('mark_message_delivered', { message_id: 13 });
  ben.say('mark_message_read', { message_id: 12 });
  ben.say('mark_message_delivered', { message_id: 11 });
  await ben.settled();
  await desk.push('PATCH', { id: 11, text: 'note 11, edited' });
  await desk.push('PATCH', { id: 13, text: 'note 13, edited' });
  await Promise.all([ann, anna, ben].map((peer) => peer.settled()));
  for (const peer of [ann, anna, ben]) {
    expect(told(peer, 11)).toEqual(['message_added new', 'message_updated read']);
    expect(told(peer, 12)).toEqual(['message_added new', 'message_updated read']);
    expect(told(peer, 13).slice(0, 2)).toEqual(['message_added new', 'message_updated new']);
    expect(told(peer, 13).slice(2)).toEqual(['message_updated delivered', 'message_updated delivered']);
  }
  for (const user of [ANN, BEN]) {
    expect([...(await desk.read(user))]).toEqual([
      [11, 'read'],
      [12, 'read'],
      [13, 'delivered'],
    ]);
  }
  expect([...(await desk.read(CLIENT))]).toEqual([]);
});

test('system messages are read by those whom they are for, and a back end’s word of it counts', async () => {
  await using server = await startServer();
  const desk = await openDesk(server);
  const ann = await desk.enter(ANN);
  const system = { type: 'system', type_role: 'user' };
  await desk.push('POST', noteBy(desk, 21, ANN, system));
  await desk.push('POST', noteBy(desk, 22, ANN, { ...system, status: 'read' }));
  await desk.push('POST', noteBy(desk, 23, ANN, system));
  await desk.push('POST', noteBy(desk, 24, ANN, { status: 'delivered' }));
  await desk.push('PATCH', { id: 23, status: 'delivered' });
  // The first call may have stored the message and no more: the second says all of it.
  await desk.push('POST', noteBy(desk, 23, ANN, { ...system, status: 'read' }));
  // What is not the operator's to see is not the operator's to mark.
  await desk.push('POST', noteBy(desk, 25, ANN, system));
  ann.say('mark_message_read', { message_id: 25 });
  await ann.settled();
  expect([...(await desk.read(CLIENT))]).toEqual([
    [21, 'read'],
    [22, 'read'],
    [23, 'read'],
    [25, 'new'],
  ]);
  expect([...(await desk.read(ANN))]).toEqual([[24, 'delivered']]);
  desk.client.say('mark_message_read', { message_id: 25 });
  await desk.client.settled();
  expect(told(desk.client, 23)).toEqual(['message_added new', 'message_updated delivered', 'message_updated read']);
  expect(told(desk.client, 25)).toEqual(['message_added new', 'message_updated read']);
});

test('after a restart everything has come as far as before, and who comes back is told what was read meanwhile', async () => {
  const data = mkdtempSync(join(tmpdir(), 'switchboard-test-'));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const before = await startServer({ data });
  const first = await openDesk(before);
  const ann = await first.enter(ANN);
  for (const id of [31, 32]) await first.push('POST', noteBy(first, id, ANN));
  await ann.settled();
  await ann.close();
  const ben = await first.enter(BEN);
  ben.say('mark_message_read', { message_id: 31 });
  ben.say('mark_message_delivered', { message_id: 32 });
  await ben.settled();
  await before.close();

  await using server = await startServer({ data });
  const desk = deskOf(server, first.uuid);
  expect([...(await desk.read(ANN))]).toEqual([
    [31, 'read'],
    [32, 'delivered'],
  ]);
  const back = await desk.enter(ANN, { after: '32' });
  await back.settled();
  expect(told(back, 31)).toEqual(['message_updated read']);
  await desk.push('PATCH', { id: 32, text: 'note 32, edited' });
  await back.settled();
  expect(told(back, 32)).toEqual(['message_updated delivered']);
  const whole = await desk.enter(BEN, { after: '0' });
  await whole.settled();
  expect([told(whole, 31).at(-1), told(whole, 32).at(-1)]).toEqual(['message_added read', 'message_updated delivered']);
});

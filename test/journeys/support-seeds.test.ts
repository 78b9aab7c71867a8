/**
 * The desk's documents, member for member: what clients and back ends of either version send is taken as they print it, and every frame and answer has
 * all the members that they show, of the same types, and no others.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeskPeer, callDesk } from '../support/clients/support.ts';
import type { BackEndAnswer, DeskFrame } from '../support/clients/support.ts';
import {
  CHAT,
  FROM_CLIENTS,
  FROM_SERVER,
  GLOBAL,
  MESSAGE,
  ONLINE_USER,
  OPERATOR,
  SUCCESS,
  differences,
  isWhole,
} from '../support/desk-documents.ts';
import type { ServerFrame } from '../support/desk-documents.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const CLIENT = 71;
const ANN = 72;

const anna = { ...MESSAGE.user, id: ANN, role: 'operator' };
const client = { ...MESSAGE.user, id: CLIENT };
const chat = { ...CHAT, owner_user: client, operator_user: anna };
const message = { ...MESSAGE, id: 7, chat, user: client };

let server: TestServer;
const peers: DeskPeer[] = [];
const answers: Record<string, BackEndAnswer> = {};

async function open(user: number, role: 'user' | 'operator', query: object, path?: '/broadcast'): Promise<DeskPeer> {
  const peer = await DeskPeer.connect(server.url, user, { role, query: query as Record<string, string>, ...(path && { path }) });
  peers.push(peer);
  return peer;
}

async function call(method: string, path: string, body?: unknown): Promise<void> {
  answers[`${method} ${path}`] = await callDesk(server.url, method, path, body);
}

async function upload(): Promise<string> {
  const headers = { authorization: `Bearer ${tokenFor(CLIENT)}`, 'content-type': 'application/octet-stream' };
  const answer = await fetch(`${server.url}/api/files?name=notes.txt`, { method: 'POST', headers, body: 'some words' });
  return ((await answer.json()) as { uuid: string }).uuid;
}

/** One of everything that the documents name. */
beforeAll(async () => {
  server = await startServer();
  const board = await open(ANN, 'operator', { source: 'lk', department: 'sales' }, '/broadcast');
  // A chat that only we know of: nothing of it came from a back end.
  const own = await open(73, 'user', { source: 'lk' });
  own.say('send_message', { text: 'Hello' });
  await own.next('message_added');

  await call('POST', '/message', message);
  await call('PUT', '/message', { ...message, text: 'changed' });
  await call('POST', '/update/chat', chat);
  await call('POST', '/update/operators', [{ ...OPERATOR, user: anna }]);
  await call('POST', '/global', GLOBAL);
  await call('POST', '/notifications/chat', chat);
  await call('GET', '/online-users');

  const visitor = await open(CLIENT, 'user', { chat: chat.uuid });
  const inside = await open(ANN, 'operator', { chat: chat.uuid });
  await visitor.next('user_connected');
  visitor.say('update_typing', { ...FROM_CLIENTS.update_typing, stopped: false });
  await inside.next('typing_updated');
  visitor.say('update_typing', FROM_CLIENTS.update_typing);
  visitor.say('send_message', { ...FROM_CLIENTS.send_message, attachments: [await upload()] });
  const { id } = (await inside.next('message_added')).data.message as { id: number };
  inside.say('mark_message_delivered', { ...FROM_CLIENTS.mark_message_delivered, message_id: id });
  await visitor.next('message_updated');
  inside.say('mark_message_read', { ...FROM_CLIENTS.mark_message_read, message_id: id });
  await visitor.next('message_updated');
  visitor.say('send_message', { ...FROM_CLIENTS.send_message, attachments: [randomUUID()] });
  await visitor.next('message_not_added');
  await inside.close();
  await visitor.next('user_disconnected');
  await board.next('chat_notification');
}, 30_000);
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

const told = (): readonly DeskFrame[] => peers.flatMap((peer) => peer.told);

describe.each(Object.keys(FROM_SERVER) as ServerFrame[])('%s', (type) => {
  test('has the documented members and no others', () => {
    const frames = told().filter((frame) => frame.type === type);
    expect(frames.length).toBeGreaterThan(0);
    for (const frame of frames) expect(differences({ type, data: FROM_SERVER[type] }, frame)).toEqual([]);
    // Of each, one in which nobody is missing and no list is empty.
    expect(frames.some((frame) => isWhole(FROM_SERVER[type], frame.data))).toBe(true);
  });
});

test('nobody is sent a frame that is in no document', () => {
  expect(new Set(told().map(({ type }) => type))).toEqual(new Set(Object.keys(FROM_SERVER)));
});

test('calls of back ends are answered as documented', () => {
  const { 'GET /online-users': online, ...pushes } = answers;
  expect(Object.keys(pushes)).toHaveLength(6);
  for (const [name, answer] of Object.entries(pushes)) expect([name, answer]).toEqual([name, { status: 200, body: SUCCESS }]);
  expect(online?.status).toBe(200);
  expect(differences([ONLINE_USER], online?.body)).toEqual([]);
  expect(isWhole([ONLINE_USER], online?.body)).toBe(true);
});

test('what a back end pushes is told member for member as it came', () => {
  const added = told().find((frame) => frame.type === 'message_added' && frame.data.message.id === message.id);
  expect(added?.data.message).toEqual({ ...message, message_index: 1 });
  const notified = told().find(({ type }) => type === 'chat_notification');
  expect(notified?.data.chat).toEqual(chat);
});

test('the objects of the documents are taken to the letter, with people of no id', async () => {
  const board = await open(ANN, 'operator', { source: 'lk' }, '/broadcast');
  for (const [method, path, body] of [
    ['POST', '/message', { ...MESSAGE, chat: { ...CHAT, uuid: randomUUID() } }],
    ['POST', '/update/chat', { ...CHAT, uuid: randomUUID() }],
    ['POST', '/update/operators', [OPERATOR]],
    ['POST', '/global', GLOBAL],
    ['POST', '/notifications/chat', { ...CHAT, uuid: randomUUID() }],
  ] as const) {
    expect([path, await callDesk(server.url, method, path, body)]).toEqual([path, { status: 200, body: SUCCESS }]);
  }
  const { message: got } = (await board.next('message_added')).data as { message: Readonly<Record<string, unknown>> };
  expect(got).toMatchObject({
    text: MESSAGE.text,
    send_time: MESSAGE.send_time,
    user: MESSAGE.user,
    attachments: MESSAGE.attachments,
  });
  expect(differences(MESSAGE, got)).toEqual([]);
});

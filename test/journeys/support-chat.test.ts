/** A client and two operators on the desk: every frame of the interface, as the documents have it. */
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

const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/) as unknown;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/) as unknown;

function person(id: number, role: string): object {
  return { id, role, avatar: '', lastname: '', firstname: '', patronymic: '' };
}

let users = 50_000;
const newUser = (): number => (users += 1);

/** An operator who hears of one widget, so that tests do not hear each other. */
async function operator(source: string): Promise<{ id: number; board: DeskPeer }> {
  const id = newUser();
  const board = await DeskPeer.connect(server.url, id, { role: 'operator', path: '/broadcast', query: { source } });
  return { id, board };
}

const enter = (user: number, uuid: string, query: object = {}): Promise<DeskPeer> =>
  DeskPeer.connect(server.url, user, { role: 'operator', query: { chat: uuid, ...query } });

test('a client writes, an operator answers, a second looks on: each frame has the documented members', async () => {
  const [ann, ben] = [await operator('shop'), await operator('shop')];
  const client = newUser();
  const visitor = await DeskPeer.connect(server.url, client, { query: { source: 'shop' } });
  expect(await visitor.next('user_connected')).toEqual({ type: 'user_connected', data: { user: person(client, 'user') } });

  visitor.say('send_message', { text: 'Is it in stock?' });
  const first = await visitor.next('message_added');
  const chat = {
    uuid: UUID,
    widget: { source: 'shop' },
    status: 'new',
    owner_user: person(client, 'user'),
    operator_user: null,
  };
  expect(first).toEqual({
    type: 'message_added',
    data: {
      message: {
        id: expect.any(Number) as unknown,
        type: 'standard',
        type_role: 'user',
        status: 'new',
        text: 'Is it in stock?',
        send_time: TIME,
        message_index: 1,
        chat,
        user: person(client, 'user'),
        attachments: [],
      },
    },
  });
  for (const { board } of [ann, ben]) {
    expect(await board.next('message_added')).toEqual(first);
    expect(await board.next('chat_updated')).toEqual({ type: 'chat_updated', data: { chat } });
    expect(await board.next('global_updated')).toEqual({ type: 'global_updated', data: { unread_chats: 1 } });
  }

  const { uuid } = first.data.message.chat as { uuid: string };
  const annInside = await enter(ann.id, uuid);
  expect(await visitor.next('user_connected')).toEqual({
    type: 'user_connected',
    data: { user: person(ann.id, 'operator') },
  });

  annInside.say('mark_message_delivered', { message_id: first.data.message.id });
  for (const peer of [visitor, annInside, ann.board, ben.board]) {
    const updated = await peer.next('message_updated');
    expect(updated.data.message).toEqual({ ...first.data.message, status: 'delivered' });
  }
  annInside.say('mark_message_read', { message_id: first.data.message.id });
  for (const peer of [visitor, annInside, ann.board, ben.board]) {
    expect((await peer.next('message_updated')).data.message).toMatchObject({ id: first.data.message.id, status: 'read' });
  }
  expect(await ben.board.next('global_updated')).toEqual({ type: 'global_updated', data: { unread_chats: 0 } });

  const answer = await annInside.send('It is.');
  expect(answer.type).toBe('message_added');
  const taken = { ...chat, status: 'open', operator_user: person(ann.id, 'operator') };
  expect(answer.data.message).toMatchObject({ text: 'It is.', message_index: 2, user: person(ann.id, 'operator'), chat: taken });
  expect(await ben.board.next('chat_updated')).toEqual({ type: 'chat_updated', data: { chat: taken } });
  for (;;) {
    // Before it came that both are at their desks.
    const { data } = await ben.board.next('operator_updated');
    if (data.user.id === ann.id && data.open_chats === 1) {
      expect(data).toEqual({ user: person(ann.id, 'operator'), is_online: true, new_chats: 0, open_chats: 1 });
      break;
    }
  }
  const heard = await visitor.next('message_added');
  expect(heard.data).toEqual({ message: answer.data.message });

  visitor.say('mark_message_read', { message_id: answer.data.message.id });
  expect((await annInside.next('message_updated')).data.message).toMatchObject({ id: answer.data.message.id, status: 'read' });
  // A status never goes back: nothing is told of a mark that is behind.
  visitor.say('mark_message_delivered', { message_id: answer.data.message.id });
  expect((await visitor.settled()).filter(({ type }) => type === 'message_updated')).toHaveLength(1);
});

test('what a client types is read by operators as it stands, by nobody else, and stops by itself', async () => {
  const { id, board } = await operator('typing');
  const client = newUser();
  const visitor = await DeskPeer.connect(server.url, client, { query: { source: 'typing' } });
  const { uuid } = (await visitor.send('Hello')).data.message.chat as { uuid: string };
  const inside = await enter(id, uuid);
  const device = await DeskPeer.connect(server.url, client, { query: { chat: uuid } });
  visitor.say('update_typing', { text: 'I wo', stopped: false });
  visitor.say('update_typing', { text: 'I would', stopped: false });
  const typing = (text: string, stopped: boolean): DeskFrame => ({
    type: 'typing_updated',
    data: { text, stopped, chat_id: uuid, user: person(client, 'user') },
  });
  for (const peer of [inside, board]) {
    // That somebody types is told to all alike, what they type to operators besides.
    for (const text of ['', 'I wo', 'I would']) expect(await peer.next('typing_updated')).toEqual(typing(text, false));
  }
  // Not said again, it has stopped after some seconds.
  for (const peer of [inside, board, device, visitor]) {
    for (;;) {
      const told = await peer.next('typing_updated');
      if (told.data.stopped === true) break;
      expect(told).toEqual(typing('', false));
    }
  }
  expect(JSON.stringify([...device.told, ...visitor.told])).not.toContain('I wo');
  inside.say('update_typing', { text: 'Let me see' });
  expect(await visitor.next('typing_updated')).toMatchObject({ data: { stopped: false, user: { id } } });
  inside.say('update_typing', { stopped: true });
  expect(await visitor.next('typing_updated')).toMatchObject({ data: { text: '', stopped: true } });
  inside.say('update_typing', { text: 'Again' });
  await inside.send('Yes.');
  expect(await visitor.next('typing_updated')).toMatchObject({ data: { stopped: false } });
  expect(await visitor.next('typing_updated')).toMatchObject({ data: { stopped: true } });
}, 20_000);

test('somebody comes with the first socket and has gone seconds after the last', async () => {
  const { id } = await operator('presence');
  const client = newUser();
  const visitor = await DeskPeer.connect(server.url, client, { query: { source: 'presence' } });
  const { uuid } = (await visitor.send('Hello')).data.message.chat as { uuid: string };
  const one = await enter(id, uuid);
  const two = await enter(id, uuid);
  expect(await visitor.next('user_connected')).toMatchObject({ data: { user: { id } } });
  await one.close();
  await two.close();
  const closedAt = Date.now();
  // Back within the grace: nobody hears of it.
  const three = await enter(id, uuid);
  await three.close();
  expect(await visitor.next('user_disconnected', 'user_connected')).toEqual({
    type: 'user_disconnected',
    data: { user: person(id, 'operator') },
  });
  expect(Date.now() - closedAt).toBeGreaterThan(4_900);
}, 20_000);

test('a send again under the same client_id is the same message, and every answer names it', async () => {
  const client = newUser();
  const visitor = await DeskPeer.connect(server.url, client, { query: { source: 'keys' } });
  const first = await visitor.send('once', { client_id: 'a name' });
  expect(first.data.client_id).toBe('a name');
  const again = await visitor.send('once', { client_id: 'a name' });
  expect(again).toEqual(first);
  const other = await DeskPeer.connect(server.url, client, { query: { source: 'keys' } });
  expect(await other.send('once', { client_id: 'a name' })).toMatchObject({ data: { message: { id: first.data.message.id } } });
  expect(await visitor.settled()).toEqual([]);
  const changed = await visitor.send('twice', { client_id: 'a name' });
  expect(changed).toMatchObject({
    type: 'message_not_added',
    data: { code: 'already_exists', text: 'twice', attachments: [], client_id: 'a name' },
  });
});

test('an uploaded file is attached by its UUID, and shown with a link to all who see the message', async () => {
  const { id, board } = await operator('files');
  const client = newUser();
  const visitor = await DeskPeer.connect(server.url, client, { query: { source: 'files' } });
  const upload = async (name: string, bytes: string): Promise<{ uuid: string; size: number }> => {
    const headers = { authorization: `Bearer ${tokenFor(client)}`, 'content-type': 'application/octet-stream' };
    const answer = await fetch(`${server.url}/api/files?name=${name}`, { method: 'POST', headers, body: bytes });
    return (await answer.json()) as { uuid: string; size: number };
  };
  const [one, two] = [await upload('notes.txt', 'some words'), await upload('more.txt', 'more words')];
  const sent = await visitor.send('Two files', { attachments: [one.uuid, two.uuid.toUpperCase()] });
  const link = expect.stringMatching(/^\/files\/\d+\/.*sig=/) as unknown;
  const shown = { type: 'file', url: link, url_preview: '', extension: 'txt', size: 10 };
  expect(sent.data.message).toMatchObject({
    text: 'Two files',
    attachments: [
      { ...shown, uuid: one.uuid, filename: 'notes.txt' },
      { ...shown, uuid: two.uuid, filename: 'more.txt' },
    ],
  });
  const heard = await board.next('message_added');
  expect(heard.data.message).toEqual(sent.data.message);
  const answer = await fetch(server.url + (heard.data.message.attachments[1].url as string));
  expect(await answer.text()).toBe('more words');
  // A file alone says enough; one that is another's is as missing as any.
  expect((await visitor.send('', { attachments: [one.uuid] })).type).toBe('message_added');
  const inside = await enter(id, sent.data.message.chat.uuid as string);
  expect((await inside.send('Your file', { attachments: [one.uuid] })).type).toBe('message_added');
  const stranger = await DeskPeer.connect(server.url, newUser(), { query: { source: 'files' } });
  expect(await stranger.send('', { attachments: [one.uuid] })).toMatchObject({ data: { code: 'invalid_argument' } });
});

test('each socket is bound to one chat, and a client’s chat in a widget is found again', async () => {
  const client = newUser();
  const shop = await DeskPeer.connect(server.url, client, { query: { source: 'one' } });
  const lab = await DeskPeer.connect(server.url, client, { query: { source: 'two' } });
  const inShop = await shop.send('in one');
  const inLab = await lab.send('in two');
  expect(inShop.data.message.chat.uuid).not.toBe(inLab.data.message.chat.uuid);
  const again = await DeskPeer.connect(server.url, client, { query: { source: 'one' } });
  const more = await again.send('in one again');
  expect(more.data.message.chat.uuid).toBe(inShop.data.message.chat.uuid);
  expect((await shop.next('message_added')).data.message.id).toBe(more.data.message.id);
  expect(await lab.settled()).toEqual([]);
});

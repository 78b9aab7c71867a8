/** What hostile and broken clients send to the desk: a clear refusal, and nobody else is harmed. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeskPeer } from '../support/clients/support.ts';
import type { DeskOptions } from '../support/clients/support.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ 'max-text-bytes': '4096', 'max-frame-bytes': '65536' });
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

let users = 90_000;
const newUser = (): number => (users += 1);
const open = (user: number, options: DeskOptions = {}): Promise<DeskPeer> => DeskPeer.connect(server.url, user, options);

async function chatOf(client: number, source = 'lk'): Promise<{ peer: DeskPeer; uuid: string; first: number }> {
  const peer = await open(client, { query: { source } });
  const { message } = (await peer.send('hello')).data as { message: { id: number; chat: { uuid: string } } };
  return { peer, uuid: message.chat.uuid, first: message.id };
}

describe('who may come in', () => {
  test.each<[string, DeskOptions, number]>([
    ['no token', { token: null }, 4401],
    ['a broken token', { token: 'x.y.z' }, 4401],
    ['an expired token', { token: tokenFor(1, { exp: 1 }) }, 4401],
    ['a guest', { role: 'guest' }, 4403],
    ['an operator who names no chat', { role: 'operator' }, 1007],
    ['a chat that is not there', { query: { chat: randomUUID() } }, 1008],
    ['a chat that has no name', { query: { chat: 'mine' } }, 1008],
    ['a place that is none', { query: { after: 'yesterday' } }, 1007],
    ['a widget with too long a name', { query: { source: 'x'.repeat(65) } }, 1007],
    ['two chats', { query: `chat=${randomUUID()}&chat=${randomUUID()}` }, 1007],
    ['one chat twice', { query: 'chat=1&chat=1' }, 1007],
    ['two widgets', { query: 'source=lk&source=shop' }, 1007],
    ['two places', { query: 'source=lk&after=0&after=1' }, 1007],
    ['extensions and none', { query: 'source=lk&extensions=0&extensions=1' }, 1007],
    ['two tokens', { query: `source=lk&token=${tokenFor(1)}&token=${tokenFor(2)}`, token: null }, 1007],
    ['two tickets', { query: 'source=lk&ticket=a&ticket=b' }, 1007],
    ['two tokens for the broadcast', { path: '/broadcast', query: `token=${tokenFor(1)}&token=${tokenFor(2)}` }, 1007],
    ['a client on the broadcast', { path: '/broadcast' }, 4403],
    ['a bot on the broadcast', { path: '/broadcast', role: 'bot' }, 4403],
    ['nobody on the broadcast', { path: '/broadcast', token: null }, 4401],
  ])('%s is told so by the close code', async (_name, options, code) => {
    expect((await (await open(newUser(), options)).ended).code).toBe(code);
  });

  test('a parameter that is given twice is named', async () => {
    const { reason } = await (await open(newUser(), { query: 'chat=a&chat=b' })).ended;
    expect(reason).toBe('chat: is given more than once');
    // Those that nobody knows may be there as often as somebody likes.
    const peer = await open(newUser(), { query: 'source=lk&utm=1&utm=2' });
    expect((await peer.send('hello')).type).toBe('message_added');
  });

  test('another’s chat answers as one that is not there', async () => {
    const { uuid } = await chatOf(newUser());
    const stranger = newUser();
    const foreign = await (await open(stranger, { query: { chat: uuid } })).ended;
    const missing = await (await open(stranger, { query: { chat: randomUUID() } })).ended;
    expect(foreign).toEqual(missing);
  });

  test('a token comes in a header, in the query or in the subprotocol, and a ticket once', async () => {
    const user = newUser();
    const token = tokenFor(user);
    const ticket = server.chat.access.issueTicket(await server.chat.access.authenticate(token));
    for (const options of [
      { headers: { authorization: `Bearer ${token}` } },
      { query: { token } },
      { protocols: ['bearer', token] },
      { query: { ticket } },
    ]) {
      const peer = await open(user, { token: null, ...options });
      expect(await peer.settled()).toEqual(expect.any(Array));
    }
    expect((await (await open(user, { token: null, query: { ticket } })).ended).code).toBe(4401);
  });

  test('only pages that may show a widget open it', async () => {
    const origins = ['https://shop.example'];
    const setting = { ...(await server.chat.core.desk.settings.of('default')).widget('guarded'), origins };
    await server.chat.core.committer.commit({
      type: 'desk-setting',
      namespace: 'default',
      setting: { kind: 'widget', name: 'guarded', value: setting },
    });
    const from = (origin: string, role: 'user' | 'operator' = 'user', query: object = { source: 'guarded' }) =>
      open(newUser(), { role, query: query as Record<string, string>, headers: { origin } });
    expect((await (await from('https://evil.example')).ended).code).toBe(4403);
    const shop = await from('https://shop.example');
    const { uuid } = (await shop.send('hello')).data.message.chat as { uuid: string };
    const own = await from(server.url);
    expect((await own.send('hello')).type).toBe('message_added');
    const screen = await from('https://console.example', 'operator', { chat: uuid });
    expect((await screen.send('hello')).type).toBe('message_added');
    // Where any is set up, there are no others; without one again every name will do.
    const elsewhere = () => open(newUser(), { query: { source: 'other' }, headers: { origin: 'https://evil.example' } });
    expect((await (await elsewhere()).ended).code).toBe(1008);
    await server.chat.core.committer.commit({
      type: 'desk-setting-delete',
      namespace: 'default',
      kind: 'widget',
      name: 'guarded',
    });
    expect(await (await elsewhere()).settled()).toEqual(expect.any(Array));
  });
});

describe('frames', () => {
  test.each<[string, string | Buffer, number]>([
    ['no JSON', '{"type":', 1007],
    ['a list', '[]', 1007],
    ['no type', '{"data": {}}', 1007],
    ['an unknown type', '{"type": "delete_everything", "data": {}}', 1007],
    ['a type of the server', '{"type": "message_added", "data": {}}', 1007],
    ['a type from the prototype', '{"type": "constructor", "data": {}}', 1007],
    ['data that are none', '{"type": "send_message", "data": "x"}', 1007],
    ['too deep', `{"type": "send_message", "data": ${'{"a":'.repeat(60)}1${'}'.repeat(60)}}`, 1007],
    ['bytes that are no UTF-8, in binary', Buffer.from([0xff]), 1007],
    ['too large', JSON.stringify({ type: 'send_message', data: { text: 'x'.repeat(70_000) } }), 1009],
  ])('%s ends the connection', async (_name, text, code) => {
    const { peer } = await chatOf(newUser());
    peer.raw(text);
    expect((await peer.ended).code).toBe(code);
  });

  test.each<[string, string, string]>([
    ['a mark without a message', 'mark_message_read', '{}'],
    ['a mark of a message before the first', 'mark_message_read', '{"message_id": -1}'],
    ['a mark of half a message', 'mark_message_read', '{"message_id": 1.5}'],
    ['a mark of no number', 'mark_message_delivered', '{"message_id": "1"}'],
    ['a mark of nothing', 'mark_message_delivered', '{"message_id": null}'],
    ['a mark beyond whole numbers', 'mark_message_read', '{"message_id": 9007199254740992}'],
    ['a mark beyond numbers', 'mark_message_delivered', '{"message_id": 1e300}'],
    ['a mark of many messages', 'mark_message_read', '{"message_id": [1, 2]}'],
    ['typing that is none', 'update_typing', '{"stopped": "yes"}'],
    ['typing of no text', 'update_typing', '{"text": 7}'],
  ])('%s is answered, and the connection lives on', async (_name, frame, data) => {
    const { peer, first } = await chatOf(newUser());
    peer.raw(`{"type": "${frame}", "data": ${data}}`);
    const answer = await peer.next('error');
    expect(answer.data).toEqual({ code: 'invalid_argument', message: expect.any(String) as unknown, frame });
    expect(answer.data.message).toMatch(/^(message_id|stopped|text): /);
    // Nothing has moved, and what is right is carried out.
    const operator = await open(newUser(), {
      role: 'operator',
      query: { chat: (await peer.send('more')).data.message.chat.uuid },
    });
    operator.say('mark_message_read', { message_id: first });
    expect((await peer.next('message_updated')).data.message).toMatchObject({ id: first, status: 'read' });
  });

  test('any frame on the broadcast ends it', async () => {
    const peer = await open(newUser(), { path: '/broadcast', role: 'operator' });
    peer.say('send_message', { text: 'hello' });
    expect((await peer.ended).code).toBe(1007);
  });

  test('empty frames are ignored', async () => {
    const { peer } = await chatOf(newUser());
    peer.raw(' \n');
    peer.raw('');
    expect(await peer.settled()).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['nothing', {}, 'invalid_argument'],
    ['no words', { text: '' }, 'invalid_argument'],
    ['words that are none', { text: 7 }, 'invalid_argument'],
    ['a zero character', { text: 'a\0b' }, 'invalid_argument'],
    ['half a character', { text: '\ud800' }, 'invalid_argument'],
    ['a forged type', { text: 'x', type: 'system' }, 'invalid_argument'],
    ['a forged role', { text: 'x', type_role: 'operator' }, 'invalid_argument'],
    ['a forged user', { text: 'x', user: { id: 1, role: 'operator' } }, 'invalid_argument'],
    ['a forged role of the sender', { text: 'x', role: 'operator' }, 'invalid_argument'],
    ['a forged status', { text: 'x', status: 'read' }, 'invalid_argument'],
    ['a forged chat', { text: 'x', chat: { uuid: randomUUID() } }, 'invalid_argument'],
    ['a forged id', { text: 'x', id: 1 }, 'invalid_argument'],
    ['attachments that are none', { text: 'x', attachments: 'all' }, 'invalid_argument'],
    ['an attachment that is not there', { text: 'x', attachments: [randomUUID()] }, 'invalid_argument'],
    ['an attachment that is no UUID', { text: 'x', attachments: ['../../etc/passwd'] }, 'invalid_argument'],
    ['too many attachments', { text: 'x', attachments: Array.from({ length: 51 }, () => randomUUID()) }, 'invalid_argument'],
    ['too long a name', { text: 'x', client_id: 'x'.repeat(129) }, 'invalid_argument'],
    ['a name that is none', { text: 'x', client_id: 7 }, 'invalid_argument'],
  ])('a message with %s is not added, and the connection lives on', async (_name, data, code) => {
    const { peer, uuid } = await chatOf(newUser());
    peer.say('send_message', data);
    const refused = await peer.next('message_not_added', 'message_added');
    expect(refused).toMatchObject({ type: 'message_not_added', data: { code, message: expect.any(String) as unknown } });
    expect((await peer.send('still here')).data.message).toMatchObject({ text: 'still here', message_index: 2, chat: { uuid } });
  });

  test('members that nobody knows are left alone', async () => {
    const { peer } = await chatOf(newUser());
    expect((await peer.send('hello', { locale: 'de' })).type).toBe('message_added');
  });

  test('marks of messages that are another chat’s, or nobody’s, move nothing and end nothing', async () => {
    const [one, two] = [await chatOf(newUser()), await chatOf(newUser())];
    const refused = await server.metric('switchboard_refusals_total', { code: 'not_found' });
    for (const id of [two.first, 999_999_999, 0]) {
      one.peer.say('mark_message_read', { message_id: id });
      one.peer.say('mark_message_delivered', { message_id: id });
    }
    expect(await one.peer.settled()).toEqual([]);
    expect(await two.peer.settled()).toEqual([]);
    expect(await server.metric('switchboard_refusals_total', { code: 'not_found' })).toBe(refused + 6);
  });

  test('with extensions a mark that finds no message is answered too', async () => {
    const user = newUser();
    const { uuid } = await chatOf(user);
    const foreign = await chatOf(newUser());
    const peer = await open(user, { query: { chat: uuid, extensions: '1' } });
    const words: string[] = [];
    for (const id of [foreign.first, 999_999_999, 0]) {
      peer.say('mark_message_read', { message_id: id });
      const { data } = await peer.next('error');
      expect(data).toMatchObject({ code: 'not_found', frame: 'mark_message_read' });
      words.push(data.message as string);
    }
    expect(new Set(words).size).toBe(1);
  });

  test('a text that is typed and too long is not shown', async () => {
    const { peer, uuid } = await chatOf(newUser());
    const operator = await open(newUser(), { role: 'operator', query: { chat: uuid } });
    peer.say('update_typing', { text: 'x'.repeat(5_000) });
    await peer.settled();
    const told = await operator.settled();
    expect(told.map(({ type }) => type)).not.toContain('typing_updated');
  });
});

test('who speaks too fast is told so, and nothing is stored', async () => {
  await using own = await startServer({ 'rate-limit': '2/60000' });
  const peer = await DeskPeer.connect(own.url, 1, { query: { source: 'lk' } });
  await peer.send('one');
  await peer.send('two');
  expect(await peer.send('three')).toMatchObject({
    type: 'message_not_added',
    data: { code: 'rate_limited', text: 'three', attachments: [], client_id: expect.any(String) as unknown },
  });
});

test('a revoked token ends its connections', async () => {
  const user = newUser();
  const { peer } = await chatOf(user);
  await server.chat.revokeTokens('default', user);
  expect((await peer.ended).code).toBe(4401);
});

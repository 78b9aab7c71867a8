/**
 * A support chat of a whole server, over the network: the desk over HTTP, its client in the message stream and in the messenger's REST API beside it,
 * many operators at once, and a restart in the middle.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocketClient } from '../support/clients/websocket.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const CLIENT = 7;
const ANN = 21;

type Headers = Readonly<Record<string, string>>;

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'switchboard-desk-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const as = (user: number, role: string): Headers => ({
  authorization: `Bearer ${tokenFor(user, { role, name: `User ${user}` })}`,
});
const client = as(CLIENT, 'user');
const ann = as(ANN, 'operator');

async function call({ url }: TestServer, method: string, path: string, headers: Headers, body?: object) {
  const response = await fetch(url + path, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, body: text === '' ? undefined : JSON.parse(text) };
}

async function openChat(server: TestServer, text = 'Hello?'): Promise<{ uuid: string; id: string }> {
  const { body } = await call(server, 'POST', '/api/desk/chats', client, { source: 'lk' });
  expect((await call(server, 'POST', `/api/desk/chats/${body.uuid}/messages`, client, { text })).status).toBe(201);
  return body;
}

it('one of many operators gets a chat, and it is theirs after a restart', async () => {
  let server = await startServer({ data });
  const { uuid } = await openChat(server);
  const operators = Array.from({ length: 30 }, (_, at) => 2_000 + at);
  const answers = await Promise.all(
    operators.map((one) => call(server, 'POST', `/api/desk/chats/${uuid}/take`, as(one, 'operator'))),
  );
  const won = answers.filter(({ status }) => status === 200);
  expect(won).toHaveLength(1);
  const winner = won[0]?.body.operator.id;
  for (const { status, body } of answers.filter((answer) => answer !== won[0])) {
    expect([status, body.error.code, body.error.fields]).toEqual([409, 'failed_precondition', { operator: winner }]);
  }
  await server.close();
  server = await startServer({ data });
  const { body } = await call(server, 'GET', `/api/desk/chats/${uuid}`, client);
  expect([body.status, body.operator.id]).toEqual(['open', winner]);
  expect((await call(server, 'GET', '/api/desk/counts', as(Number(winner), 'operator'))).body).toMatchObject({
    mine: 1,
    open: 1,
    waiting: 0,
  });
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

it('its client reads and writes it through every door, and no door tells of a note', async () => {
  await using server = await startServer({ data });
  const { uuid, id } = await openChat(server);
  const streams: WebSocketClient[] = [];
  for (const [user, role] of [
    [CLIENT, 'user'],
    [ANN, 'operator'],
  ] as const) {
    const path = `/message/chat?token=${tokenFor(user, { role, name: `User ${user}` })}`;
    streams.push(await WebSocketClient.connect({ port: server.port, path }));
  }
  await call(server, 'POST', `/api/desk/chats/${uuid}/take`, ann);
  expect((await call(server, 'POST', `/api/desk/chats/${uuid}/notes`, ann, { text: 'Confidential' })).status).toBe(201);
  await call(server, 'POST', `/api/desk/chats/${uuid}/messages`, ann, { text: 'How can I help?' });
  const said = await call(server, 'POST', '/api/messages', client, { chatId: id, content: 'From the messenger' });
  expect(said.status).toBe(201);
  // What comes over the streams up to the last word: the note would have come before it.
  for (const stream of streams) {
    const frames: string[] = [];
    while (!frames.some((frame) => frame.includes('From the messenger'))) frames.push(await stream.nextText());
    expect(frames.join('\n')).toContain('How can I help?');
    expect(frames.join('\n')).not.toContain('Confidential');
    await stream.close();
  }
  for (const headers of [client, ann]) {
    const lists = [
      `/api/chats`,
      `/api/chats/${id}/messages`,
      `/api/conversations`,
      `/api/conversations/${id}/messages`,
      '/api/search?q=Confidential',
    ];
    for (const path of lists) {
      const { status, text } = await call(server, 'GET', path, headers);
      expect([path, status]).toEqual([path, 200]);
      expect(text).not.toContain('Confidential');
    }
  }
  const desk = (headers: Headers) => call(server, 'GET', `/api/desk/chats/${uuid}/messages`, headers);
  const texts = ({ body }: Awaited<ReturnType<typeof desk>>) => body.messages.map(({ text }: { text: string }) => text);
  expect(texts(await desk(client))).toEqual(['Hello?', 'How can I help?', 'From the messenger']);
  expect(texts(await desk(ann))).toEqual(['Hello?', 'Confidential', 'How can I help?', 'From the messenger']);
  expect(texts(await desk({ 'api-token': API_TOKENS.admin, 'x-on-behalf-of': String(CLIENT) }))).not.toContain('Confidential');
  const chats = (await call(server, 'GET', '/api/chats', client)).body;
  expect(JSON.stringify(chats)).toContain(`"${id}"`);
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
});

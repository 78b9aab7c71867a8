/** Finding messages: over HTTP, across doors, in three languages, and never what is not one's own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

interface Answer {
  readonly messages: readonly { readonly id: string; readonly content: string }[];
  readonly more: boolean;
  readonly error: { readonly code: string };
}

async function search(user: number, query: Readonly<Record<string, string>>) {
  const response = await fetch(`${server.url}/api/search?${new URLSearchParams(query).toString()}`, {
    headers: { authorization: `Bearer ${tokenFor(user)}` },
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

async function contents(user: number, q: string, rest: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { status, body } = await search(user, { q, ...rest });
  expect(status).toBe(200);
  return body.messages.map((message) => message.content);
}

async function say(user: number, conversation: number, words: string) {
  const { message } = await server.chat.sendMessage(server.actor(user), {
    target: { conversation },
    content: { kind: 'text', text: words },
  });
  return message;
}

describe('search', () => {
  it('finds Russian, Chinese and English words, as the messenger’s message objects', async () => {
    const [alice, bob] = await server.newUsers(2);
    const group = await server.group([alice, bob]);
    const message = await say(alice, group, 'Please pay the invoice');
    await say(alice, group, 'Пожалуйста, оплатите счета');
    await say(bob, group, '请付发票');
    const { body } = await search(bob, { q: 'invoices' });
    expect(body).toEqual({
      messages: [
        {
          id: String(message.id),
          chatId: String(group),
          senderId: String(alice),
          content: 'Please pay the invoice',
          createdAt: new Date(message.sentAt).toISOString(),
          sender: { id: String(alice), username: expect.any(String) },
        },
      ],
      more: false,
    });
    expect(await contents(alice, 'счёт')).toEqual(['Пожалуйста, оплатите счета']);
    expect(await contents(alice, '发票')).toEqual(['请付发票']);
    expect(await contents(alice, '???')).toEqual([]);
  });

  it('pages by id and stays in the chat that is named', async () => {
    const [alice, bob] = await server.newUsers(2);
    const [one, other] = [await server.group([alice, bob]), await server.group([alice])];
    for (let at = 1; at <= 5; at += 1) await say(alice, at % 2 === 0 ? other : one, `orange ${at}`);
    expect(await contents(alice, 'orange', { chatId: String(one) })).toEqual(['orange 5', 'orange 3', 'orange 1']);
    const first = (await search(alice, { q: 'oranges', limit: '2' })).body;
    expect(first.more).toBe(true);
    const rest = (await search(alice, { q: 'oranges', before: first.messages[1]?.id ?? '' })).body;
    expect([...first.messages, ...rest.messages].map(({ content }) => content)).toEqual(
      [5, 4, 3, 2, 1].map((at) => `orange ${at}`),
    );
    expect(rest.more).toBe(false);
    expect(await contents(bob, 'orange')).toEqual(['orange 5', 'orange 3', 'orange 1']);
  });

  it('knows nothing of what is not one’s own, nor of what was taken back', async () => {
    const [alice, bob, eve] = await server.newUsers(3);
    const group = await server.group([alice, bob]);
    const message = await say(alice, group, 'the password is swordfish');
    expect(await contents(eve, 'swordfish')).toEqual([]);
    const foreign = await search(eve, { q: 'swordfish', chatId: String(group) });
    const missing = await search(eve, { q: 'swordfish', chatId: '123' });
    expect([foreign.status, foreign.body]).toEqual([404, missing.body]);
    await server.chat.recallMessage(server.actor(alice), message.id);
    expect(await contents(bob, 'swordfish')).toEqual([]);
    await say(alice, group, 'swordfish again');
    await server.chat.changeMembers(server.actor(alice), group, { add: [], remove: [bob] });
    expect(await contents(bob, 'swordfish')).toEqual([]);
  });

  it('refuses what is no query in words', async () => {
    const [alice] = await server.newUsers(1);
    for (const query of [{}, { q: 'x'.repeat(257) }, { q: 'x', before: 'zero' }, { q: 'x', chatId: '-1' }]) {
      const { status, body } = await search(alice, query);
      expect([status, body.error.code]).toEqual([400, 'invalid_argument']);
    }
    const response = await fetch(`${server.url}/api/search?q=x`, { headers: { 'api-token': API_TOKENS.admin } });
    expect(response.status).toBe(400);
  });
});

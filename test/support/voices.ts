/** One user at every door at once: each voice says something to the same other user, or in the user's support chat, and tells how it was taken. */
import { grpc, webSocketBinary, webSocketText } from './clients/carriers.ts';
import { MessengerPeer } from './clients/messenger.ts';
import { messengerUser } from './clients/messenger-rest.ts';
import { DeskPeer } from './clients/support.ts';
import type { TestServer } from './server.ts';
import { Refused, StreamPeer, textPost } from './stream-peer.ts';
import { tokenFor } from './tokens.ts';

export interface Refusal {
  /** As the core calls it, whatever the door does. */
  readonly code: string;
  readonly message: string;
  /** Seconds to wait, where the door's form has a place for them besides the words. */
  readonly wait?: number;
}

export interface Voice {
  readonly name: string;
  /** What was stored, or why not. */
  say(text: string): Promise<string | Refusal>;
  /** How the connection has ended; absent for what has none. */
  readonly ended?: Promise<string>;
  close(): Promise<unknown>;
}

const GRPC_CODES: Readonly<Record<number, string>> = { 7: 'permission_denied', 8: 'rate_limited', 14: 'unavailable' };

/** Everything a user has to speak with. */
export async function openVoices(server: TestServer, user: number, peer: number): Promise<Voice[]> {
  const actor = server.actor(user);
  const { conversation } = await server.chat.openPrivate(actor, peer);
  const stored = async (id: string): Promise<string> =>
    (await server.chat.core.store.message(Number(id)))?.content?.text ?? 'nothing';
  return [
    ...(await Promise.all(
      [grpc, webSocketText, webSocketBinary].map((carrier) => overStream(server, carrier, user, peer, stored)),
    )),
    overStreamHttp(server, user, peer, stored),
    await overSocketIo(server, user, String(conversation.id), stored),
    overRest(server, user, String(conversation.id), stored),
    overManagement(server, user, peer, stored),
    await overDesk(server, user),
  ];
}

type Stored = (id: string) => Promise<string>;

async function overStream(server: TestServer, carrier: typeof grpc, user: number, peer: number, stored: Stored): Promise<Voice> {
  const client = await StreamPeer.connect(carrier, server, user, { extensions: true });
  return {
    name: carrier.name,
    async say(text) {
      try {
        return await stored((await client.send({ peer }, text)).unique_id ?? '');
      } catch (thrown) {
        const error = thrown instanceof Refused ? thrown.answer.errors?.[0] : undefined;
        if (error === undefined) throw thrown;
        const { code, message = '', retry_after } = error;
        return refusal(GRPC_CODES[code] ?? String(code), message, retry_after && Number.parseFloat(retry_after));
      }
    },
    ended: client.ended.then(({ code, message }) => `${code} ${message}`),
    close: () => client.close(),
  };
}

function refusal(code: string, message: string, wait: number | string | undefined): Refusal {
  return { code, message, ...(typeof wait === 'number' && { wait }) };
}

async function overHttp(url: string, token: string, body: unknown): Promise<{ answer: Response; json: unknown }> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { answer, json: await answer.json() };
}

function waitOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  return value === null ? undefined : Number(value);
}

function overStreamHttp(server: TestServer, user: number, peer: number, stored: Stored): Voice {
  return {
    name: 'stream over HTTP',
    async say(text) {
      const { answer, json } = await overHttp(`${server.url}/message/chat/send`, tokenFor(user), textPost({ peer }, user, text));
      const { unique_id = '', code = 0, message = '' } = json as { unique_id?: string; code?: number; message?: string };
      return answer.ok ? stored(unique_id) : refusal(GRPC_CODES[code] ?? String(code), message, waitOf(answer.headers));
    },
    close: () => Promise.resolve(),
  };
}

async function overSocketIo(server: TestServer, user: number, chatId: string, stored: Stored): Promise<Voice> {
  const client = await MessengerPeer.connect(server.url, user);
  return {
    name: 'Socket.IO',
    async say(content) {
      const { ok, error, message } = await client.ask('send_message', { chatId, content });
      if (ok) return stored(message.id);
      const { code = '', message: words = '', retryAfter } = (error ?? {}) as Partial<Refusal> & { retryAfter?: number };
      return refusal(code, words, retryAfter === undefined ? undefined : retryAfter / 1000);
    },
    ended: client.ended,
    close: () => client.close(),
  };
}

function overRest(server: TestServer, user: number, chatId: string, stored: Stored): Voice {
  const client = messengerUser(server.url, tokenFor(user), String(user));
  return {
    name: 'messenger REST',
    async say(content) {
      const { status, body, headers } = await client.post('/messages', { chatId, content });
      return status < 300 ? stored(body.id) : refusal(body.error.code, body.error.message, waitOf(headers));
    },
    close: () => Promise.resolve(),
  };
}

function overManagement(server: TestServer, user: number, peer: number, stored: Stored): Voice {
  return {
    name: 'management',
    async say(text) {
      const { answer, json } = await overHttp(`${server.url}/api/private/${peer}/messages`, tokenFor(user), { text });
      const { id = '', error } = json as { id?: string; error?: { code: string; message: string } };
      return error === undefined ? stored(id) : refusal(error.code, error.message, waitOf(answer.headers));
    },
    close: () => Promise.resolve(),
  };
}

async function overDesk(server: TestServer, user: number): Promise<Voice> {
  const client = await DeskPeer.connect(server.url, user, { query: { source: 'lk' } });
  return {
    name: 'support',
    async say(text) {
      const { type, data } = await client.send(text);
      return type === 'message_added' ? data.message.text : refusal(data.code, data.message, undefined);
    },
    ended: client.ended.then(({ code, reason }) => `${code} ${reason}`),
    close: () => client.close(),
  };
}

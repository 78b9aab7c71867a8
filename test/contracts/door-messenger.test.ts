/**
 * The messenger door under the contract of doors, over both transports of Socket.IO.
 *
 * Its Socket.IO half has no words for three things, which are REST in this interface: to find the chat with somebody, to begin it, and to take a
 * message back. There the client acts through the core, as the same user. What the interface tells besides is left out: one's own messages on the
 * socket that sent them.
 */
import { ChatError } from '../../src/core/index.ts';
import { MessengerPeer } from '../support/clients/messenger.ts';
import type { Answer, Transport } from '../support/clients/messenger.ts';
import { Inbox } from '../support/inbox.ts';
import type { TestServer } from '../support/server.ts';
import { SendRefused, doorContract } from './door.contract.ts';
import type { DoorClient, Heard, Refusal, To } from './door.contract.ts';

const REASONS: Readonly<Record<string, Refusal>> = {
  not_found: 'missing',
  permission_denied: 'denied',
  invalid_argument: 'invalid',
  too_large: 'invalid',
  rate_limited: 'too_fast',
};

interface MessageJson {
  readonly id: string;
  readonly senderId: string;
  readonly content: string;
}

function toRefused(code: string, message: string): Error {
  const reason = REASONS[code];
  return reason === undefined ? new Error(`${code}: ${message}`) : new SendRefused(reason, message);
}

function checked(answer: Answer): Answer {
  if (answer.error !== undefined) throw toRefused(answer.error.code, answer.error.message);
  return answer;
}

/** What the core refuses, as the door would. */
async function byCore<T>(acting: Promise<T>): Promise<T> {
  try {
    return await acting;
  } catch (error) {
    throw error instanceof ChatError ? toRefused(error.code, error.message) : error;
  }
}

function toHeard({ id, senderId, content }: MessageJson): Heard {
  // A message that was taken back has lost its words; none is sent without any.
  if (content === '') return { kind: 'recall', id, user: Number(senderId) };
  return { kind: 'message', id, user: Number(senderId), text: content };
}

class Client implements DoorClient {
  readonly ended: Promise<unknown>;
  readonly #peer: MessengerPeer;
  readonly #server: TestServer;
  readonly #user: number;
  readonly #heard = new Inbox<Heard>();
  /** Sent on this socket. */
  readonly #own = new Set<string>();
  /** By this user, on this or another socket: told apart when nothing is under way. */
  #mine: MessageJson[] = [];
  #underWay = 0;
  /** Private chats by the other user. */
  readonly #chats = new Map<number, Promise<string>>();
  readonly #unread = new Map<string, number>();

  constructor(peer: MessengerPeer, server: TestServer, user: number) {
    this.#peer = peer;
    this.#server = server;
    this.#user = user;
    this.ended = peer.ended.then((reason) => this.#heard.end(new Error(reason)));
    peer.socket.on('new_message', (message: MessageJson) => {
      if (Number(message.senderId) !== user) this.#heard.push(toHeard(message));
      else {
        this.#mine.push(message);
        this.#sort();
      }
    });
    peer.socket.on('sidebar_update', (update: { chatId: string; unreadCount: number; message: MessageJson }) => {
      this.#unread.set(update.chatId, update.unreadCount);
      if (update.message.content === '') this.#heard.push(toHeard(update.message));
    });
  }

  async send(to: To, text: string, key?: string): Promise<string> {
    this.#underWay += 1;
    try {
      const known = 'group' in to ? Promise.resolve(String(to.group)) : this.#chats.get(to.peer);
      const id = await (known === undefined ? this.#begin(to, text, key) : this.#say(await known, text, key));
      this.#own.add(id);
      return id;
    } finally {
      this.#underWay -= 1;
      this.#sort();
    }
  }

  /** The first message to somebody on this connection: it may be the one that begins the chat. */
  #begin(to: To, text: string, key: string | undefined): Promise<string> {
    if (!('peer' in to)) throw new Error('a group begins otherwise');
    const beginning = this.#find(to).then(async (known) => {
      if (known !== undefined) return { chat: known, id: await this.#say(known, text, key) };
      const content = { kind: 'text', text } as const;
      const sending = this.#server.chat.sendMessage(this.#server.actor(this.#user), { target: to, content, key });
      const { conversation, message } = await byCore(sending);
      return { chat: String(conversation.id), id: String(message.id) };
    });
    const chat = beginning.then((begun) => begun.chat);
    this.#chats.set(to.peer, chat);
    chat.catch(() => this.#chats.delete(to.peer));
    return beginning.then(({ id }) => id);
  }

  async #say(chatId: string, content: string, key: string | undefined): Promise<string> {
    const answer = await this.#peer.ask('send_message', { chatId, content, ...(key && { clientMessageId: key }) });
    return (checked(answer)['message'] as MessageJson).id;
  }

  async #find(to: To): Promise<string | undefined> {
    if ('group' in to) return String(to.group);
    const found = await this.#server.chat.findConversation(this.#server.actor(this.#user), to).catch(() => undefined);
    return found && String(found.id);
  }

  #sort(): void {
    if (this.#underWay > 0) return;
    for (const message of this.#mine) if (!this.#own.has(message.id)) this.#heard.push(toHeard(message));
    this.#mine = [];
  }

  async recall(_to: To, id: string): Promise<void> {
    await byCore(this.#server.chat.recallMessage(this.#server.actor(this.#user), Number(id)));
  }

  async read(to: To, messageId: string): Promise<void> {
    const chatId = (await this.#find(to)) ?? '0';
    checked(await this.#peer.ask('mark_read', { chatId, messageId }));
  }

  async unread(to: To): Promise<number | undefined> {
    return this.#unread.get((await this.#find(to)) ?? '');
  }

  next(): Promise<Heard> {
    return this.#heard.next();
  }

  get waiting(): number {
    return this.#heard.size;
  }

  async sync(to: To, after?: string): Promise<readonly Heard[]> {
    const chatId = await this.#find(to);
    if (chatId === undefined) return [];
    const heard: Heard[] = [];
    for (let lastId = after, more = true; more;) {
      const answer = checked(await this.#peer.ask('sync', { chats: [{ chatId, lastId }] }));
      const [page] = answer['chats'] as { messages: MessageJson[]; lastId: string; more: boolean }[];
      heard.push(...(page?.messages.map(toHeard) ?? []));
      lastId = page?.lastId;
      more = page?.more === true;
    }
    return heard;
  }

  settled(): Promise<void> {
    return this.#peer.settled();
  }

  close(): Promise<unknown> {
    return this.#peer.close();
  }

  drop(): void {
    this.#peer.drop();
  }
}

for (const transport of ['websocket', 'polling'] as const satisfies readonly Transport[]) {
  doorContract({
    name: `the messenger over ${transport}`,
    readsAreToldTo: 'reader',
    async connect(server, user) {
      return new Client(await MessengerPeer.connect(server.url, user, { transports: [transport] }), server, user);
    },
  });
}

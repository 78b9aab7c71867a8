/**
 * A messenger client with a memory: what it has was received, over connections that come and go. It knows what the messenger's page says a client has
 * to know and no more: the list of its chats, `new_message` and `chat_updated` as they come, and a `sync` from where the last one ended.
 */
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import type { Transport } from '../clients/messenger.ts';
import { tokenFor } from '../tokens.ts';
import type { Chats } from './chats.ts';
import type { Attempt, Seen } from './device.ts';
import type { Place } from './places.ts';

/** Chats in one sync. */
const MAX_SYNC_CHATS = 100;

/** gRPC's status, as which all doors' refusals are told. */
const UNAVAILABLE = 14;

export interface MessengerDeviceOptions {
  readonly name: string;
  readonly user: number;
  readonly transport: Transport;
  /** The room it enters with every connection. */
  readonly room: number;
  /** What all devices know together of which chat is which. */
  readonly chats: Chats;
  readonly port: () => Promise<number>;
  readonly clock: () => number;
}

interface MessageJson {
  readonly id: string;
  readonly chatId: string;
  readonly senderId: string;
  readonly content: string;
}

interface SyncedJson {
  readonly chatId: string;
  readonly messages: readonly MessageJson[];
  readonly lastId: string;
  readonly more: boolean;
  readonly error?: { readonly code: string };
}

interface AnswerJson {
  readonly ok: boolean;
  readonly error?: { readonly code: string };
  readonly message?: MessageJson;
  readonly chats?: readonly SyncedJson[];
}

export class MessengerDevice {
  readonly door = 'messenger';
  readonly name: string;
  readonly user: number;
  /** It is told of edits. */
  readonly extensions = true;
  readonly seen = new Map<number, Seen>();
  readonly faults: string[] = [];
  /** What it was told last of how much is unread, by the name of the conversation, since it connected. */
  readonly unread = new Map<string, number>();
  readonly #options: MessengerDeviceOptions;
  /** Where the last sync of a chat ended. */
  readonly #places = new Map<string, string>();
  /** Newest message heard of each chat on this connection. */
  readonly #heard = new Map<string, number>();
  /** What came of chats that it does not know yet. */
  #strange: { readonly message: MessageJson; readonly isNewest: boolean }[] = [];
  #socket: Socket | undefined;
  #resumed: Promise<void> = Promise.resolve();
  #wanted = false;
  #isLive = false;
  #arrivals: (() => void)[] = [];

  constructor(options: MessengerDeviceOptions) {
    this.#options = options;
    this.name = options.name;
    this.user = options.user;
  }

  /** Connects and resumes; resolves when it has everything. Tries again while the server is away. */
  async connect(): Promise<void> {
    this.#wanted = true;
    while (this.#socket === undefined && this.#wanted) {
      const url = await this.#url();
      if (await this.#open(url)) this.#resumed = this.#resume(url);
      // Without a turn of the loop a server that refuses at once would be asked without end.
      else await new Promise((resolve) => setImmediate(resolve));
      await this.#resumed;
    }
    await this.#resumed;
  }

  /** Leaves in order. */
  close(): void {
    this.#leave((socket) => void socket.disconnect());
  }

  /** Leaves without a word. */
  drop(): void {
    this.#leave(({ io: { engine } }) => {
      const { transport } = engine;
      if ('ws' in transport && typeof transport.ws === 'object' && transport.ws !== null && 'terminate' in transport.ws)
        (transport.ws as { terminate(): void }).terminate();
      else engine.close();
    });
  }

  /** Sends a text under a key on the live connection. */
  async send(key: string, place: Place, text: string): Promise<Attempt> {
    const chatId = this.#options.chats.id(place, this.user);
    if (chatId === undefined) return { type: 'lost' };
    const answer = await this.#ask('send_message', { chatId, content: text, clientMessageId: key });
    if (answer?.message !== undefined) this.#take(answer.message, false);
    return attemptOf(answer, Number(answer?.message?.id));
  }

  /** Reads up to a message. */
  async read(place: Place, id: number): Promise<Attempt> {
    const chatId = this.#options.chats.id(place, this.user);
    if (chatId === undefined) return { type: 'lost' };
    return attemptOf(await this.#ask('mark_read', { chatId, messageId: String(id) }), id);
  }

  /** Opens a chat, so that what comes is read and changes are told, or leaves it; it stays in its room. */
  async turnTo(place: Place, opens: boolean): Promise<void> {
    if (place.receiver === this.#options.room) return;
    const chatId = this.#options.chats.id(place, this.user);
    if (chatId !== undefined) await this.#ask(opens ? 'join_chat' : 'leave_chat', chatId);
  }

  /** Asks for what is new in one chat since the last sync. */
  async syncChat(place: Place): Promise<void> {
    const chatId = this.#options.chats.id(place, this.user);
    if (chatId !== undefined) await this.#sync([chatId]);
  }

  /** Asks for what is new in all chats it knows since the last syncs. */
  async syncAll(): Promise<void> {
    await this.#sync([...this.#places.keys()]);
  }

  /** Resolves when it has the message and is live: has had the answers to all that it asked for when it connected. */
  async hasAllUpTo(id: number): Promise<void> {
    while (!this.seen.has(id) || !this.#isLive) await new Promise<void>((resolve) => this.#arrivals.push(resolve));
  }

  async #url(): Promise<string> {
    return `http://127.0.0.1:${await this.#options.port()}`;
  }

  /** Whether there is a connection, which is this device's from the moment it hears anything. */
  #open(url: string): Promise<boolean> {
    const { transport } = this.#options;
    const socket = io(url, {
      transports: [transport],
      forceNew: true,
      reconnection: false,
      auth: { token: tokenFor(this.user) },
    });
    return new Promise((resolve) => {
      socket.once('connect', () => {
        const isTaken = this.#socket === undefined && this.#wanted;
        if (isTaken) this.#begin(socket);
        else socket.disconnect();
        resolve(isTaken);
      });
      // The connection went before the server had said that the user is in.
      socket.once('disconnect', () => resolve(false));
      socket.once('connect_error', () => {
        socket.close();
        resolve(false);
      });
    });
  }

  #begin(socket: Socket): void {
    this.#socket = socket;
    this.#isLive = false;
    this.#heard.clear();
    this.unread.clear();
    socket.on('new_message', (message: MessageJson) => this.#hear(socket, message));
    socket.on('chat_updated', ({ messages }: { messages: readonly MessageJson[] }) => {
      if (this.#socket === socket) for (const message of messages) this.#take(message, true);
    });
    socket.on('sidebar_update', (update: { chatId: string; unreadCount: number }) => {
      const key = this.#options.chats.key(update.chatId);
      if (this.#socket === socket && key !== undefined) this.unread.set(key, update.unreadCount);
    });
    socket.on('disconnect', (reason) => {
      if (reason === 'io server disconnect') this.#fault('was sent away for good');
      if (this.#socket === socket) this.#socket = undefined;
      if (this.#wanted) void this.connect();
    });
  }

  async #resume(url: string): Promise<void> {
    const { chats, room } = this.#options;
    const listed = await chats.list(url, this.user);
    const joined = listed && (await this.#ask('join_chat', String(room)));
    if (listed === undefined || joined?.ok !== true) {
      // A server that is going down.
      this.#socket?.disconnect();
      return;
    }
    for (const chatId of [...listed, String(room)]) if (!this.#places.has(chatId)) this.#places.set(chatId, '0');
    this.#isLive = await this.#sync([...this.#places.keys()]);
    this.#wake();
  }

  #leave(how: (socket: Socket) => void): void {
    this.#wanted = false;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) how(socket);
  }

  /** Undefined: the connection was gone before an answer came. */
  async #ask(event: string, payload: unknown): Promise<AnswerJson | undefined> {
    const socket = this.#socket;
    if (socket === undefined) return undefined;
    try {
      return (await socket.emitWithAck(event, payload)) as AnswerJson;
    } catch {
      return undefined;
    }
  }

  /** Whether everything was answered. */
  async #sync(chatIds: readonly string[]): Promise<boolean> {
    for (let asked = [...chatIds]; asked.length > 0;) {
      const some = asked.slice(0, MAX_SYNC_CHATS);
      const chats = some.map((chatId) => ({ chatId, lastId: this.#places.get(chatId) ?? '0' }));
      const answer = await this.#ask('sync', { chats });
      if (answer?.chats === undefined) {
        if (answer?.error?.code === 'unavailable') this.#socket?.disconnect();
        else if (answer !== undefined) this.#fault(`was refused a sync: ${answer.error?.code}`);
        return false;
      }
      for (const synced of answer.chats) this.#takePage(synced);
      const open = answer.chats.filter(({ more }) => more).map(({ chatId }) => chatId);
      asked = [...open, ...asked.slice(MAX_SYNC_CHATS)];
    }
    return true;
  }

  #takePage({ chatId, messages, lastId, error }: SyncedJson): void {
    if (error !== undefined) {
      if (error.code !== 'not_found') this.#fault(`was refused ${chatId}: ${error.code}`);
      return;
    }
    this.#places.set(chatId, lastId);
    for (const [at, message] of messages.entries()) {
      if (Number(message.id) <= Number(messages[at - 1]?.id ?? 0)) this.#fault(`was given ${message.id} behind a newer one`);
      this.#take(message, true);
    }
  }

  /** What is new comes once, and in the order of its chat. */
  #hear(socket: Socket, message: MessageJson): void {
    if (this.#socket !== socket) return;
    const { id, chatId } = message;
    const before = this.#heard.get(chatId) ?? 0;
    if (Number(id) <= before) this.#fault(`heard ${id} of ${chatId} after ${before}`);
    this.#heard.set(chatId, Number(id));
    this.#take(message, false);
  }

  /** `isNewest`: it is the newest state of the message; else how it was when it was sent. */
  #take(message: MessageJson, isNewest: boolean): void {
    const conversation = this.#options.chats.key(message.chatId);
    if (conversation === undefined) {
      this.#strange.push({ message, isNewest });
      void this.#learn(message.chatId);
      return;
    }
    // A chat that is new to it: nothing of it was synced.
    if (!this.#places.has(message.chatId)) this.#places.set(message.chatId, '0');
    const id = Number(message.id);
    const sender = Number(message.senderId);
    const text = message.content === '' ? undefined : message.content;
    const known = this.seen.get(id);
    if (known !== undefined && (known.conversation !== conversation || known.sender !== sender))
      this.#fault(`saw ${id} in ${conversation} by ${sender}, before in ${known.conversation} by ${known.sender}`);
    if (known !== undefined && !isNewest) return;
    if (known !== undefined && known.text === undefined && text !== undefined)
      this.#fault(`saw the text of ${id} after its recall`);
    this.seen.set(id, { id, conversation, sender, text, at: known?.at ?? this.#options.clock() });
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#arrivals.splice(0)) wake();
  }

  async #learn(chatId: string): Promise<void> {
    const { chats } = this.#options;
    for (let isAnswered = false; chats.key(chatId) === undefined && !isAnswered;) {
      isAnswered = await chats.ask(await this.#url(), this.user, chatId);
    }
    if (chats.key(chatId) === undefined) {
      this.#fault(`heard of ${chatId}, which it may not see`);
      return;
    }
    const strange = this.#strange;
    this.#strange = [];
    for (const { message, isNewest } of strange) this.#take(message, isNewest);
  }

  #fault(what: string): void {
    this.faults.push(`${this.name} ${what}`);
  }
}

function attemptOf(answer: AnswerJson | undefined, id: number): Attempt {
  if (answer === undefined) return { type: 'lost' };
  if (answer.ok) return { type: 'accepted', id };
  return { type: 'refused', code: answer.error?.code === 'unavailable' ? UNAVAILABLE : 5 };
}

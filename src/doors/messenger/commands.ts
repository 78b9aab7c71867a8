/**
 * What one client asks for, in order. What needs nothing but memory is answered at once. Sends are handed to the core without waiting for their commit, so
 * a client may have many under way; whatever must wait (a chat that is not in memory, a join, a sync) holds back the requests behind it.
 */
import { ChatError, CONVERSATION_KINDS, shownName } from '../../core/index.ts';
import type { Actor, Chat, Content, Id, Message, RateLimiter } from '../../core/index.ts';
import { toMessageObject } from './codec.ts';
import { MAX_JOINED } from './connection.ts';
import type { MessengerConnection } from './connection.ts';
import type { EventNames } from './event-names.ts';
import { noteRefusal, toRefused } from './refusals.ts';
import { parseRequest } from './requests.ts';
import type { Place, Request } from './requests.ts';
import { syncChats } from './sync.ts';
import type { Answer } from './wire.ts';
import { inOurWords } from './words.ts';

/** Requests of one client under way or waiting; one more is refused: it bounds what one connection holds in memory. */
const MAX_UNDER_WAY = 1_024;

/** Where the answer to a request goes, as JSON; undefined: the client has not asked for one. */
export type Acknowledge = ((json: string) => void) | undefined;

export interface CommandsShared {
  readonly chat: Chat;
  readonly names: EventNames;
  /** Requests besides sends, per session. */
  readonly signals: RateLimiter;
  readonly maxBuffered: number;
}

/** Who is told of every request that was refused. */
export interface Refused {
  tried(): void;
}

interface Waiting {
  readonly request: Request;
  readonly acknowledge: Acknowledge;
}

type Send = Request & { readonly type: 'send_message' };
type Prepared = Awaited<ReturnType<Chat['prepareSend']>>;

export class Commands {
  readonly #shared: CommandsShared;
  readonly #connection: MessengerConnection;
  readonly #refused: Refused;
  /** What is held back; made with the first. */
  #waiting: Waiting[] | undefined;
  #busy = false;
  #underWay = 0;

  constructor(shared: CommandsShared, connection: MessengerConnection, refused: Refused) {
    this.#shared = shared;
    this.#connection = connection;
    this.#refused = refused;
  }

  receive(event: unknown, payload: unknown, acknowledge: Acknowledge): void {
    if (this.#connection.isOver) return;
    try {
      const request = this.#parse(event, payload);
      this.#underWay += 1;
      if (this.#busy) (this.#waiting ??= []).push({ request, acknowledge });
      else this.#holdBackWhile(this.#begin(request, acknowledge));
    } catch (thrown) {
      const said = this.#refuse(thrown);
      acknowledge?.(said);
    }
  }

  get #actor(): Actor {
    return this.#connection.actor;
  }

  #parse(event: unknown, payload: unknown): Request {
    const { names, signals } = this.#shared;
    const type = typeof event === 'string' ? names.incoming(event) : undefined;
    if (type !== 'send_message') signals.take(this.#actor.namespace, this.#connection.id);
    if (type === undefined) throw new ChatError('not_supported', 'There is no such event.');
    if (this.#underWay >= MAX_UNDER_WAY) {
      throw new ChatError('rate_limited', `At most ${MAX_UNDER_WAY} requests may be under way.`, { retryAfter: 1_000 });
    }
    return parseRequest(type, payload);
  }

  #refuse(thrown: unknown): string {
    this.#refused.tried();
    return JSON.stringify(toRefused(noteRefusal(this.#shared.chat, this.#actor.door, thrown)));
  }

  #answer(acknowledge: Acknowledge, json: string): void {
    this.#underWay -= 1;
    acknowledge?.(json);
  }

  /** Undefined: done, or under way without holding back what follows. */
  #begin(request: Request, acknowledge: Acknowledge): Promise<void> | undefined {
    try {
      switch (request.type) {
        case 'send_message':
          return this.#send(request, acknowledge);
        case 'mark_read':
          void this.#answerWith(acknowledge, this.#read(request.chat, request.message));
          return undefined;
        case 'leave_chat':
          this.#leave(request.chat);
          break;
        case 'typing_start':
        case 'typing_end': {
          const { chat } = this.#shared;
          const target = { conversation: request.chat };
          const active = request.type === 'typing_start';
          if (chat.setTypingAtOnce(this.#actor, target, active)) break;
          return this.#answerWith(acknowledge, this.#type(request.chat, active));
        }
        case 'join_chat':
          return this.#answerWith(acknowledge, this.#join(request.chat));
        case 'sync':
          return this.#answerWith(acknowledge, this.#sync(request.chats));
      }
      this.#answer(acknowledge, `{"ok":true,"chatId":"${request.chat}"}`);
    } catch (thrown) {
      this.#answer(acknowledge, this.#refuse(thrown));
    }
    return undefined;
  }

  #answerWith(acknowledge: Acknowledge, answer: Promise<Answer>): Promise<void> {
    return answer.then(
      (said) => this.#answer(acknowledge, JSON.stringify(said)),
      (thrown: unknown) => this.#answer(acknowledge, this.#refuse(thrown)),
    );
  }

  #send(request: Send, acknowledge: Acknowledge): Promise<void> | undefined {
    const prepared = this.#shared.chat.prepareSend(this.#actor, { conversation: request.chat });
    if (!(prepared instanceof Promise)) {
      this.#submit(request, acknowledge, prepared);
      return undefined;
    }
    // Its failure is answered when the same is found again.
    const submit = (): void => this.#submit(request, acknowledge);
    return prepared.then(submit, submit);
  }

  #submit(request: Send, acknowledge: Acknowledge, prepared?: Prepared): void {
    const { chat } = this.#shared;
    const content: Content = { kind: 'text', text: request.content };
    const input = { target: { conversation: request.chat }, kinds: CONVERSATION_KINDS, content, key: request.key };
    chat.sendMessage(this.#actor, input, prepared).then(
      ({ message }) => this.#sent(message, acknowledge),
      (thrown: unknown) => this.#answerWith(acknowledge, inOurWords(Promise.reject<Answer>(thrown))),
    );
  }

  /** What everybody was told is the answer as well; a message that was stored before, or is not heard here, is put into words for it. */
  #sent(message: Message, acknowledge: Acknowledge): void {
    const json = this.#connection.codec.noteOf(message.id)?.json;
    if (json === undefined) void this.#answerWith(acknowledge, this.#describe(message));
    else this.#answer(acknowledge, `{"ok":true,"message":${json}}`);
  }

  async #describe(message: Message): Promise<Answer> {
    const { chat } = this.#shared;
    const sender = await chat.findUser(this.#actor.namespace, this.#actor.user);
    return { ok: true, message: toMessageObject(chat.links, message, sender && shownName(sender)) };
  }

  async #read(id: Id, message: Id): Promise<Answer> {
    const { chat } = this.#shared;
    await chat.moveCursor(this.#actor, 'read', { conversation: id }, message);
    const counts = await chat.countUnread(id, [this.#actor.user]);
    return { ok: true, chatId: String(id), unreadCount: counts.get(this.#actor.user) ?? 0 };
  }

  async #type(id: Id, active: boolean): Promise<Answer> {
    await this.#shared.chat.setTyping(this.#actor, { conversation: id }, active);
    return { ok: true, chatId: String(id) };
  }

  #leave(id: Id): void {
    this.#connection.leave(id);
    this.#shared.chat.core.hub.exit(id, this.#connection);
  }

  async #sync(places: readonly Place[]): Promise<Answer> {
    const { chat, maxBuffered } = this.#shared;
    return { ok: true, chats: await syncChats(chat, this.#actor, places, maxBuffered) };
  }

  /** Opening a chat reads it; a room is entered. */
  async #join(id: Id): Promise<Answer> {
    const { chat } = this.#shared;
    const connection = this.#connection;
    const { kind } = await chat.findConversation(this.#actor, { conversation: id });
    if (!connection.isJoined(id) && connection.joinedCount >= MAX_JOINED) {
      throw new ChatError('failed_precondition', `One connection may have ${MAX_JOINED} chats open at the most.`);
    }
    if (kind === 'room') {
      await chat.enterRoom(connection, id);
      connection.join(id);
    } else {
      const wasJoined = connection.isJoined(id);
      connection.join(id);
      try {
        await chat.moveCursor(this.#actor, 'read', { conversation: id }, 0);
      } catch (thrown) {
        // Removed meanwhile, or not read: not joined either.
        if (!wasJoined) connection.leave(id);
        throw thrown;
      }
    }
    return { ok: true, chatId: String(id), unreadCount: 0 };
  }

  #holdBackWhile(pending: Promise<void> | undefined): void {
    this.#busy = pending !== undefined;
    void pending?.then(() => this.#proceed());
  }

  #proceed(): void {
    this.#busy = false;
    while (!this.#busy && !this.#connection.isOver) {
      const next = this.#waiting?.shift();
      if (next === undefined) return;
      this.#holdBackWhile(this.#begin(next.request, next.acknowledge));
    }
  }
}

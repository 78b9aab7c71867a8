/**
 * What one client asks for, in order. Sends are handed to the core without waiting for their commit, so a client may have many under way; whatever must wait
 * (a chat that is not in memory, a join, a sync) holds back the requests behind it.
 */
import { ChatError, CONVERSATION_KINDS, shownName } from '../../core/index.ts';
import type { Chat, Content, RateLimiter } from '../../core/index.ts';
import { toMessageObject } from './codec.ts';
import { MAX_JOINED } from './connection.ts';
import type { MessengerConnection } from './connection.ts';
import type { EventNames } from './event-names.ts';
import { noteRefusal, toRefused } from './refusals.ts';
import { parseRequest } from './requests.ts';
import type { Request } from './requests.ts';
import { syncChats } from './sync.ts';
import type { Answer } from './wire.ts';
import { inOurWords } from './words.ts';

/** Requests of one client under way or waiting; one more is refused: it bounds what one connection holds in memory. */
const MAX_UNDER_WAY = 1_024;

/** Where the answer to a request goes; undefined: the client has not asked for one. */
export type Acknowledge = ((answer: Answer) => void) | undefined;

export interface Commands {
  receive(event: unknown, payload: unknown, acknowledge: Acknowledge): void;
}

interface Waiting {
  readonly request: Request;
  readonly acknowledge: Acknowledge;
}

export interface CommandsShared {
  readonly chat: Chat;
  readonly names: EventNames;
  /** Requests besides sends, per session. */
  readonly signals: RateLimiter;
  readonly maxBuffered: number;
}

/** `refused` is told of every request that was refused. */
export function createCommands(shared: CommandsShared, connection: MessengerConnection, refused: () => void): Commands {
  const { chat, names, signals, maxBuffered } = shared;
  const { actor } = connection;
  const waiting: Waiting[] = [];
  let busy = false;
  let underWay = 0;

  function parse(event: unknown, payload: unknown): Request {
    const type = typeof event === 'string' ? names.incoming(event) : undefined;
    if (type !== 'send_message') signals.take(actor.namespace, connection.id);
    if (type === undefined) throw new ChatError('not_supported', 'There is no such event.');
    if (underWay >= MAX_UNDER_WAY) {
      throw new ChatError('rate_limited', `At most ${MAX_UNDER_WAY} requests may be under way.`, { retryAfter: 1_000 });
    }
    return parseRequest(type, payload);
  }

  function refuse(thrown: unknown): Answer {
    refused();
    return toRefused(noteRefusal(chat, actor.door, thrown));
  }

  function answer(acknowledge: Acknowledge, done: Promise<Answer>): Promise<void> {
    return done.catch(refuse).then((said) => {
      underWay -= 1;
      acknowledge?.(said);
    });
  }

  /** Undefined: done, or under way without holding back what follows. */
  function handle({ request, acknowledge }: Waiting): Promise<void> | undefined {
    switch (request.type) {
      case 'send_message':
        return send(request, acknowledge);
      case 'mark_read':
        void answer(acknowledge, read(request));
        return undefined;
      default:
        return answer(acknowledge, carryOut(request));
    }
  }

  function send(request: Request & { readonly type: 'send_message' }, acknowledge: Acknowledge): Promise<void> | undefined {
    const target = { conversation: request.chat };
    const content: Content = { kind: 'text', text: request.content };
    const submit = (prepared?: Awaited<ReturnType<Chat['prepareSend']>>): void => {
      const input = { target, kinds: CONVERSATION_KINDS, content, key: request.key };
      void answer(
        acknowledge,
        inOurWords(chat.sendMessage(actor, input, prepared)).then(async ({ message }) => {
          const sender = await chat.findUser(actor.namespace, actor.user);
          return { ok: true, message: toMessageObject(chat.links, message, sender && shownName(sender)) };
        }),
      );
    };
    const prepared = chat.prepareSend(actor, target);
    if (!(prepared instanceof Promise)) {
      submit(prepared);
      return undefined;
    }
    // Its failure is answered when the same is found again.
    return prepared.then(
      () => submit(),
      () => submit(),
    );
  }

  async function read({ chat: id, message }: Request & { readonly type: 'mark_read' }): Promise<Answer> {
    await chat.moveCursor(actor, 'read', { conversation: id }, message);
    const counts = await chat.countUnread(id, [actor.user]);
    return { ok: true, chatId: String(id), unreadCount: counts.get(actor.user) ?? 0 };
  }

  async function carryOut(request: Exclude<Request, { readonly type: 'send_message' | 'mark_read' }>): Promise<Answer> {
    switch (request.type) {
      case 'join_chat':
        return join(request.chat);
      case 'leave_chat':
        connection.leave(request.chat);
        chat.core.hub.exit(request.chat, connection);
        return { ok: true, chatId: String(request.chat) };
      case 'sync':
        return { ok: true, chats: await syncChats(chat, actor, request.chats, maxBuffered) };
      case 'typing_start':
      case 'typing_end':
        await chat.setTyping(actor, { conversation: request.chat }, request.type === 'typing_start');
        return { ok: true, chatId: String(request.chat) };
    }
  }

  /** Opening a chat reads it; a room is entered. */
  async function join(id: number): Promise<Answer> {
    const { kind } = await chat.findConversation(actor, { conversation: id });
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
        await chat.moveCursor(actor, 'read', { conversation: id }, 0);
      } catch (thrown) {
        // Removed meanwhile, or not read: not joined either.
        if (!wasJoined) connection.leave(id);
        throw thrown;
      }
    }
    return { ok: true, chatId: String(id), unreadCount: 0 };
  }

  function proceed(): void {
    busy = false;
    for (let first = waiting.shift(); first !== undefined && !connection.isOver; first = waiting.shift()) {
      const pending = handle(first);
      if (pending === undefined) continue;
      busy = true;
      void pending.then(proceed);
      return;
    }
  }

  return {
    receive(event, payload, acknowledge) {
      if (connection.isOver) return;
      try {
        const request = parse(event, payload);
        underWay += 1;
        waiting.push({ request, acknowledge });
        if (!busy) proceed();
      } catch (thrown) {
        const said = refuse(thrown);
        acknowledge?.(said);
      }
    },
  };
}

/** The desk over WebSocket: `/chat` for clients and operators, `/broadcast` for operators (seed 003, wire.md section 4). */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ChatError, chatRef, parseId, toChatError } from '../../core/index.ts';
import type { Chat, Id, Identity, Millis, RateLimiter } from '../../core/index.ts';
import { fromHttp, identify } from '../credentials.ts';
import type { Outboxes } from '../outbox.ts';
import type { WebSocketEnding, WebSocketLink, WebSocketPeer } from '../websocket-link.ts';
import { createWebSockets } from '../websocket-server.ts';
import { BroadcastConnection } from './broadcast.ts';
import { DOOR } from './connection.ts';
import type { ConnectionOptions, SupportConnection } from './connection.ts';
import type { Frames } from './frames.ts';
import { RoomConnection } from './room.ts';
import { STATUS } from './status.ts';

/** Widgets or departments that one operator may name: a filter, not a data set. */
const MAX_NAMES = 100;

/** What an address may say of a connection. */
const PARAMETERS = ['chat', 'source', 'department', 'after', 'extensions', 'token', 'ticket'];

/** What the broadcast takes as often as it is given. */
const LISTS = ['source', 'department'];

export interface SupportSocketsOptions {
  readonly chat: Chat;
  readonly outboxes: Outboxes;
  readonly frames: Frames;
  readonly typing: RateLimiter;
  readonly maxFrameBytes: number;
  readonly pingInterval: Millis;
}

type Accept = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface SupportSockets {
  readonly chat: Accept;
  readonly broadcast: Accept;
  close(): void;
}

export function createSupportSockets(options: SupportSocketsOptions): SupportSockets {
  const { chat, outboxes, frames, typing } = options;
  const sockets = createWebSockets({
    maxFrameBytes: options.maxFrameBytes,
    pingInterval: options.pingInterval,
    malformed: () => chat.meter.refused(DOOR, 'invalid_argument'),
  });

  function refuse(thrown: unknown): WebSocketEnding {
    const error = toChatError(thrown);
    chat.meter.refused(DOOR, error.code);
    if (error.code === 'internal') chat.log.error({ err: error.cause }, 'a connection to the desk could not be opened');
    return { close: STATUS[error.code].close, message: error.message };
  }

  interface Asked {
    readonly request: IncomingMessage;
    readonly link: WebSocketLink;
    readonly query: URLSearchParams;
    readonly identity: Identity;
  }

  async function admit(request: IncomingMessage, link: WebSocketLink, lists: readonly string[] = []): Promise<Asked> {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    checkOnce(query, lists);
    const identity = await identify(chat.access, fromHttp(request.headers, query));
    return { request, link, query, identity };
  }

  function partsOf({ request, link, identity }: Asked): Omit<ConnectionOptions, 'codec'> {
    const trace = request.headers['traceparent'];
    const address = request.socket.remoteAddress ?? '';
    return { chat, outboxes, link, identity, address, ...(typeof trace === 'string' && { trace }) };
  }

  /** Opened, and closed again where it cannot begin. */
  async function begin<C extends SupportConnection>(connection: C, enter: () => Promise<void>): Promise<C> {
    await chat.openSession(connection);
    try {
      await enter();
    } catch (thrown) {
      connection.closed('refused');
      throw thrown;
    }
    return connection;
  }

  async function enterRoom(asked: Asked): Promise<WebSocketPeer> {
    const { query, identity } = asked;
    if (identity.role === 'guest') throw new ChatError('permission_denied', 'Guests do not write to the desk. Sign in first.');
    const after = await toPlace(identity, query.get('after'));
    const extended = query.get('extensions') === '1';
    const connection = new RoomConnection({ ...partsOf(asked), codec: frames.chat(extended), frames, typing, extended, after });
    return begin(connection, async () => {
      const named = query.get('chat');
      if (named === null) await checkOrigin(asked, query.get('source') ?? '');
      const conversation = named === null ? await openOwn(connection, query) : chatRef(named);
      const found = await chat.desk.findChat(connection.actor, conversation);
      await checkOrigin(asked, found.conversation.source ?? '');
      // The last that waits: from here on the handshake follows in the same turn.
      await chat.desk.enterChat(connection, { conversation: found.conversation.id });
      connection.entered(found.conversation.id);
    });
  }

  async function openOwn({ actor }: SupportConnection, query: URLSearchParams): Promise<{ readonly conversation: Id }> {
    if (actor.role === 'operator') throw new ChatError('invalid_argument', 'chat: is needed: which chat the operator enters');
    const { conversation } = await chat.desk.openChat(actor, query.get('source') ?? '');
    return { conversation: conversation.id };
  }

  async function toPlace({ namespace, user, role }: Identity, after: string | null): Promise<Id | undefined> {
    if (after === null) return undefined;
    const id = after === '0' ? 0 : parseId(after);
    if (id === undefined) throw new ChatError('invalid_argument', 'after: is not a message id');
    return chat.desk.placeOfMessage({ namespace, user, role, server: false, door: DOOR, session: 0 }, id);
  }

  /** A browser says which page connects. */
  function checkOrigin({ request, identity }: Asked, source: string): Promise<void> {
    const { origin, host } = request.headers;
    return chat.desk.checkPage(identity, source, { origin, host });
  }

  async function attend(asked: Asked): Promise<WebSocketPeer> {
    const { query, identity } = asked;
    if (identity.role !== 'operator') throw new ChatError('permission_denied', 'The broadcast is for operators.');
    const connection = new BroadcastConnection({ ...partsOf(asked), codec: frames.broadcast, frames });
    return begin(connection, async () => {
      await chat.desk.attendDesk(connection, { sources: namesIn(query, 'source'), departments: namesIn(query, 'department') });
    });
  }

  return {
    chat: (request, socket, head) =>
      sockets.accept(request, socket, head, { prepare: async (link) => enterRoom(await admit(request, link)), refuse }),
    broadcast: (request, socket, head) =>
      sockets.accept(request, socket, head, { prepare: async (link) => attend(await admit(request, link, LISTS)), refuse }),
    close: () => sockets.close(),
  };
}

/** Said twice, it could be read as either: nobody is put into a chat by a guess. */
function checkOnce(query: URLSearchParams, lists: readonly string[]): void {
  const names = [...query.keys()].filter((name) => PARAMETERS.includes(name) && !lists.includes(name));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new ChatError('invalid_argument', `${twice}: is given more than once`);
}

/** A parameter that is repeated, or has several names with commas between. */
function namesIn(query: URLSearchParams, name: string): string[] {
  const names = query.getAll(name).flatMap((value) => value.split(',').map((one) => one.trim()));
  const some = [...new Set(names.filter((one) => one !== ''))];
  if (some.length > MAX_NAMES) throw new ChatError('invalid_argument', `${name}: at most ${MAX_NAMES}`);
  return some;
}

/** The messenger door (seed 002, wire.md section 3): Socket.IO 4 at `/socket.io`, and its REST API. */
import { createRateLimiter } from '../../core/index.ts';
import type { Chat, Limits, Millis } from '../../core/index.ts';
import type { Carriers, Door } from '../door.ts';
import { createOutboxes } from '../outbox.ts';
import { channelsOf } from './channels.ts';
import { createChatViews } from './chat-views.ts';
import { createEventNames } from './event-names.ts';
import { createOrigins } from './origins.ts';
import { createReaders } from './readers.ts';
import { createReads } from './reads.ts';
import { createMessengerApi } from './rest.ts';
import { createSidebar } from './sidebar.ts';
import { createSocketCodec } from './socket-codec.ts';
import { SOCKET_PATH, createSockets } from './sockets.ts';
import type { MessengerServer } from './sockets.ts';

export type { MessengerServer } from './sockets.ts';

const NAME = 'messenger';

export interface MessengerDoorOptions {
  readonly chat: Chat;
  /** Bytes of one message from a client, on both transports. */
  readonly maxFrameBytes: number;
  /** Bytes a client may leave unread before it is cut off. */
  readonly maxBuffered: number;
  readonly pingInterval: Millis;
  /** How long a client may take to answer a ping. */
  readonly pingTimeout: Millis;
  /** How long a new connection may take to show its token. */
  readonly connectTimeout: Millis;
  /** Web origins whose pages may connect besides our own; `*` is any. */
  readonly allowedOrigins: readonly string[];
  /** Where clients reach this server; empty: wherever they say. */
  readonly publicUrl: string;
  /** Events that go by another name: the name in the interface, and the other. */
  readonly eventNames: readonly (readonly [string, string])[];
  /** Requests besides sends that one connection may make. */
  readonly signalRate: Limits['rate'];
}

export interface MessengerDoor extends Door {
  /** For programs that embed the server: namespaces, middlewares and events of their own. */
  readonly io: MessengerServer;
}

export function createMessengerDoor(options: MessengerDoorOptions): MessengerDoor {
  const { chat, maxBuffered } = options;
  const names = createEventNames(options.eventNames);
  const readers = createReaders({ now: () => chat.now() });
  const sidebar = createSidebar({ chat, eventName: names.outgoing('sidebar_update') });
  const views = createChatViews({
    chat,
    eventNames: { updated: names.outgoing('chat_updated'), added: names.outgoing('added_to_chat') },
  });
  const sockets = createSockets({
    shared: {
      chat,
      outboxes: createOutboxes({ maxBuffered }),
      codec: createSocketCodec({ links: chat.links, names, sidebar }),
      readers,
      sidebar,
      views,
      reads: createReads({ chat }),
    },
    commands: { chat, names, signals: createRateLimiter({ rate: options.signalRate, now: () => chat.now() }), maxBuffered },
    origins: createOrigins({ allowed: options.allowedOrigins, own: options.publicUrl }),
    maxFrameBytes: options.maxFrameBytes,
    pingInterval: options.pingInterval,
    pingTimeout: options.pingTimeout,
    connectTimeout: options.connectTimeout,
  });
  return {
    name: NAME,
    io: sockets.io,
    attach({ http, upgrade, refusals, api }: Carriers) {
      api.register({ ...createMessengerApi({ door: NAME }), channels: channelsOf(names) });
      refusals(SOCKET_PATH, NAME, ({ code, message }) => JSON.stringify({ error: { code, message } }));
      sockets.registerRoutes(http);
      for (const path of [SOCKET_PATH, `${SOCKET_PATH}/`]) upgrade(path, sockets.upgrade);
    },
    close: () => sockets.close(),
  };
}

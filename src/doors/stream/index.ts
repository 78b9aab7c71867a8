/**
 * The message stream door: `appootb.message.Chat`, `Room` and `InnerChat` over gRPC, WebSocket and HTTP (seed 001, wire.md section 1).
 */
import type { Chat as Core } from '../../core/index.ts';
import { Chat, InnerChat, Room } from '../../protobuf/index.ts';
import type { Carriers, Door } from '../door.ts';
import { createOutboxes } from '../outbox.ts';
import { createChannels } from './channels.ts';
import { createStreamCodecs } from './codecs.ts';
import { createInteract, createSend } from './grpc.ts';
import { registerSendRoute } from './http.ts';
import { createInnerMethods, registerInnerRoutes } from './inner.ts';
import { PREFIX, answerUnknown, wordRefusal } from './unknown.ts';
import { createStreamWebSockets } from './websocket.ts';

const NAME = 'stream';

export interface StreamDoorOptions {
  readonly chat: Core;
  /** Bytes of one message from a client, on every carrier. */
  readonly maxFrameBytes: number;
  /** Bytes a client may leave unread before it is cut off. */
  readonly maxBuffered: number;
  /** Milliseconds between pings of idle WebSockets. */
  readonly pingInterval: number;
}

export function createStreamDoor(options: StreamDoorOptions): Door {
  const { chat, maxFrameBytes, maxBuffered, pingInterval } = options;
  const outboxes = createOutboxes({ maxBuffered });
  const codecs = createStreamCodecs({ links: chat.links });
  const sockets = createStreamWebSockets({ chat, outboxes, codecs, maxFrameBytes, pingInterval });
  return {
    name: NAME,
    attach({ http, api, grpc, upgrade, refusals }: Carriers) {
      refusals(PREFIX, NAME, wordRefusal);
      answerUnknown(http, chat, NAME);
      // Nothing of this door is under `/api` but what the document says of it.
      api.register({ door: NAME, tags: {}, components: [], channels: createChannels(), routes: () => undefined });
      const shared = { chat, outboxes, codecs };
      for (const service of [Chat, Room, InnerChat]) grpc.registerService(service);
      grpc.register('/appootb.message.Chat/Interact', createInteract(shared, false));
      grpc.register('/appootb.message.Chat/Send', createSend(shared, false));
      grpc.register('/appootb.message.Room/Interact', createInteract(shared, true));
      grpc.register('/appootb.message.Room/Send', createSend(shared, true));
      const inner = createInnerMethods(chat);
      grpc.register('/appootb.message.InnerChat/Deliver', inner.deliver);
      grpc.register('/appootb.message.InnerChat/Kick', inner.kick);
      upgrade('/message/chat', (request, socket, head) => sockets.accept(request, socket, head, false));
      upgrade('/message/room', (request, socket, head) => sockets.accept(request, socket, head, true));
      registerSendRoute(http, { chat, maxFrameBytes }, '/message/chat/send', false);
      registerSendRoute(http, { chat, maxFrameBytes }, '/message/room/send', true);
      registerInnerRoutes(http, { chat, maxFrameBytes });
    },
    close: () => sockets.close(),
  };
}

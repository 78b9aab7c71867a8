/**
 * The support desk's door: `/chat` and `/broadcast` over WebSocket, and what back ends call (seeds 003 and 004, wire.md section 4,
 * docs/protocols/support.md).
 */
import { createRateLimiter } from '../../core/index.ts';
import type { Chat, Limits, Millis } from '../../core/index.ts';
import type { Carriers, Door } from '../door.ts';
import { createOutboxes } from '../outbox.ts';
import { CHANNELS } from './channels.ts';
import { DOOR } from './connection.ts';
import { DESK_PART } from './desk-api.ts';
import { createFrames } from './frames.ts';
import { registerBackEndRoutes } from './http.ts';
import { createSupportSockets } from './websocket.ts';

export interface SupportDoorOptions {
  readonly chat: Chat;
  /** Bytes of one frame from a client. */
  readonly maxFrameBytes: number;
  /** Bytes of one body from a back end. */
  readonly maxBodyBytes: number;
  /** Bytes a client may leave unread before it is cut off. */
  readonly maxBuffered: number;
  /** Milliseconds between pings of idle WebSockets. */
  readonly pingInterval: Millis;
  /** Signs of typing that one connection may give. */
  readonly signalRate: Limits['rate'];
}

export function createSupportDoor(options: SupportDoorOptions): Door {
  const { chat, maxFrameBytes, maxBodyBytes, maxBuffered, pingInterval, signalRate } = options;
  const sockets = createSupportSockets({
    chat,
    outboxes: createOutboxes({ maxBuffered }),
    frames: createFrames({ links: chat.links }),
    typing: createRateLimiter({ rate: signalRate, now: () => chat.now() }),
    maxFrameBytes,
    pingInterval,
  });
  return {
    name: DOOR,
    attach({ api, http, upgrade }: Carriers) {
      api.register({ ...DESK_PART, channels: CHANNELS });
      upgrade('/chat', sockets.chat);
      upgrade('/broadcast', sockets.broadcast);
      registerBackEndRoutes(http, { chat, maxBodyBytes });
    },
    close: () => sockets.close(),
  };
}

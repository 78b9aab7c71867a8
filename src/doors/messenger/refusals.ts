/** The core's errors and endings in this door's form. */
import { toChatError } from '../../core/index.ts';
import type { Chat, ChatError, DisconnectReason } from '../../core/index.ts';
import type { Answer, Refusal } from './wire.ts';

/** The error of anything thrown while a request was handled: counted, and logged when it is a fault of ours. */
export function noteRefusal(chat: Pick<Chat, 'meter' | 'log'>, door: string, thrown: unknown): ChatError {
  const error = toChatError(thrown);
  chat.meter.refused(door, error.code);
  if (error.code === 'internal') chat.log.error({ err: error.cause }, 'a request of the messenger failed');
  return error;
}

export function toRefusal({ code, message, fields, retryAfter }: ChatError): Refusal {
  return { code, message, ...(fields !== undefined && { fields }), ...(retryAfter !== undefined && { retryAfter }) };
}

export function toRefused(error: ChatError): Answer {
  return { ok: false, error: toRefusal(error) };
}

interface EndRow {
  /** WebSocket close code. */
  readonly close: number;
  /** Whether the client should come back by itself: Socket.IO clients do unless they are disconnected in so many words. */
  readonly comesBack: boolean;
  readonly message: string;
}

/** How a connection is told why the server ends it. */
export const END: Readonly<Record<DisconnectReason, EndRow>> = {
  shutdown: { close: 1001, comesBack: true, message: 'the server is shutting down; connect again' },
  token_expired: { close: 4401, comesBack: false, message: 'the token has expired' },
  token_revoked: { close: 4401, comesBack: false, message: 'the token has been revoked' },
  banned: { close: 4403, comesBack: false, message: 'the user is banned' },
  kicked: { close: 1008, comesBack: false, message: 'the connection was ended by the server' },
  slow: { close: 1008, comesBack: true, message: 'too much was left unread; connect again and sync' },
  policy: { close: 1008, comesBack: false, message: 'a limit of the protocol was broken' },
  internal: { close: 1011, comesBack: true, message: 'something went wrong on the server' },
};

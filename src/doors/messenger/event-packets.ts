/**
 * Events as nearly all clients send them: one WebSocket text message with one event of the one namespace in it, `42`, a number where an
 * answer is wanted, then a JSON array (Engine.IO protocol 4, Socket.IO protocol 5). Whatever is not exactly that is Socket.IO's to read.
 */
import type { ClientEvent, EventNames } from './event-names.ts';

export interface EventPacket {
  readonly event: ClientEvent;
  /** As the client called it. */
  readonly name: string;
  /** The client wants an answer under this number. */
  readonly id: number | undefined;
  /** The first argument. */
  readonly payload: unknown;
}

const ENGINE_MESSAGE = 0x34;
const EVENT = 0x32;
const BINARY_EVENT = 0x35;
const BINARY_ACKNOWLEDGEMENT = 0x36;

const ZERO = 0x30;
const LIST = 0x5b;
const QUOTE = 0x22;

/** Digits of an answer's number that make a safe integer in any case. */
const MAX_DIGITS = 15;

/** Undefined: something else, an event this interface does not have, or none that is valid. */
export function readEvent(text: Buffer, names: EventNames): EventPacket | undefined {
  if (text[0] !== ENGINE_MESSAGE || text[1] !== EVENT) return undefined;
  let at = 2;
  let id = 0;
  for (let digit = digitAt(text, at); digit >= 0; digit = digitAt(text, at)) {
    id = id * 10 + digit;
    at += 1;
  }
  if (at > 2 + MAX_DIGITS || text[at] !== LIST || text[at + 1] !== QUOTE) return undefined;
  const end = text.indexOf(QUOTE, at + 2);
  const name = end < 0 ? '' : text.toString('latin1', at + 2, end);
  const event = names.incoming(name);
  const args = event === undefined ? undefined : parseList(text.toString('utf8', at));
  return event && args && { event, name, id: at === 2 ? undefined : id, payload: args[1] };
}

/** Bytes follow it, in messages of their own. */
export function announcesBytes(text: Buffer): boolean {
  return text[0] === ENGINE_MESSAGE && (text[1] === BINARY_EVENT || text[1] === BINARY_ACKNOWLEDGEMENT);
}

/** -1: there is none. */
function digitAt(text: Buffer, at: number): number {
  const digit = (text[at] ?? 0) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

function parseList(json: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

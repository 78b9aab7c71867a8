/** What a client asks for, parsed: typed values or an error that names the field. An id that cannot be one of ours is nobody's. */
import { ChatError, notFound, parseId } from '../../core/index.ts';
import type { Id } from '../../core/index.ts';
import type { ClientEvent } from './event-names.ts';

export type Request =
  | { readonly type: 'join_chat' | 'leave_chat' | 'typing_start' | 'typing_end'; readonly chat: Id }
  | { readonly type: 'send_message'; readonly chat: Id; readonly content: string; readonly key: string | undefined }
  | { readonly type: 'mark_read'; readonly chat: Id; readonly message: Id }
  | { readonly type: 'sync'; readonly chats: readonly Place[] };

/** How far a client has come in a chat. */
export interface Place {
  readonly chat: Id | undefined;
  /** As the client wrote it. */
  readonly chatId: string;
  /** 0: nothing yet. */
  readonly after: Id;
}

/** Chats in one sync: as many as a page of the list has. */
export const MAX_SYNC_CHATS = 100;

/** Throws ChatError. */
export function parseRequest(type: ClientEvent, payload: unknown): Request {
  switch (type) {
    case 'send_message': {
      const content = textIn(payload, 'content');
      const key = optionalTextIn(payload, 'clientMessageId');
      return { type, chat: toId(textIn(payload, 'chatId')), content, key };
    }
    case 'mark_read': {
      const chat = textIn(payload, 'chatId');
      return { type, chat: toId(chat), message: toId(textIn(payload, 'messageId')) };
    }
    case 'sync':
      return { type, chats: toPlaces(memberOf(payload, 'chats')) };
    default:
      return { type, chat: toId(typeof payload === 'string' ? payload : textIn(payload, 'chatId')) };
  }
}

function toPlaces(given: unknown): readonly Place[] {
  if (!Array.isArray(given)) throw wrong('chats', 'must be an array of {chatId, lastId}');
  if (given.length > MAX_SYNC_CHATS) throw wrong('chats', `has at most ${MAX_SYNC_CHATS} entries`);
  const entries: readonly unknown[] = given;
  const places = new Map<string, Place>();
  for (const entry of entries) {
    const chatId = textIn(entry, 'chatId');
    const after = toPlace(memberOf(entry, 'lastId'));
    const known = places.get(chatId);
    // Of a chat that is named twice the older place counts.
    places.set(chatId, { chat: parseId(chatId), chatId, after: Math.min(after, known?.after ?? after) });
  }
  return [...places.values()];
}

function toPlace(lastId: unknown): Id {
  if (lastId === undefined || lastId === null || lastId === '' || lastId === '0') return 0;
  const id = typeof lastId === 'string' ? parseId(lastId) : undefined;
  if (id === undefined) throw wrong('lastId', 'must be the id of a message, as a decimal string');
  return id;
}

function toId(text: string): Id {
  const id = parseId(text);
  if (id === undefined) throw notFound();
  return id;
}

/** An own member; nothing that an object only inherits. */
function memberOf(payload: unknown, name: string): unknown {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new ChatError('invalid_argument', `The payload must be an object with ${name}.`, { fields: { [name]: 'is missing' } });
  }
  return Object.getOwnPropertyDescriptor(payload, name)?.value;
}

function textIn(payload: unknown, name: string): string {
  const text = memberOf(payload, name);
  if (typeof text !== 'string') throw wrong(name, text === undefined ? 'is missing' : 'must be a string');
  return text;
}

function optionalTextIn(payload: unknown, name: string): string | undefined {
  const text = memberOf(payload, name);
  if (text === undefined || text === null) return undefined;
  if (typeof text !== 'string') throw wrong(name, 'must be a string');
  return text;
}

function wrong(field: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}

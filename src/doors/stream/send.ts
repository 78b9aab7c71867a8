/** One post in one call: gRPC Send and `POST /message/chat/send`. */
import type { Actor, Chat } from '../../core/index.ts';
import { ChatError, timeOfId } from '../../core/index.ts';
import { toMarkPostmark, toPostmark, toRequest } from './codec.ts';
import { Category } from './wire.ts';
import type { Post, Postmark } from './wire.ts';

/** Resolves with the postmark the server has given the post. Rejects with a ChatError. */
export async function sendPost(
  chat: Chat,
  actor: Actor,
  post: Post,
  key: string | undefined,
  roomsOnly: boolean,
): Promise<Postmark> {
  checkPost(actor, post, roomsOnly);
  return submitPost(chat, actor, post, { key, keyReuse: 'refuse' });
}

/** The idempotency key of a post, if it has one, and what its reuse for another post means. */
export interface SendKey {
  readonly key: string | undefined;
  readonly keyReuse: 'refuse' | 'new';
}

/** Does what the post asks for. */
export async function submitPost(
  chat: Chat,
  actor: Actor,
  post: Post,
  key: SendKey,
  prepared?: Awaited<ReturnType<Chat['prepareSend']>>,
): Promise<Postmark> {
  const request = toRequest(post, key.key, key.keyReuse);
  if (request.type === 'send') {
    const { conversation, message } = await chat.sendMessage(actor, request.input, prepared);
    return toPostmark(conversation, message);
  }
  if (request.type === 'recall') {
    const { conversation, message } = await chat.recallMessage(actor, request.message);
    return toPostmark(conversation, message);
  }
  const { conversation, id } = await chat.moveCursorToMessage(actor, 'read', request.message);
  return toMarkPostmark(conversation, actor.user, request.message, id === 0 ? chat.now() : timeOfId(id));
}

/** What a frame of posts and a single post are held to alike. */
export function checkPost(actor: Actor, { postmark }: Post, roomsOnly: boolean): void {
  if (postmark.sender !== actor.user) throw new ChatError('permission_denied', "postmark.sender: is not the token's user");
  if (roomsOnly && postmark.category !== Category.ROOM) {
    throw new ChatError('invalid_argument', 'postmark.category: this service speaks of rooms only');
  }
}

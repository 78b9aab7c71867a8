/**
 * What the messenger's clients are told and may say (seed 002, wire.md section 3): one schema each, from which come the TypeScript type and
 * the OpenAPI and AsyncAPI documents.
 *
 * Ids are decimal strings, times RFC 3339 in UTC; a member without a value is left out.
 */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { ErrorCode } from '../../core/index.ts';

const MOMENT = '2026-11-21T10:15:00.000Z';
const optional = Type.Optional;
const text = (description: string) => Type.String({ description });
const time = (description: string) => Type.String({ format: 'date-time', description, examples: [MOMENT] });

const namedUser = {
  id: text('Who it is.'),
  username: text('The sign-in name; of users whom another account system signs in, the name it gives them.'),
  name: optional(text('The display name, where it is another.')),
};

/** Seed 002, with `name` added. */
const NamedUser = Type.Object(namedUser);
export type NamedUser = Static<typeof NamedUser>;

/** Seed 002: `new_message`, and part of the others. */
export const MessageObject = Type.Object({
  id: text('Grows with time, over all chats.'),
  chatId: text('Where it was said.'),
  senderId: text('Who said it.'),
  content: text('Its words; empty when it has none, was taken back or has expired.'),
  fileUrl: optional(text('A link to its file, good for a while.')),
  fileName: optional(text('What the file is called.')),
  createdAt: time('When it was stored.'),
  sender: NamedUser,
});
export type MessageObject = Static<typeof MessageObject>;

/** Seed 002: a member in `chat_updated` and `added_to_chat`. */
export const ChatMember = Type.Object({
  userId: text('Who it is.'),
  chatId: text('The chat.'),
  unreadCount: Type.Integer({ minimum: 0, description: 'Messages by others that this member has not read.' }),
  joinedAt: time('When they came in.'),
  user: Type.Object({
    ...namedUser,
    profilePic: optional(text('Their picture.')),
    lastSeen: optional(time('When their last connection ended.')),
    online: optional(
      Type.Boolean({ description: 'Connected, or was seconds ago. Not told, as lastSeen, of who follows a channel.' }),
    ),
  }),
});
export type ChatMember = Static<typeof ChatMember>;

/** Seed 002: `chat_updated`, `added_to_chat`; and what the REST API answers with. */
export const ChatObject = Type.Object({
  id: text('The chat.'),
  isGroup: Type.Boolean({ description: 'Not between two people.' }),
  name: text('What a group is called; of a private chat the other person’s `username`.'),
  profilePic: optional(text('Its picture; of a private chat the other person’s.')),
  createdAt: time('When it was created.'),
  updatedAt: time('When something was last said in it.'),
  users: Type.Array(ChatMember, { description: 'Its members, the first hundred.' }),
  unreadCount: Type.Integer({ minimum: 0, description: 'Messages by others that I have not read.' }),
  messages: Type.Array(MessageObject, { description: 'The newest message, or the one that has changed.' }),
});
export type ChatObject = Static<typeof ChatObject>;

/** Seed 002: `sidebar_update`. */
export const SidebarUpdate = Type.Object({
  chatId: text('The chat.'),
  unreadCount: Type.Integer({ minimum: 0, description: 'Messages by others that I have not read.' }),
  message: optional(MessageObject),
});
export type SidebarUpdate = Static<typeof SidebarUpdate>;

/** Seed 002: `typing_start` and `typing_end`, server to client. */
export const TypingUpdate = Type.Object({
  chatId: text('Where.'),
  userId: text('Who.'),
  username: namedUser.username,
});
export type TypingUpdate = Static<typeof TypingUpdate>;

/** Seed 002: `presence_update`. */
export const PresenceUpdate = Type.Object({
  userId: text('Who.'),
  online: Type.Boolean(),
  lastSeen: time('When they were last connected: now, when they are.'),
});
export type PresenceUpdate = Static<typeof PresenceUpdate>;

/** What every inbound event is answered with, where the client asks for an answer. Ours (wire.md section 3). */
export type Answer = { readonly ok: true; readonly [more: string]: unknown } | { readonly ok: false; readonly error: Refusal };

/** Why a request was refused; as the REST API says it. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** Milliseconds after which the same request may succeed. */
  readonly retryAfter?: number;
}

/** One chat of the answer to `sync`. Ours. */
export interface SyncedChat {
  readonly chatId: string;
  /** New, edited and recalled ones since, in their newest state; ascending. */
  readonly messages: readonly MessageObject[];
  /** Where the next `sync` goes on. */
  readonly lastId: string;
  /** There is more after `lastId`. */
  readonly more: boolean;
  /** Retention has removed messages that the client never saw. */
  readonly cut: boolean;
  /** The chat is not there, or not the client's. */
  readonly error?: Refusal;
}

type Acknowledge = (answer: Answer) => void;
type ChatEvent = (chat: string | { readonly chatId: string }, acknowledge?: Acknowledge) => void;

/** Events from clients by their names in the interface (seed 002; the last three are ours). */
export interface ClientEvents {
  readonly join_chat: ChatEvent;
  readonly leave_chat: ChatEvent;
  readonly typing_start: ChatEvent;
  readonly typing_end: ChatEvent;
  readonly send_message: (
    message: { readonly chatId: string; readonly content: string; readonly clientMessageId?: string },
    acknowledge?: Acknowledge,
  ) => void;
  readonly mark_read: (read: { readonly chatId: string; readonly messageId: string }, acknowledge?: Acknowledge) => void;
  readonly sync: (
    places: { readonly chats: readonly { readonly chatId: string; readonly lastId?: string }[] },
    acknowledge?: Acknowledge,
  ) => void;
}

/** Events to clients by their names in the interface (seed 002). */
export interface ServerEvents {
  readonly typing_start: (typing: TypingUpdate) => void;
  readonly typing_end: (typing: TypingUpdate) => void;
  readonly new_message: (message: MessageObject) => void;
  readonly sidebar_update: (update: SidebarUpdate) => void;
  readonly chat_updated: (chat: ChatObject) => void;
  readonly added_to_chat: (chat: ChatObject) => void;
  readonly chat_deleted: (chatId: string) => void;
  readonly presence_update: (presence: PresenceUpdate) => void;
}

/**
 * What the messenger's clients are told and may say (seed 002, wire.md section 3): one schema each, from which come the TypeScript type and
 * the OpenAPI and AsyncAPI documents.
 *
 * Ids are decimal strings, times RFC 3339 in UTC; a member without a value is left out.
 */
import { Type } from 'typebox';
import type { Static } from 'typebox';

const MOMENT = '2026-11-21T10:15:00.000Z';
const optional = Type.Optional;
const text = (description: string) => Type.String({ description });
const time = (description: string) => Type.String({ format: 'date-time', description, examples: [MOMENT] });

/** Seed 002: `new_message`, and part of the others. */
export const MessageObject = Type.Object({
  id: text('Grows with time, over all chats.'),
  chatId: text('Where it was said.'),
  senderId: text('Who said it.'),
  content: text('Its words; empty when it has none, was taken back or has expired.'),
  fileUrl: optional(text('A link to its file, good for a while.')),
  fileName: optional(text('What the file is called.')),
  createdAt: time('When it was stored.'),
  sender: Type.Object({ id: text('Who said it.'), username: text('What people see of them.') }),
});
export type MessageObject = Static<typeof MessageObject>;

/** Seed 002: a member in `chat_updated` and `added_to_chat`. */
export const ChatMember = Type.Object({
  userId: text('Who it is.'),
  chatId: text('The chat.'),
  unreadCount: Type.Integer({ minimum: 0, description: 'Messages by others that this member has not read.' }),
  joinedAt: time('When they came in.'),
  user: Type.Object({
    id: text('Who it is.'),
    username: text('What people see of them.'),
    profilePic: optional(text('Their picture.')),
    lastSeen: optional(time('When their last connection ended.')),
    online: Type.Boolean({ description: 'Connected, or was seconds ago.' }),
  }),
});
export type ChatMember = Static<typeof ChatMember>;

/** Seed 002: `chat_updated`, `added_to_chat`; and what the REST API answers with. */
export const ChatObject = Type.Object({
  id: text('The chat.'),
  isGroup: Type.Boolean({ description: 'Not between two people.' }),
  name: text('What a group is called; of a private chat the other person.'),
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
  username: text('What people see of them.'),
});
export type TypingUpdate = Static<typeof TypingUpdate>;

/** Seed 002: `presence_update`. */
export const PresenceUpdate = Type.Object({
  userId: text('Who.'),
  online: Type.Boolean(),
  lastSeen: time('When they were last connected: now, when they are.'),
});
export type PresenceUpdate = Static<typeof PresenceUpdate>;

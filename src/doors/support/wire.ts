/**
 * What the desk's clients, operators and back ends are told and may say (seeds 003 and 004, wire.md section 4): one schema each, from which
 * come the TypeScript type, the check of what comes in, and the AsyncAPI document.
 *
 * Ids are numbers, chats and files are named by UUIDs, times are RFC 3339 with seconds. What is told has every documented member.
 */
import { Type } from 'typebox';
import type { Static, TObject, TProperties, TSchema } from 'typebox';

export const USER_ROLES = ['user', 'operator', 'bot', 'system'] as const;
export const MESSAGE_STATUSES = ['new', 'delivered', 'read'] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];
export type AttachmentType = 'image' | 'video' | 'audio' | 'file';

const MOMENT = '2025-01-20T16:31:04+03:00';
const CHAT = 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de';
const FILE = '3f439f10-9c19-4bd4-81a8-d6e048b97ba4';

const optional = Type.Optional;
const text = (description: string, ...examples: string[]) =>
  Type.String({ description, ...(examples.length > 0 && { examples }) });
const number = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
const uuid = (description: string, example: string) =>
  Type.String({
    pattern: '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$',
    description,
    examples: [example],
  });
/** Absent, or null, as back ends say it of what is not there. */
const maybe = <S extends TSchema>(schema: S) => Type.Optional(Type.Union([schema, Type.Null()]));

// ---- What is told --------------------------------------------------------------------------------------------------------------------

export const UserObject = Type.Object(
  {
    id: number('Who; 0 where nobody was named.'),
    role: text(`${USER_ROLES.join(', ')}, or another word of a back end.`, 'user'),
    avatar: text('Address of a picture; empty for none.'),
    lastname: text('Family name.'),
    firstname: text('Given name; of somebody who has but one name that name.'),
    patronymic: text('Middle name.'),
  },
  { description: 'User related information.' },
);
export type UserObject = Static<typeof UserObject>;

export const ChatObject = Type.Object(
  {
    uuid: uuid('The chat.', CHAT),
    widget: Type.Object({ source: text('The widget it came through.', 'lk') }),
    status: text('new, open or closed, or another word of a back end.', 'new'),
    owner_user: Type.Union([UserObject, Type.Null()], { description: 'The client; null when nobody was named.' }),
    operator_user: Type.Union([UserObject, Type.Null()], { description: 'Who has the chat; null for nobody.' }),
  },
  { description: 'Additional chat information. May have further members that a back end gave it.' },
);
export type ChatObject = Static<typeof ChatObject>;

export const AttachmentObject = Type.Object({
  uuid: uuid('The file.', FILE),
  type: text('image, video, audio or file, or another word of a back end.', 'image'),
  url: text('A link to it, good for a while.'),
  url_preview: text('A link to a smaller picture; empty for none.'),
  filename: text('What it is called.', 'gold sphere_2.gif'),
  extension: text('The end of its name, without the dot.', 'gif'),
  size: number('Bytes; 0 where it is not known.'),
});
export type AttachmentObject = Static<typeof AttachmentObject>;

export const MessageObject = Type.Object(
  {
    id: number('The id that a back end gave it, else ours.'),
    type: text('standard, system, note or bot, or another word of a back end.', 'standard'),
    type_role: text('Of a system message: the role that sees it.', 'user'),
    status: text(`${MESSAGE_STATUSES.join(', ')}; it never goes back.`, 'new'),
    text: text('Its words; empty when it has none, was taken back or has expired.'),
    send_time: Type.String({ format: 'date-time', description: 'When it was sent.', examples: [MOMENT] }),
    message_index: number('Its place in the chat, from 1; of notes and system messages among their own.'),
    chat: ChatObject,
    user: UserObject,
    attachments: Type.Array(AttachmentObject),
  },
  { description: 'Message related information. May have further members that a back end gave it.' },
);
export type MessageObject = Static<typeof MessageObject>;

export const OperatorObject = Type.Object(
  {
    user: UserObject,
    is_online: Type.Boolean({ description: 'Has a session on /broadcast.' }),
    new_chats: number('Chats assigned to them and not answered yet.'),
    open_chats: number('Chats they have.'),
  },
  { description: 'Operator related information.' },
);
export type OperatorObject = Static<typeof OperatorObject>;

export const OnlineUser = Type.Object(
  {
    user_id: number('The operator.'),
    widget_sources: Type.Array(Type.String(), { description: 'Widgets the session hears of.' }),
    department_sources: Type.Array(Type.String(), { description: 'Departments it serves.' }),
  },
  { description: 'Active operator session and its available broadcast sources.' },
);
export type OnlineUser = Static<typeof OnlineUser>;

const clientId = optional(
  Type.String({
    minLength: 1,
    maxLength: 128,
    description: 'The sender’s own name for the send: again with it is the same message.',
  }),
);

/** What each frame from the server has as its `data`. */
export const SERVER_FRAMES = {
  message_added: Type.Object({ message: MessageObject, client_id: clientId }),
  message_not_added: Type.Object({
    code: text('Why, for programs.', 'rate_limited'),
    message: text('Why, in words.'),
    text: text('As it was sent.'),
    attachments: Type.Array(Type.String(), { description: 'As they were sent.' }),
    client_id: clientId,
  }),
  message_updated: Type.Object({ message: MessageObject }),
  typing_updated: Type.Object({
    text: text('What stands in the composer; empty for everybody but operators.'),
    stopped: Type.Boolean(),
    chat_id: uuid('The chat.', CHAT),
    user: UserObject,
  }),
  user_connected: Type.Object({ user: UserObject }),
  user_disconnected: Type.Object({ user: UserObject }),
  chat_updated: Type.Object({ chat: ChatObject }),
  operator_updated: OperatorObject,
  global_updated: Type.Object({ unread_chats: optional(number('Chats with unread words of their clients.')) }),
  chat_notification: Type.Object({ chat: ChatObject }),
  error: Type.Object({
    code: text('Why, for programs.', 'invalid_argument'),
    message: text('Why, in words.'),
    frame: text('The type of the frame that was refused.', 'mark_message_read'),
  }),
  history_cut: Type.Object({}),
  queue_position: Type.Object({ position: number('1 is next; 0: it waits no longer.') }),
} as const;
export type ServerFrameType = keyof typeof SERVER_FRAMES;
export type ServerData = { readonly [T in ServerFrameType]: Static<(typeof SERVER_FRAMES)[T]> };

// ---- What clients and operators say ---------------------------------------------------------------------------------------------------

/** Files in one message: what the core takes at most. */
const MAX_ATTACHMENTS = 50;

/** What each frame from a client has as its `data`. */
export const CLIENT_FRAMES = {
  send_message: Type.Object({
    text: optional(text('Its words; may be empty where it has attachments.')),
    attachments: optional(Type.Array(uuid('A file that was uploaded.', FILE), { maxItems: MAX_ATTACHMENTS })),
    client_id: clientId,
  }),
  mark_message_delivered: Type.Object({ message_id: number('The newest message that was received.') }),
  mark_message_read: Type.Object({ message_id: number('The newest message that was read.') }),
  update_typing: Type.Object({
    text: optional(text('What stands in the composer.')),
    stopped: optional(Type.Boolean()),
  }),
} as const;
export type ClientFrameType = keyof typeof CLIENT_FRAMES;
export type ClientFrame = {
  readonly [T in ClientFrameType]: { readonly type: T; readonly data: Static<(typeof CLIENT_FRAMES)[T]> };
}[ClientFrameType];

// ---- What back ends say ---------------------------------------------------------------------------------------------------------------

/** Members that are not named here are kept and told as they came. */
const body = <P extends TProperties>(properties: P, description: string): TObject<P> =>
  Type.Object(properties, { additionalProperties: true, description });

export const UserBody = body(
  {
    id: number('Who; 0 for nobody.'),
    role: maybe(text('user, operator, bot or system; other words are kept.')),
    avatar: maybe(text('Address of a picture.')),
    lastname: maybe(text('Family name.')),
    firstname: maybe(text('Given name.')),
    patronymic: maybe(text('Middle name.')),
  },
  'User related information.',
);
export type UserBody = Static<typeof UserBody>;

export const ChatBody = body(
  {
    uuid: uuid('The chat: yours, or one of ours.', CHAT),
    widget: maybe(body({ source: text('The widget.', 'lk') }, 'Where it came through.')),
    status: maybe(text('new, open, closed; other words are kept.', 'open')),
    owner_user: maybe(UserBody),
    operator_user: maybe(UserBody),
  },
  'Additional chat information.',
);
export type ChatBody = Static<typeof ChatBody>;

export const AttachmentBody = body({ uuid: uuid('A file of ours, or one of yours.', FILE) }, 'A file.');
export type AttachmentBody = Static<typeof AttachmentBody>;

const messageMembers = {
  type: maybe(text('standard, system, note, bot; other words are kept.', 'standard')),
  type_role: maybe(text('Of a system message: the role that sees it.', 'user')),
  status: maybe(text('new, delivered, read; other words are kept.', 'new')),
  text: maybe(text('Its words.')),
  send_time: maybe(text('RFC 3339.', MOMENT)),
  user: maybe(UserBody),
  attachments: maybe(Type.Array(AttachmentBody, { maxItems: MAX_ATTACHMENTS })),
};

export const MessageBody = body(
  { id: maybe(number('Your id of it: again with it is the same message.')), chat: ChatBody, ...messageMembers },
  'Message related information.',
);
export type MessageBody = Static<typeof MessageBody>;

export const MessageUpdateBody = body(
  { id: number('Your id of it, or ours.'), chat: maybe(ChatBody), ...messageMembers },
  'Message related information; what is absent stays.',
);
export type MessageUpdateBody = Static<typeof MessageUpdateBody>;

export const OperatorBody = body(
  {
    user: UserBody,
    is_online: maybe(Type.Boolean()),
    new_chats: maybe(number('Chats assigned to them and not answered yet.')),
    open_chats: maybe(number('Chats they have.')),
  },
  'Operator related information.',
);
export type OperatorBody = Static<typeof OperatorBody>;

export const OperatorsBody = Type.Array(OperatorBody, { maxItems: 1_000, description: 'List of updated operators data.' });

export const GlobalBody = body({ unread_chats: maybe(number('Chats with unread words.')) }, 'Event specific payload data.');
export type GlobalBody = Static<typeof GlobalBody>;

export const Success = Type.Object({ success: Type.Literal(true) });

export const ErrorBody = Type.Object({
  error: Type.Object({
    code: text('Why, for programs.', 'invalid_argument'),
    message: text('Why, in words.'),
    fields: optional(Type.Record(Type.String(), Type.String(), { description: 'What is wrong where.' })),
  }),
});

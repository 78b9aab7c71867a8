/** The messenger's Socket.IO events in the AsyncAPI document: from the schemas in wire.ts, with an example of each. */
import { Type } from 'typebox';
import type { TSchema } from 'typebox';
import type { AsyncChannel, AsyncMessage } from '../../api/index.ts';
import { CLIENT_EVENTS, SERVER_EVENTS } from './event-names.ts';
import type { ClientEvent, EventNames, ServerEvent } from './event-names.ts';
import { ChatObject, MessageObject, PresenceUpdate, SidebarUpdate, TypingUpdate } from './wire.ts';

const MOMENT = '2026-11-21T10:15:00.000Z';
const ANN = { id: '1', username: 'Ann' };
const chatId = '489204122419200';
const message = { id: '489204130021376', chatId, senderId: '1', content: 'Hello', createdAt: MOMENT, sender: ANN };
const chat = {
  id: chatId,
  isGroup: true,
  name: 'Team',
  createdAt: MOMENT,
  updatedAt: MOMENT,
  users: [{ userId: '1', chatId, unreadCount: 0, joinedAt: MOMENT, user: { ...ANN, online: true } }],
  unreadCount: 1,
  messages: [message],
};

const id = Type.String({ description: 'A decimal id.' });
const AChat = Type.Union([id, Type.Object({ chatId: id })], { description: 'The chat, by its id or in an object.' });

const say = (summary: string, payload: TSchema, example: unknown): AsyncMessage => ({ summary, payload, example });

const RECEIVES: Readonly<Record<ClientEvent, AsyncMessage>> = {
  join_chat: say('The chat is open on the screen: its new messages are read.', AChat, chatId),
  leave_chat: say('It is not any more.', AChat, chatId),
  typing_start: say('The user types.', AChat, chatId),
  typing_end: say('The user has stopped.', AChat, chatId),
  send_message: say(
    'Sends words.',
    Type.Object({ chatId: id, content: Type.String(), clientMessageId: Type.Optional(Type.String()) }),
    { chatId, content: 'Hello', clientMessageId: '7d1e' },
  ),
  mark_read: say('The user has read up to a message.', Type.Object({ chatId: id, messageId: id }), {
    chatId,
    messageId: message.id,
  }),
  sync: say(
    'Asks for what was missed.',
    Type.Object({ chats: Type.Array(Type.Object({ chatId: id, lastId: Type.Optional(Type.String()) })) }),
    { chats: [{ chatId, lastId: message.id }] },
  ),
};

const SENDS: Readonly<Record<ServerEvent, AsyncMessage>> = {
  typing_start: say('Somebody types.', TypingUpdate, { chatId, userId: '1', username: 'Ann' }),
  typing_end: say('Somebody has stopped typing.', TypingUpdate, { chatId, userId: '1', username: 'Ann' }),
  new_message: say('A new message.', MessageObject, message),
  sidebar_update: say('What a list of chats shows of one has changed.', SidebarUpdate, { chatId, unreadCount: 1, message }),
  chat_updated: say('A chat that is open has changed.', ChatObject, chat),
  added_to_chat: say('The user has come into a chat.', ChatObject, chat),
  chat_deleted: say('A chat is gone for this user.', id, chatId),
  presence_update: say('Somebody came or went.', PresenceUpdate, { userId: '1', online: true, lastSeen: MOMENT }),
};

/** The events by the names that they go by here. Those of clients are named apart where both sides have the name. */
export function channelsOf(names: Pick<EventNames, 'outgoing'>): readonly AsyncChannel[] {
  const sends = Object.fromEntries(SERVER_EVENTS.map((event) => [names.outgoing(event), SENDS[event]]));
  const receives = Object.fromEntries(
    CLIENT_EVENTS.map((event) => [event in SENDS ? `client.${event}` : event, RECEIVES[event]]),
  );
  return [
    {
      name: 'socket.io',
      address: '/socket.io',
      protocol: 'socketio',
      description:
        'Socket.IO 4. Every event from a client may be acknowledged: {ok: true, …} or {ok: false, error: {code, message}}.',
      security: 'user',
      receives,
      sends,
    },
  ];
}

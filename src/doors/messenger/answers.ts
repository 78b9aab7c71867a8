/** What the messenger's REST interface answers, by the names that its objects (wire.ts) have in the OpenAPI document. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ALICE, BOB, HELLO, MOMENT, TEAM, createComponents } from '../../api/index.ts';
import { ChatMember, ChatObject, MessageObject } from './wire.ts';

const { component, components } = createComponents();

const message = {
  id: HELLO,
  chatId: TEAM,
  senderId: ALICE,
  content: 'Hello',
  createdAt: MOMENT,
  sender: { id: ALICE, username: 'Alice' },
};

const member = (userId: string, username: string, online: boolean) => ({
  userId,
  chatId: TEAM,
  unreadCount: online ? 0 : 1,
  joinedAt: MOMENT,
  user: { id: userId, username, online, ...(!online && { lastSeen: MOMENT }) },
});

export const Message = component('ChatMessage', 'A message in a chat.', MessageObject, message);

export const Member = component('ChatMember', 'Somebody in a chat.', ChatMember, member(BOB, 'Bob', false));

const chat = {
  id: TEAM,
  isGroup: true,
  name: 'Team',
  createdAt: MOMENT,
  updatedAt: MOMENT,
  users: [member(ALICE, 'Alice', true), member(BOB, 'Bob', false)],
  unreadCount: 0,
  messages: [message],
};

export const Chat = component(
  'Chat',
  'A chat as one of its members sees it.',
  Type.Object({
    ...ChatObject.properties,
    users: Type.Array(Member, { description: 'Its members by user id, the first hundred.' }),
    messages: Type.Array(Message, { description: 'The newest message; none where nothing was said yet.' }),
  }),
  chat,
);
export type Chat = Static<typeof Chat>;

/** The page is the answer itself, as the messenger's clients expect it; what comes after it is said in a header. */
export const Chats = {
  ...component('Chats', 'My chats, most recently active first.', Type.Array(Chat), [chat]),
  headers: {
    link: { type: 'string', description: '`<path>; rel="next"`: asks for the following page; absent on the last one.' },
  },
};

export const Messages = component(
  'ChatMessages',
  'A page of messages, ascending.',
  Type.Object({
    messages: Type.Array(Message),
    more: Type.Boolean({ description: 'There is more in the direction asked for; around a message: in either.' }),
  }),
  { messages: [message], more: false },
);
export type Messages = Static<typeof Messages>;

export const ReadState = component(
  'ChatReadState',
  'How much of a chat I have not read.',
  Type.Object({
    chatId: Type.String({ description: 'The chat.' }),
    unreadCount: Type.Integer({ minimum: 0, description: 'Messages by others that I have not read.' }),
  }),
  { chatId: TEAM, unreadCount: 0 },
);

/** To be registered under their `$id`. */
export const COMPONENTS: readonly object[] = components;

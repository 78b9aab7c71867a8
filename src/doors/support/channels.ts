/** This door's connections and pushes in the AsyncAPI document: from the schemas in wire.ts, with an example of each message. */
import { Type } from 'typebox';
import type { TSchema } from 'typebox';
import type { AsyncChannel, AsyncMessage } from '../../api/index.ts';
import {
  CLIENT_FRAMES,
  ChatBody,
  GlobalBody,
  MessageBody,
  MessageUpdateBody,
  OnlineUser,
  OperatorsBody,
  SERVER_FRAMES,
} from './wire.ts';
import type { ChatObject, ClientFrame, ClientFrameType, MessageObject, ServerData, ServerFrameType, UserObject } from './wire.ts';

const client: UserObject = { id: 1, role: 'user', avatar: '', lastname: 'Ivanova', firstname: 'Anna', patronymic: '' };
const operator: UserObject = { id: 2, role: 'operator', avatar: '', lastname: '', firstname: 'Ben', patronymic: '' };
const uuid = 'd599cb9b-a451-4bb3-ac0c-1465b9a1c4de';
const file = '3f439f10-9c19-4bd4-81a8-d6e048b97ba4';

const chat: ChatObject = { uuid, widget: { source: 'lk' }, status: 'open', owner_user: client, operator_user: operator };

const message: MessageObject = {
  id: 489204130021376,
  type: 'standard',
  type_role: 'user',
  status: 'new',
  text: 'Hello',
  send_time: '2025-01-20T16:31:04+00:00',
  message_index: 1,
  chat,
  user: client,
  attachments: [],
};

const SERVER_EXAMPLES: ServerData = {
  message_added: { message },
  message_not_added: { code: 'rate_limited', message: 'Too fast.', text: 'Hello', attachments: [] },
  message_updated: { message: { ...message, status: 'read' } },
  typing_updated: { text: 'Hel', stopped: false, chat_id: uuid, user: client },
  user_connected: { user: client },
  user_disconnected: { user: client },
  chat_updated: { chat },
  operator_updated: { user: operator, is_online: true, new_chats: 0, open_chats: 1 },
  global_updated: { unread_chats: 3 },
  chat_notification: { chat },
  error: { code: 'invalid_argument', message: 'message_id: must be integer', frame: 'mark_message_read' },
  history_cut: {},
  queue_position: { position: 1 },
};

const SERVER_SUMMARIES: Readonly<Record<ServerFrameType, string>> = {
  message_added: 'Server adds a new message to the room.',
  message_not_added: 'Server could not add a new message to the room.',
  message_updated: 'Server modifies an existing message in the room.',
  typing_updated: 'A user starts, goes on or stops typing.',
  user_connected: 'A user connects to the room.',
  user_disconnected: 'A user has disconnected from the room, seconds ago.',
  chat_updated: 'A chat has changed. In a chat only with `extensions=1`.',
  operator_updated: 'An operator has come, gone or has other counts.',
  global_updated: 'Figures of the desk as a whole have changed.',
  chat_notification: 'A back end points the operator to a chat.',
  error:
    'A frame that cannot be carried out: data that are not as documented; with `extensions=1` also marks of messages that are not there, and typing that is refused.',
  history_cut: 'Some of what came since `after` is gone by retention. The first frame, where it comes.',
  queue_position: 'How many wait before this chat and itself. Only with `extensions=1`.',
};

const CLIENT_EXAMPLES: { readonly [T in ClientFrameType]: Extract<ClientFrame, { readonly type: T }>['data'] } = {
  send_message: { text: 'Hello', attachments: [file], client_id: '7d1e' },
  mark_message_delivered: { message_id: 489204130021376 },
  mark_message_read: { message_id: 489204130021376 },
  update_typing: { text: 'Hel', stopped: false },
};

const CLIENT_SUMMARIES: Readonly<Record<ClientFrameType, string>> = {
  send_message: 'User sends a new message: answered by message_added to all, or by message_not_added.',
  mark_message_delivered: 'User has received messages up to this one.',
  mark_message_read: 'User has read messages up to this one.',
  update_typing: 'User starts, goes on or stops typing.',
};

function framed(type: string, data: TSchema, summary: string, example: unknown): AsyncMessage {
  return { summary, payload: Type.Object({ type: Type.Literal(type), data }), example: { type, data: example } };
}

function toClients(...types: readonly ServerFrameType[]): Record<string, AsyncMessage> {
  return Object.fromEntries(
    types.map((type) => [type, framed(type, SERVER_FRAMES[type], SERVER_SUMMARIES[type], SERVER_EXAMPLES[type])]),
  );
}

function fromClients(...types: readonly ClientFrameType[]): Record<string, AsyncMessage> {
  return Object.fromEntries(
    types.map((type) => [type, framed(type, CLIENT_FRAMES[type], CLIENT_SUMMARIES[type], CLIENT_EXAMPLES[type])]),
  );
}

const text = (description: string) => Type.Optional(Type.String({ description }));

const ChatQuery = Type.Object({
  chat: text('UUID of the chat; without it the client’s open chat in the widget, made where there is none.'),
  source: text('The widget.'),
  after: text('Message id: what came since is replayed as message_added.'),
  extensions: text('1: chat_updated and queue_position are told as well.'),
  token: text('Token of the user, where it cannot stand in a header.'),
  ticket: text('One-use ticket in place of a token.'),
});

const BroadcastQuery = Type.Object({
  source: text('Widgets, with commas between, or repeated; absent: all that the operator serves.'),
  department: text('Departments, told to back ends.'),
  token: text('Token of the operator, where it cannot stand in a header.'),
  ticket: text('One-use ticket in place of a token.'),
});

interface Push {
  readonly name: string;
  readonly address: string;
  readonly method: 'POST' | 'PUT';
  readonly description: string;
  readonly payload: TSchema;
  readonly example: unknown;
}

const PUSHES: readonly Push[] = [
  {
    name: 'createMessage',
    address: '/message',
    method: 'POST',
    description: 'Used to notify users about new messages.',
    payload: MessageBody,
    example: message,
  },
  {
    name: 'updateMessage',
    address: '/message',
    method: 'PUT',
    description: 'Used to notify users about updates in messages. PATCH does the same.',
    payload: MessageUpdateBody,
    example: { id: message.id, text: 'Hello!' },
  },
  {
    name: 'updateChat',
    address: '/update/chat',
    method: 'POST',
    description: 'Used to notify operators about updates in a chat.',
    payload: ChatBody,
    example: chat,
  },
  {
    name: 'updateOperators',
    address: '/update/operators',
    method: 'POST',
    description: 'Used to notify broadcast listeners about updates related to operators.',
    payload: OperatorsBody,
    example: [SERVER_EXAMPLES.operator_updated],
  },
  {
    name: 'updateGlobal',
    address: '/global',
    method: 'POST',
    description: 'Used to notify broadcast listeners about updates to global data.',
    payload: GlobalBody,
    example: { unread_chats: 3 },
  },
  {
    name: 'createNotification',
    address: '/notifications/chat',
    method: 'POST',
    description: 'Used to notify the operator who has the chat about important events.',
    payload: ChatBody,
    example: chat,
  },
];

function pushChannel({ name, address, method, description, payload, example }: Push): AsyncChannel {
  const receives = { body: { summary: description, payload, example } };
  return { name, address, protocol: 'http', method, description, security: 'server', receives, sends: {} };
}

export const CHANNELS: readonly AsyncChannel[] = [
  {
    name: 'chat',
    address: '/chat',
    protocol: 'ws',
    description: 'One chat, for clients and operators.',
    query: ChatQuery,
    security: 'user',
    receives: fromClients('send_message', 'mark_message_delivered', 'mark_message_read', 'update_typing'),
    sends: toClients(
      'message_added',
      'message_not_added',
      'message_updated',
      'typing_updated',
      'user_connected',
      'user_disconnected',
      'error',
      'history_cut',
      'chat_updated',
      'queue_position',
    ),
  },
  {
    name: 'broadcast',
    address: '/broadcast',
    protocol: 'ws',
    description: 'All chats of an operator’s widgets. Takes no frames.',
    query: BroadcastQuery,
    security: 'user',
    receives: {},
    sends: toClients(
      'message_added',
      'message_updated',
      'chat_updated',
      'operator_updated',
      'typing_updated',
      'global_updated',
      'chat_notification',
    ),
  },
  ...PUSHES.map(pushChannel),
  {
    name: 'onlineUsers',
    address: '/online-users',
    protocol: 'http',
    method: 'GET',
    description: 'Used to retrieve active broadcast sessions of operators.',
    security: 'server',
    receives: {},
    sends: {
      list: {
        summary: 'One entry per session.',
        payload: Type.Array(OnlineUser),
        example: [{ user_id: 2, widget_sources: ['lk'], department_sources: ['sales'] }],
      },
    },
  },
];

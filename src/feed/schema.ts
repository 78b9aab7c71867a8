/** Every event as JSON Schema: what consumers check and what the AsyncAPI document shows. */
import { Type } from 'typebox';
import type { TObject, TSchema } from 'typebox';
import { MAX_TOLD_MEMBERS } from '../core/index.ts';
import type { EventType } from '../core/index.ts';
import { VERSION } from './envelope.ts';
import { EVENT_NAMES, EVENT_TYPES } from './names.ts';

const optional = Type.Optional;

const uuid = (description: string) => Type.String({ format: 'uuid', description });
/** A UUID of ours, or the id that the user has in the account system it came from. */
const user = (description: string) => Type.String({ description });

const message = {
  message_id: uuid('The message.'),
  conversation_id: uuid('Where it was said.'),
  index: Type.Integer({ minimum: 0, description: 'Its place in the conversation, from 1.' }),
};

const conversation = {
  conversation_id: uuid('The conversation.'),
  kind: optional(Type.Enum(['private', 'group', 'channel', 'room', 'support'], { description: 'Absent when it is gone.' })),
  name: optional(Type.String()),
};

const members = {
  added: Type.Array(Type.Object({ user_id: user('Who.'), role: Type.Enum(['owner', 'admin', 'member']) })),
  removed: Type.Array(user('Who.')),
};

const Ended = Type.Object({
  reason: Type.String({ description: 'A word for it.' }),
  code: Type.Integer({ description: 'A close code, or 429.' }),
  forced: Type.Boolean({ description: 'The server ended it.' }),
});

const SupportChat = Type.Object({
  conversation_id: uuid('The conversation of the chat.'),
  chat_id: Type.String({ description: 'UUID of the chat.' }),
  source: Type.String({ description: 'The widget.' }),
  department: Type.String(),
  status: Type.String({ examples: ['new', 'open', 'closed'] }),
  client_id: user('The client.'),
  operator_id: optional(user('The operator; absent: nobody.')),
  score: optional(Type.Integer({ description: 'The rating.' })),
});

const Edited = Type.Object({ ...message, payload: Type.String({ description: 'What it says now.' }) });
const Message = Type.Object(message);
const Marked = Type.Object({ ...message, user_id: user('Who has come so far.') });
const Conversation = Type.Object(conversation);
const Members = Type.Object({ ...conversation, ...members });

/** What stands under the one member of `payload`. */
const PAYLOADS: Readonly<Record<EventType, TObject>> = {
  'message.sent': Type.Object({
    message_id: uuid('The message.'),
    sender_id: user('Who sent it.'),
    target_id: user('The other user of a private conversation, else the conversation.'),
    payload: Type.String({
      description: 'What was said: words, the address of a file, a location in words. Empty when it is gone.',
    }),
    target_type: Type.Enum(['PERSONAL', 'GROUP']),
    target_members: Type.Array(user('A member; the sender is one of them.'), { maxItems: MAX_TOLD_MEMBERS }),
  }),
  'user.connected': Type.Object({}),
  'user.disconnected': Ended,
  'user.rate-limited': Ended,
  'message.edited': Edited,
  'message.recalled': Message,
  'message.expired': Message,
  'message.read': Marked,
  'message.delivered': Marked,
  'conversation.created': Members,
  'conversation.changed': Conversation,
  'conversation.deleted': Conversation,
  'members.changed': Members,
  'chat.queued': SupportChat,
  'chat.taken': SupportChat,
  'chat.transferred': SupportChat,
  'chat.closed': SupportChat,
  'chat.rated': SupportChat,
  'user.erased': Type.Object({ user_id: user('Who is gone.') }),
};

/** The envelope of one kind of event. */
export function schemaOf(type: EventType): TObject {
  const { name, member } = EVENT_NAMES[type];
  return Type.Object({
    payload: Type.Object({ [member]: PAYLOADS[type] }),
    id: uuid('The same for every repetition of the event.'),
    version: Type.Literal(VERSION),
    name: Type.Literal(name),
    namespace: Type.String({ description: 'The tenant.' }),
    parentNamespace: optional(Type.String({ description: 'The tenant above, where there is one.' })),
    timestamp: Type.String({ format: 'date-time', description: 'When it was committed.' }),
    clientId: Type.String({ description: 'The door it came through.' }),
    userId: optional(user('Who caused it; absent: the server itself.')),
    traceId: optional(Type.String({ pattern: '^[0-9a-f]{32}$', description: 'Of the W3C trace of the request that caused it.' })),
    sessionId: optional(uuid('The live connection.')),
    spanContext: optional(Type.String({ description: 'The `traceparent` of that request.' })),
  });
}

/** All of them, by the event's name. */
export const EVENT_SCHEMAS: ReadonlyMap<string, TSchema> = new Map(
  EVENT_TYPES.map((type) => [EVENT_NAMES[type].name, schemaOf(type)]),
);

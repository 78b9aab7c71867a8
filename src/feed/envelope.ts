/** A fact as other systems are told it: the envelope of seed 000, with the published payloads and those of our own family. */
import { uuidOf, wordsOf } from '../core/index.ts';
import type { ChatFact, Fact, Id, MemberChange } from '../core/index.ts';
import { EVENT_NAMES } from './names.ts';
import type { Topic } from './names.ts';

/** Of all events so far: a member added leaves it, a change of meaning raises it. */
export const VERSION = 1;

/** The envelope (seed 000, `event`). Members that are not set are left out. */
export interface Envelope {
  readonly payload: Readonly<Record<string, unknown>>;
  /** The same for every repetition of the event: consumers tell repetitions by it. */
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly namespace: string;
  /** RFC 3339, UTC. */
  readonly timestamp: string;
  /** The door through which it came. */
  readonly clientId: string;
  /** Who caused it; absent: the server itself. */
  readonly userId?: string;
  /** Of the W3C trace of the request that caused it: its id, and the whole of it (`traceparent`). */
  readonly traceId?: string;
  readonly spanContext?: string;
  readonly sessionId?: string;
}

/** An event on its way out. */
export interface FeedEvent {
  /** Its place in the feed. */
  readonly place: Id;
  readonly topic: Topic;
  /** Events with the same key are told in order: that of a conversation, or of a user. */
  readonly key: string;
  readonly envelope: Envelope;
  /** The envelope as JSON. */
  readonly json: string;
}

export function toFeedEvent(fact: Fact): FeedEvent {
  const { event, conversation, nameOf } = fact;
  const { name, member, topic } = EVENT_NAMES[event.type];
  const { origin, user } = event;
  const envelope: Envelope = {
    payload: { [member]: payloadOf(fact, nameOf) },
    id: uuidOf(event.id),
    version: VERSION,
    name,
    namespace: event.namespace,
    timestamp: new Date(event.at).toISOString(),
    clientId: origin.door,
    ...(user !== 0 && { userId: nameOf(user) }),
    ...(origin.trace !== undefined && { traceId: origin.trace.split('-')[1], spanContext: origin.trace }),
    ...(origin.session !== 0 && { sessionId: uuidOf(origin.session) }),
  };
  const key = event.conversation === 0 ? nameOf(user) : uuidOf(conversation?.id ?? event.conversation);
  return { place: event.id, topic, key, envelope, json: JSON.stringify(envelope) };
}

type Name = (user: Id) => string;

function payloadOf(fact: Fact, name: Name): unknown {
  const { event } = fact;
  switch (event.type) {
    case 'message.sent':
      return sent(fact, name);
    case 'user.connected':
      return {};
    case 'user.disconnected':
    case 'user.rate-limited':
      return event.session ?? {};
    case 'message.edited':
      return { ...messageOf(fact), payload: textOf(fact) };
    case 'message.recalled':
    case 'message.expired':
      return messageOf(fact);
    case 'message.read':
    case 'message.delivered':
      return { ...messageOf(fact), user_id: name(event.user) };
    case 'conversation.changed':
    case 'conversation.deleted':
      return conversationOf(fact);
    case 'conversation.created':
    case 'members.changed':
      return { ...conversationOf(fact), ...membersOf(event.members, name) };
    case 'chat.queued':
    case 'chat.taken':
    case 'chat.transferred':
    case 'chat.closed':
    case 'chat.rated':
      return { conversation_id: uuidOf(event.conversation), ...(event.chat && chatOf(event.chat, name)) };
    case 'user.erased':
      return { user_id: name(event.user) };
  }
}

/** `target_id`: the other user of a private conversation, else the conversation (wire.md section 2). */
function sent(fact: Fact, name: Name): unknown {
  const { event, conversation, members = [] } = fact;
  const peers = conversation?.peers;
  const other = peers === undefined ? undefined : peers[0] === event.user ? peers[1] : peers[0];
  return {
    message_id: uuidOf(event.message),
    sender_id: name(event.user),
    target_id: other === undefined ? uuidOf(event.conversation) : name(other),
    payload: textOf(fact),
    target_type: other === undefined ? 'GROUP' : 'PERSONAL',
    target_members: members,
  };
}

function messageOf({ event }: Fact): object {
  return { message_id: uuidOf(event.message), conversation_id: uuidOf(event.conversation), index: event.index };
}

function conversationOf({ event, conversation }: Fact): object {
  return {
    conversation_id: uuidOf(event.conversation),
    ...(conversation !== undefined && { kind: conversation.kind, name: conversation.name }),
  };
}

function membersOf(change: MemberChange | undefined, name: Name): object {
  return {
    added: change?.added.map(({ user, role }) => ({ user_id: name(user), role })) ?? [],
    removed: change?.removed.map(name) ?? [],
  };
}

function chatOf({ uuid, source, department, status, client, operator, score }: ChatFact, name: Name): object {
  return {
    chat_id: uuid,
    source,
    department,
    status,
    client_id: name(client),
    ...(operator !== 0 && { operator_id: name(operator) }),
    ...(score !== undefined && { score }),
  };
}

/** Text, or the address of what stands for it; a location in words (wire.md section 6). Empty when the content is gone. */
function textOf({ message }: Fact): string {
  const { content } = message ?? {};
  return content === undefined ? '' : wordsOf(content) || (content.resource?.url ?? '');
}

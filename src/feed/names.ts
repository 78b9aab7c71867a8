/** What each fact is called outside, and where it goes. */
import type { EventType } from '../core/index.ts';

/** Topics of the published feed (seed 000), and the one of our own family. */
export const TOPICS = ['personalChat', 'chat', 'switchboard'] as const;

export type Topic = (typeof TOPICS)[number];

interface EventName {
  readonly name: string;
  /** The member of `payload` that holds what happened; in the published feed not always the event's name. */
  readonly member: string;
  readonly topic: Topic;
}

function own(name: string): EventName {
  return { name, member: name, topic: 'switchboard' };
}

/** The four published events keep the names of their document; the wider family is ours, versioned with `version`. */
export const EVENT_NAMES: Readonly<Record<EventType, EventName>> = {
  'message.sent': { name: 'personalChatSent', member: 'personalChatSent', topic: 'personalChat' },
  'user.connected': { name: 'userConnected', member: 'userConnected', topic: 'chat' },
  'user.disconnected': { name: 'userDisconnected', member: 'userDisconnected', topic: 'chat' },
  // So it is published: the payload of a refusal stands under `userDisconnected`, too.
  'user.rate-limited': { name: 'userChatRateLimited', member: 'userDisconnected', topic: 'chat' },
  'message.edited': own('messageEdited'),
  'message.recalled': own('messageRecalled'),
  'message.expired': own('messageExpired'),
  'message.read': own('messageRead'),
  'message.delivered': own('messageDelivered'),
  'conversation.created': own('conversationCreated'),
  'conversation.changed': own('conversationChanged'),
  'conversation.deleted': own('conversationDeleted'),
  'members.changed': own('membersChanged'),
  'chat.queued': own('chatQueued'),
  'chat.taken': own('chatTaken'),
  'chat.transferred': own('chatTransferred'),
  'chat.closed': own('chatClosed'),
  'chat.rated': own('chatRated'),
  'user.erased': own('userErased'),
};

const isEventType = (name: string): name is EventType => Object.hasOwn(EVENT_NAMES, name);

export const EVENT_TYPES: readonly EventType[] = Object.keys(EVENT_NAMES).filter(isEventType);

/**
 * What happened. `DomainEvent` is the committed fact kept in the outbox for other systems; `Delivery` is what live sessions
 * are told about it. Both are closed unions: a new kind makes the compiler list every place that must handle it.
 */
import type { Content, Conversation, ConversationKind, Id, MemberRole, Membership, Message, Millis, Origin } from './model.ts';

export type EventType =
  | 'message.sent'
  | 'message.edited'
  | 'message.recalled'
  | 'message.expired'
  | 'message.read'
  | 'message.delivered'
  | 'conversation.created'
  | 'conversation.changed'
  | 'conversation.deleted'
  | 'members.changed';

/** One committed fact. `id` is its place in the feed; in the embedded store id order is commit order. */
export interface DomainEvent {
  readonly id: Id;
  readonly type: EventType;
  readonly namespace: string;
  readonly conversation: Id;
  /** Who caused it; 0 for the server itself. */
  readonly user: Id;
  /** The message it is about; 0 when it is about none. */
  readonly message: Id;
  /** Index of that message, or the cursor's new place; 0 when there is none. */
  readonly index: number;
  readonly at: Millis;
  readonly origin: Origin;
  /** Members added and removed, for `members.changed`. */
  readonly members?: MemberChange;
}

export interface MemberChange {
  readonly added: readonly { readonly user: Id; readonly role: MemberRole }[];
  readonly removed: readonly Id[];
}

/** A new message. */
export interface MessageDelivery {
  readonly type: 'message';
  readonly conversation: Conversation;
  readonly message: Message;
  /** The name the sender goes by at this moment (`shownName`); empty when the delivery was read from the store. */
  readonly senderName: string;
  /** The sender's display name, where it is another. */
  readonly senderDisplayName?: string;
  /** The session that sent it has its answer already and is left out. */
  readonly from: Id;
}

/** A message was edited, recalled or has expired; `message` is its new state and `id` the place of the change in the feed. */
export interface ChangeDelivery {
  readonly type: 'change';
  readonly id: Id;
  readonly change: 'edited' | 'recalled' | 'expired';
  readonly conversation: Conversation;
  readonly message: Message;
  readonly user: Id;
  readonly from: Id;
}

/** A member has read up to and including `index`, whose message is `message`. */
export interface ReadDelivery {
  readonly type: 'read';
  readonly id: Id;
  readonly conversation: Conversation;
  readonly user: Id;
  readonly index: number;
  readonly message: Id;
  /** False: only the user's own devices are told. */
  readonly everybody: boolean;
  readonly from: Id;
}

/** A member's devices have received up to and including `index`. */
export interface DeliveredDelivery {
  readonly type: 'delivered';
  readonly id: Id;
  readonly conversation: Conversation;
  readonly user: Id;
  readonly index: number;
  readonly message: Id;
  /** False: only the user's own devices are told. */
  readonly everybody: boolean;
  readonly from: Id;
}

/** Somebody types, or has stopped. Never stored. */
export interface TypingDelivery {
  readonly type: 'typing';
  readonly conversation: Conversation;
  readonly user: Id;
  /** The name the user goes by (`shownName`). */
  readonly name: string;
  readonly active: boolean;
  readonly from: Id;
}

/** A user came online or went offline. Never stored, but `lastSeenAt` is kept with the user. */
export interface PresenceDelivery {
  readonly type: 'presence';
  readonly namespace: string;
  readonly user: Id;
  readonly online: boolean;
  readonly lastSeenAt: Millis;
  /** The user's conversations: who is in one of them may be told. */
  readonly conversations: readonly Id[];
}

/** A conversation came to be, changed its name or notice, or was deleted. */
export interface ConversationDelivery {
  readonly type: 'conversation';
  readonly change: 'created' | 'changed' | 'deleted';
  readonly conversation: Conversation;
}

/** Members were added (or given another role) and removed; the removed are told, and nothing more reaches them. */
export interface MembersDelivery {
  readonly type: 'members';
  readonly conversation: Conversation;
  readonly added: readonly Membership[];
  readonly removed: readonly Id[];
  /** Of those added, who hears of the conversation from here on: not who has got another role. Filled in where it is received. */
  readonly entered?: readonly Id[];
}

/** Something a back end shows to live sessions; it is no message of any conversation and is never stored. */
export interface NoticeDelivery {
  readonly type: 'notice';
  readonly namespace: string;
  /** Fresh for every notice; it is no place in the feed, and nothing may be resumed from it. */
  readonly id: Id;
  /** The message it is about, where the back end names one; 0 otherwise. */
  readonly message: Id;
  readonly kind: ConversationKind;
  readonly sender: Id;
  readonly receiver: Id;
  readonly content: Content;
  readonly at: Millis;
  readonly audience: Audience;
}

/**
 * Live sessions of one namespace: some by id, or those with a tag: `user:<id>`, `conversation:<id>`, `door:<name>`.
 * `prefixed` takes the name for a beginning.
 */
export type Audience = { readonly sessions: readonly Id[] } | { readonly tag: string; readonly prefixed: boolean };

/** What the hub carries to sessions. */
export type Delivery =
  | NoticeDelivery
  | MessageDelivery
  | ChangeDelivery
  | ReadDelivery
  | DeliveredDelivery
  | TypingDelivery
  | PresenceDelivery
  | ConversationDelivery
  | MembersDelivery;

/** What a client that comes back is told, in feed order: the stored kinds of Delivery. */
export type ResumeEntry = MessageDelivery | ChangeDelivery | ReadDelivery;

/** The place of an entry in the feed of its conversation: what a resume goes on after. */
export function placeOf(entry: ResumeEntry): Id {
  return entry.type === 'message' ? entry.message.id : entry.id;
}

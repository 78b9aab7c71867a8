/**
 * What happened. `DomainEvent` is the committed fact kept in the outbox for other systems; `Delivery` is what live sessions
 * are told about it. Both are closed unions: a new kind makes the compiler list every place that must handle it.
 */
import type { ChatCause, Scene } from './desk/model.ts';
import type {
  Content,
  Conversation,
  ConversationKind,
  Id,
  JsonObject,
  MemberRole,
  Membership,
  Message,
  Millis,
  Origin,
  User,
} from './model.ts';

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
  | 'members.changed'
  | 'chat.queued'
  | 'chat.taken'
  | 'chat.transferred'
  | 'chat.closed'
  | 'chat.rated'
  | 'user.erased'
  | SessionEvent;

/** Facts about live connections, which nothing but the feed keeps. */
export type SessionEvent = 'user.connected' | 'user.disconnected' | 'user.rate-limited';

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
  /** Members added and removed, for `members.changed`; those it begins with, for `conversation.created`. */
  readonly members?: MemberChange;
  /** The support chat as it was then, for `chat.…`. */
  readonly chat?: ChatFact;
  /** For `user.disconnected` and `user.rate-limited`. */
  readonly session?: SessionFact;
}

/** Why a connection ended or a request was refused (seed 000, `userPayloadDisconnected`). */
export interface SessionFact {
  readonly reason: string;
  readonly code: number;
  /** The server ended it. */
  readonly forced: boolean;
}

/** An event with what there is to tell of it now. What was erased meanwhile is gone from here as well. */
export interface FeedEntry {
  readonly event: DomainEvent;
  /** The message it is about, as it reads now; absent when there is none any more. */
  readonly message?: Message;
}

/** What an event tells of a support chat. */
export interface ChatFact {
  readonly uuid: string;
  readonly source: string;
  readonly department: string;
  readonly status: string;
  readonly client: Id;
  readonly operator: Id;
  readonly score?: number;
}

export interface MemberChange {
  readonly added: readonly { readonly user: Id; readonly role: MemberRole }[];
  readonly removed: readonly Id[];
}

/** What is known of a message's way, from its row, the feed and the cursors. */
export interface MessageTrace {
  readonly message: Message;
  /** Through what it came. */
  readonly origin: Origin;
  /** Members' connections that were live when it was stored, and so were told of it. */
  readonly sessions: readonly TracedSession[];
  /** What happened to it later and is told in the feed. */
  readonly changes: readonly DomainEvent[];
}

export interface TracedSession {
  readonly session: Id;
  readonly user: Id;
  readonly door: string;
  /** When it ended; absent while it is live. */
  readonly endedAt?: Millis;
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
  /** In a support chat or an aside of it; absent when the delivery was read from the store. */
  readonly scene?: Scene;
  /** In a support chat: what the session that sent it calls it. */
  readonly key?: string;
  /** Of the operators who see the chat, only those who serve this source too hear of it (seed 003, Widget-Source). */
  readonly widget?: string;
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
  readonly scene?: Scene;
  readonly widget?: string;
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
  readonly scene?: Scene;
  /** In a support chat: the message at the cursor. */
  readonly covered?: Message;
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
  readonly scene?: Scene;
  /** In a support chat: the message at the cursor. */
  readonly covered?: Message;
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
  readonly scene?: Scene;
  /** What stands in the composer: told to operators only, never kept. */
  readonly text?: string;
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

/** Something the support desk tells: only sessions that are in a chat (`Hub.enter`) or attend the desk (`Hub.attend`) hear of it. */
export interface DeskDelivery {
  readonly type: 'desk';
  readonly namespace: string;
  readonly news: DeskNews;
  /** Who hears of it. */
  readonly to: DeskAudience;
  /** Of those who attend, only who serves this source too (seed 003, Widget-Source). */
  readonly widget?: string;
  readonly from: Id;
}

export type DeskNews =
  /** A chat came to be or has changed. */
  | {
      readonly kind: 'chat';
      readonly conversation: Conversation;
      readonly scene: Scene;
      readonly cause: ChatCause;
      readonly by: Id;
    }
  /** An operator came, went, or has other counts now. */
  | {
      readonly kind: 'operator';
      readonly user: User;
      readonly online: boolean;
      readonly newChats: number;
      readonly openChats: number;
      readonly extra?: JsonObject;
    }
  /** Chats with unread words of their clients, by source. */
  | { readonly kind: 'unread'; readonly bySource: Readonly<Record<string, number>> }
  /** What a back end says of the desk as a whole. */
  | { readonly kind: 'global'; readonly data: JsonObject }
  /** A back end points an operator to a chat. */
  | { readonly kind: 'notification'; readonly conversation: Conversation; readonly scene: Scene; readonly data: JsonObject }
  /** How many wait before this chat, and itself: 1 is next. 0: it waits no longer. */
  | { readonly kind: 'position'; readonly conversation: Conversation; readonly position: number }
  /** Somebody is in the chat now, or has been gone for some seconds. */
  | {
      readonly kind: 'room';
      readonly conversation: Conversation;
      readonly user: User;
      readonly present: boolean;
    };

/**
 * - `source`: operators who attend and serve it
 * - `conversation`: sessions in this chat; with `desk` those who attend and may see it as well
 * - `operators`: all who attend; with `user` only that one
 */
export type DeskAudience =
  | { readonly source: string }
  | { readonly conversation: Conversation; readonly desk: boolean }
  | { readonly operators: 'all'; readonly user?: Id };

/**
 * Live sessions of one namespace: some by id, or those with a tag: `user:<id>`, `conversation:<id>`, `door:<name>`.
 * `prefixed` takes the name for a beginning.
 */
export type Audience = { readonly sessions: readonly Id[] } | { readonly tag: string; readonly prefixed: boolean };

/** What the hub carries to sessions. */
export type Delivery =
  | DeskDelivery
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

/** The nouns of the support desk: chats, their counts, and the desk's settings. Plain data only. */
import type { Conversation, Id, JsonObject, Message, Millis, User } from '../model.ts';

/** Statuses of our own; a back end may use other words, which are kept. */
export const CHAT_STATUSES = ['new', 'open', 'closed'] as const;

/** Types of messages of our own; a back end may use other words, which are kept. */
export const DESK_MESSAGE_TYPES = ['standard', 'system', 'note', 'bot'] as const;

/** Audience of notes. */
export const OPERATORS = 'operator';

export interface Rating {
  /** From 1 to 5. */
  readonly score: number;
  readonly comment: string;
}

/** How far each side of a support chat has come in its conversation, as message indexes; they never go back. */
export interface ChatCursors {
  readonly clientDelivered: number;
  readonly clientRead: number;
  /** The farthest of all operators. */
  readonly deskDelivered: number;
  readonly deskRead: number;
}

/**
 * How far the readers of an aside have come, as an index: the farthest of them, who that is, and the farthest of all others. So what anybody wrote is
 * read by somebody else without a cursor of each reader being kept. `index` and `others` never go back.
 */
export interface Reach {
  readonly index: number;
  /** 0: nobody in particular. */
  readonly by: Id;
  readonly others: number;
}

export interface AsideCursors {
  readonly delivered: Reach;
  readonly read: Reach;
}

/** An aside of a chat, and how far its readers have come. */
export interface ChatAside {
  readonly conversation: Conversation;
  readonly cursors: AsideCursors;
}

/** What a support conversation is besides a conversation. */
export interface SupportChat {
  readonly conversation: Id;
  readonly namespace: string;
  /** Brought by a back end, else made from the conversation's id (`uuidOf`). Unique in the namespace; lower case. */
  readonly uuid: string;
  /** The widget; may be empty. */
  readonly source: string;
  /** May be empty. */
  readonly department: string;
  /**
   * - `new`: nobody has taken it; with an operator: it was assigned to that operator, who has not answered yet
   * - `open`: an operator has it
   * - `closed`: until the client's next message
   */
  readonly status: string;
  /** 0 when a back end named nobody. */
  readonly client: Id;
  /** Who has it; 0 for nobody. */
  readonly operator: Id;
  /** Who had it last: asked first when it opens again. 0 for nobody. */
  readonly lastOperator: Id;
  /** Since when the client waits, in the queue; absent when nobody has to be found. A chat without words waits for nothing. */
  readonly queuedAt?: Millis;
  readonly takenAt?: Millis;
  readonly closedAt?: Millis;
  readonly rating?: Rating;
  /** The client has written something that no operator has read. */
  readonly unread: boolean;
  /** Grows with every step of the chat: the order of lists. */
  readonly place: Id;
  readonly cursors: ChatCursors;
  /** What else a back end told of it, kept as it came. */
  readonly extra?: JsonObject;
}

/** A support chat with the people in it: what the desk's clients are shown with every message. */
export interface Scene {
  readonly chat: SupportChat;
  readonly client?: User;
  readonly operator?: User;
  /** Who wrote or did what is told. */
  readonly sender?: User;
  /** Where what is told stands in an aside. */
  readonly aside?: AsideCursors;
}

/** Why a chat is told of. */
export type ChatCause =
  | 'opened'
  | 'queued'
  | 'assigned'
  | 'taken'
  | 'transferred'
  | 'closed'
  | 'reopened'
  | 'rated'
  | 'supplied'
  | 'joined'
  | 'identified'
  /** Who had the closed chat serves its widget no longer. */
  | 'withdrawn'
  /** Nothing but unread has changed. */
  | 'unread';

/** Chats of one operator: as many as the lists of these statuses have. */
export interface OperatorCounts {
  readonly operator: Id;
  readonly newChats: number;
  readonly openChats: number;
}

/** A committed change of a chat, and which counts it has moved. */
export interface ChatChange {
  /** Place of the change in the feed; 0 when it is no fact of its own. */
  readonly id: Id;
  readonly cause: ChatCause;
  readonly conversation: Conversation;
  readonly scene: Scene;
  /** Who had it before. */
  readonly before: { readonly operator: Id; readonly status: string; readonly department: string };
  /** Operators who have other counts now. */
  readonly counted: readonly Id[];
  /** Another number of chats has unread words of their clients now. */
  readonly unreadMoved: boolean;
}

/** Which chats: all that is given must hold. */
export interface ChatFilter {
  readonly namespace: string;
  readonly statuses?: readonly string[];
  /** Only those that are closed, or only those of any other status. */
  readonly closed?: boolean;
  /** Of this client, whether anybody waits in it or not. */
  readonly client?: Id;
  /** 0: those nobody has. */
  readonly operator?: Id;
  readonly sources?: readonly string[];
  readonly department?: string;
  readonly unread?: boolean;
}

export interface ChatQuery extends ChatFilter {
  /** `waiting`: who waits, oldest first. `recent`: last changed first. */
  readonly order: 'waiting' | 'recent';
  /** Go on after the chat with this `cursor`; 0 = from the top. */
  readonly after: Id;
  readonly limit: number;
}

/** A chat in a list. */
export interface ChatEntry {
  readonly conversation: Conversation;
  readonly scene: Scene;
  readonly lastIndex: number;
  readonly lastMessage?: Message;
  /** What `ChatQuery.after` takes to go on. */
  readonly cursor: Id;
}

// ---- Settings ----------------------------------------------------------------------------------------------------------------------

/** Minutes of one week day in which people answer. */
export interface BusinessHours {
  /** IANA name. */
  readonly timeZone: string;
  readonly hours: readonly OpenHours[];
}

export interface OpenHours {
  /** 1 Monday to 7 Sunday (ISO 8601). */
  readonly day: number;
  /** Minutes since midnight; `to` is after `from`, at most 1440. */
  readonly from: number;
  readonly to: number;
}

/** A place on a website that chats come through. */
export interface Widget {
  readonly source: string;
  readonly title: string;
  /** Origins of pages that may show it; none: any. */
  readonly origins: readonly string[];
  readonly hours?: BusinessHours;
  readonly attachments: {
    readonly maxCount: number;
    /** Bytes of one file. */
    readonly maxBytes: number;
    /** Media types, `image/*` for a family; none: any. */
    readonly types: readonly string[];
  };
  /** Operators see what the client types before it is sent. */
  readonly typingPreview: boolean;
  /** Department of its new chats; empty: none. */
  readonly department: string;
  /** Waiting chats are given to operators; otherwise operators take them. */
  readonly autoAssign: boolean;
  /** Who may answer a chat that an operator has: that operator, or any who may see it. */
  readonly replies: 'assigned' | 'anyone';
}

export interface Department {
  readonly name: string;
  readonly title: string;
}

/** What an operator serves. */
export interface OperatorProfile {
  readonly user: Id;
  /** None: all. Absent: nobody has assigned any, and the configuration says what that means (`Limits.operatorsServe`). */
  readonly sources?: readonly string[];
  /** None: all. */
  readonly departments: readonly string[];
  /** Chats at a time. */
  readonly capacity: number;
  /** Takes new chats. */
  readonly available: boolean;
}

/** A text that operators answer with. */
export interface CannedReply {
  readonly id: Id;
  /** What is typed to find it. */
  readonly name: string;
  readonly text: string;
  /** Empty: of all departments. */
  readonly department: string;
}

/** One setting of the desk; `name` is its key among its kind. */
export type DeskSetting =
  | { readonly kind: 'widget'; readonly name: string; readonly value: Widget }
  | { readonly kind: 'department'; readonly name: string; readonly value: Department }
  | { readonly kind: 'operator'; readonly name: string; readonly value: OperatorProfile }
  | { readonly kind: 'reply'; readonly name: string; readonly value: CannedReply };

export type DeskSettingKind = DeskSetting['kind'];

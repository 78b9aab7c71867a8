/**
 * What a store can be asked to do: domain operations, data in and data out, many in one batch. Each takes effect whole or is refused. A new
 * one makes the compiler and the store's contract suite point at every store.
 */
import type {
  ConversationCreated,
  ConversationDeleted,
  ConversationUpdated,
  CreateConversation,
  DeleteConversation,
  UpdateConversation,
} from './conversation-operations.ts';
import type { ApiTokenDeleted, ApiTokenSaved, DeleteApiToken, SaveApiToken } from './api-token-operations.ts';
import type { ChatChange, Scene } from './desk/model.ts';
import type { Staff } from './desk/serving.ts';
import type {
  ChangeChat,
  ChatChanged,
  ChatOpened,
  ClientIdentified,
  DeleteDeskSetting,
  DeskSettingDeleted,
  DeskSettingSaved,
  IdentifyClient,
  OpenChat,
  SaveDeskSetting,
} from './desk/operations.ts';
import type { ChatError } from './errors.ts';
import type { MemberChange } from './events.ts';
import type {
  DeadLettersDropped,
  DropDeadLetters,
  FactRecorded,
  FeedTrimmed,
  MoveSink,
  RecordFact,
  SinkMoved,
  TrimFeed,
} from './feed-operations.ts';
import type {
  BlobsExpected,
  BlobsForgotten,
  DropFiles,
  ExpectBlobs,
  FileSaved,
  FilesDropped,
  ForgetBlobs,
  SaveFile,
} from './file-operations.ts';
import type { Audited, ModerationOperation, ModerationOutcomes, Revocation } from './moderation-operations.ts';
import type {
  Content,
  Conversation,
  ConversationKind,
  DeskPart,
  Id,
  MemberRole,
  Membership,
  Message,
  Millis,
  Origin,
  Person,
  Role,
  User,
} from './model.ts';

/** Members with one of these roles, or anyone where membership does not matter. */
export type Writers = readonly MemberRole[] | 'anyone';

/** Store a message at the next index of its conversation. */
export interface AppendMessage {
  readonly type: 'append';
  readonly namespace: string;
  readonly sender: Id;
  /** The name the sender goes by (`shownName`); told with the message, not stored with it. */
  readonly senderName?: string;
  /** The sender's display name, where it is another. */
  readonly senderDisplayName?: string;
  /** The conversation, or 0 for the private conversation with `peer`, which is made if there is none. */
  readonly conversation: Id;
  readonly peer: Id;
  /** The conversation's version that permission was decided on; the outcome is `stale` when it has moved. 0 with a new private one. */
  readonly version: number;
  /**
   * Who may write there at all. A sender who still is one of them, and not blocked, is not `stale` for a version that has moved, so that
   * what follows on a connection never overtakes what waits for a new decision. Absent: a moved version is always `stale`.
   */
  readonly writers?: Writers;
  readonly content: Content;
  /** In a support chat: what it has besides. A known `external` id is the same message, whatever the content. */
  readonly desk?: DeskPart | undefined;
  /** Store it in the aside of the conversation for this audience, which is made if this is its first message. */
  readonly aside?: string | undefined;
  /** Of the operators who see the chat, only those who serve this source too are told; not stored with it. */
  readonly widget?: string | undefined;
  /** In a support chat: who may be given it. A closed chat into which its client writes goes to who had it in the same step. */
  readonly staff?: Staff | undefined;
  /** Milliseconds the content lives from the moment it is stored. */
  readonly expiresAfter?: Millis | undefined;
  /** The sender's own name for this send: the same key again is the same message for 24 hours. */
  readonly key?: string | undefined;
  /** How a key whose content differs is taken: `refuse` it, or take it for `new` (a counter that started over). */
  readonly keyReuse?: 'refuse' | 'new';
  readonly origin: Origin;
}

export interface Appended {
  readonly type: 'append';
  readonly conversation: Conversation;
  readonly message: Message;
  /** The message had been stored before under the same key: nothing is announced. */
  readonly duplicate: boolean;
  /** This message made the private conversation. */
  readonly created: boolean;
  /** In a support chat or an aside of it. */
  readonly scene?: Scene;
  /** The client's message has changed the chat: it waits now, is open again or has something unread. */
  readonly chat?: ChatChange;
}

/** Replace the content of a message; the old content is kept as a revision. */
export interface EditMessage {
  readonly type: 'edit';
  readonly message: Id;
  readonly user: Id;
  /** Who may write there: a user who is not one of them any more, or blocked meanwhile, is `stale`. Absent: not looked at. */
  readonly writers?: Writers;
  readonly content: Content;
  /** In a support chat: what it has besides from now on; absent: as it was. */
  readonly desk?: DeskPart | undefined;
  /** As with `AppendMessage`. */
  readonly widget?: string | undefined;
  /** Revisions kept of the message at the most, the newest; absent: all. */
  readonly keep?: number;
  readonly origin: Origin;
}

/** Take a message back: its content and revisions are erased, its place stays. */
export interface RecallMessage {
  readonly type: 'recall';
  readonly message: Id;
  readonly user: Id;
  readonly origin: Origin;
}

/** Erase the content of messages whose time has come: those due at or before `now`, `limit` at most. */
export interface ExpireMessages {
  readonly type: 'expire';
  readonly now: Millis;
  readonly limit: number;
}

/** One message with new content or state. */
export interface Change {
  /** Place of the change in the feed. */
  readonly id: Id;
  readonly conversation: Conversation;
  readonly message: Message;
  /** False when the message already was in this state: nothing is announced. */
  readonly changed: boolean;
  /** In a support chat or an aside of it. */
  readonly scene?: Scene;
}

export interface Changed extends Change {
  readonly type: 'edit' | 'recall';
}

export interface Expired {
  readonly type: 'expire';
  readonly changes: readonly Change[];
  /** More is due than the limit let through. */
  readonly more: boolean;
}

/** Move a member's cursor forward to an index, or to that of message `upTo`. A cursor that is there already is left alone. */
export interface MoveCursor {
  readonly type: 'cursor';
  readonly cursor: 'read' | 'delivered';
  readonly conversation: Id;
  readonly user: Id;
  /** Newest message covered; 0 = the newest of the conversation. */
  readonly upTo: Id;
  /** Count the members up to this many: tells whether the group is small enough to be told. */
  readonly countMembers: number;
  /**
   * In a support chat or an aside: the user is an operator, who need not be a member (0: nobody in particular); the desk's cursor goes forward as well.
   * In an aside whoever moves it, the aside's own (`markAside`).
   */
  readonly desk?: boolean | undefined;
  readonly origin: Origin;
}

/** Move the delivered cursor in every conversation of these kinds that the user is a member of, up to an id. */
export interface DeliverUpTo {
  readonly type: 'deliver';
  readonly namespace: string;
  readonly user: Id;
  readonly kinds: readonly ConversationKind[];
  readonly upTo: Id;
  readonly countMembers: number;
  readonly origin: Origin;
}

export interface CursorMove {
  readonly cursor: 'read' | 'delivered';
  readonly id: Id;
  readonly conversation: Conversation;
  readonly membership: Membership;
  /** The message at the cursor; 0 when it is before the first. */
  readonly message: Id;
  /** Members of the conversation, counted up to the limit the operation names. */
  readonly members: number;
  readonly moved: boolean;
  /** In a support chat or an aside of it, when it has moved. */
  readonly scene?: Scene;
  /** The message at the cursor, when it has moved in a support chat. */
  readonly covered?: Message;
  /** The operators have read what was unread. */
  readonly chat?: ChatChange;
}

export interface CursorMoved extends CursorMove {
  readonly type: 'cursor';
}

export interface DeliveredUpTo {
  readonly type: 'deliver';
  readonly moves: readonly CursorMove[];
}

/** Add members, give members another role, remove members. */
export interface ChangeMembers {
  readonly type: 'members';
  readonly conversation: Id;
  readonly user: Id;
  /** The version that permission was decided on; the outcome is `stale` when it has moved. */
  readonly version: number;
  readonly add: readonly { readonly user: Id; readonly role: MemberRole }[];
  readonly remove: readonly Id[];
  readonly origin: Origin;
}

export interface MembersChanged extends MemberChange {
  readonly type: 'members';
  readonly conversation: Conversation;
  readonly memberships: readonly Membership[];
}

/** A user no longer wants private messages from another, or wants them again. */
export interface SetBlock {
  readonly type: 'block';
  readonly namespace: string;
  readonly user: Id;
  readonly blocked: Id;
  readonly active: boolean;
}

export interface BlockSet {
  readonly type: 'block';
  readonly namespace: string;
  readonly user: Id;
  readonly changed: boolean;
  /** Their private conversation with its new version, when there is one. */
  readonly conversation?: Conversation;
}

/** Open the private conversation of two users, which is made when there is none. `stale`: there is none, and the peer has blocked the user. */
export interface OpenPrivate {
  readonly type: 'open';
  readonly namespace: string;
  readonly user: Id;
  readonly peer: Id;
  readonly origin: Origin;
}

export interface PrivateOpened {
  readonly type: 'open';
  readonly conversation: Conversation;
  /** It was made now. */
  readonly created: boolean;
}

/** Make a user known, or bring name and role up to date with a newer token. */
export interface SaveUser {
  readonly type: 'user';
  readonly namespace: string;
  /** Our id, when the account system uses ours; 0 to find or give one by `external` or `username`. */
  readonly id: Id;
  readonly external?: string;
  readonly role?: Role;
  readonly name?: string;
  /** Empty: no picture any more. */
  readonly picture?: string;
  /** What the desk is told of the user; members that it does not name stay. */
  readonly person?: Person;
  /** A built-in account: refused as `already_exists` when the name is taken. */
  readonly account?: { readonly username: string; readonly passwordHash: string };
  readonly lastSeenAt?: Millis;
}

export interface UserSaved {
  readonly type: 'user';
  readonly user: User;
  readonly created: boolean;
}

/** Remove messages of a conversation for good: those with an index below `before`. */
export interface TrimConversation {
  readonly type: 'trim';
  readonly conversation: Id;
  readonly before: number;
  /** `PassOver` has been done for all members up to this index or further: they need not be looked at again. */
  readonly passed?: boolean;
}

export interface Trimmed {
  readonly type: 'trim';
  readonly removed: number;
}

/**
 * Move the read cursors of members who have not read up to the index below `before` to it: what they have not read is about to be removed. Looks
 * at members with a user id above `after`, `limit` at most.
 */
export interface PassOver {
  readonly type: 'pass-over';
  readonly conversation: Id;
  readonly before: number;
  readonly after: Id;
  readonly limit: number;
}

export interface PassedOver {
  readonly type: 'pass-over';
  /** The last member looked at; go on after it. */
  readonly next: Id;
  readonly more: boolean;
}

/** Forget edits, recalls and reads of a conversation in the outbox up to a place in it, `limit` at most. */
export interface ForgetEvents {
  readonly type: 'forget-events';
  readonly conversation: Id;
  readonly upTo: Id;
  readonly limit: number;
}

export interface EventsForgotten {
  readonly type: 'forget-events';
  readonly more: boolean;
}

/**
 * Begin the erasure of a person: name, sign-in, picture and block list go at once, every token of the id is worth nothing for ever. What the
 * person has said and uploaded follows with `EraseSome`. Of a person who was erased before it is no change.
 */
export interface EraseUser extends Audited {
  readonly type: 'erase-user';
  readonly namespace: string;
  readonly user: Id;
}

export interface UserErased {
  readonly type: 'erase-user';
  /** What is left. */
  readonly user: User;
  readonly revocation: Revocation;
}

/** Go on with the erasure of a person by some messages and files. */
export interface EraseSome {
  readonly type: 'erase-some';
  readonly namespace: string;
  readonly user: Id;
  /** Messages erased at the most. */
  readonly limit: number;
}

export interface ErasedSome {
  readonly type: 'erase-some';
  /** Messages that are recalled now. */
  readonly changes: readonly Change[];
  /** Nothing is left of what there was. */
  readonly done: boolean;
}

export type Operation =
  | AppendMessage
  | EditMessage
  | RecallMessage
  | ExpireMessages
  | MoveCursor
  | DeliverUpTo
  | CreateConversation
  | UpdateConversation
  | DeleteConversation
  | ChangeMembers
  | SetBlock
  | OpenPrivate
  | SaveUser
  | ModerationOperation
  | SaveApiToken
  | DeleteApiToken
  | TrimConversation
  | PassOver
  | ForgetEvents
  | RecordFact
  | MoveSink
  | DropDeadLetters
  | TrimFeed
  | EraseUser
  | EraseSome
  | ExpectBlobs
  | SaveFile
  | DropFiles
  | ForgetBlobs
  | OpenChat
  | ChangeChat
  | IdentifyClient
  | SaveDeskSetting
  | DeleteDeskSetting;

/** What each operation answers when it is not refused. */
export interface Outcomes extends ModerationOutcomes {
  append: Appended;
  edit: Changed;
  recall: Changed;
  expire: Expired;
  cursor: CursorMoved;
  deliver: DeliveredUpTo;
  create: ConversationCreated;
  update: ConversationUpdated;
  delete: ConversationDeleted;
  members: MembersChanged;
  block: BlockSet;
  open: PrivateOpened;
  user: UserSaved;
  'api-token': ApiTokenSaved;
  'api-token-delete': ApiTokenDeleted;
  trim: Trimmed;
  'pass-over': PassedOver;
  'forget-events': EventsForgotten;
  fact: FactRecorded;
  sink: SinkMoved;
  'drop-dead': DeadLettersDropped;
  'trim-feed': FeedTrimmed;
  'erase-user': UserErased;
  'erase-some': ErasedSome;
  'expect-blobs': BlobsExpected;
  file: FileSaved;
  'drop-files': FilesDropped;
  'forget-blobs': BlobsForgotten;
  'chat-open': ChatOpened;
  chat: ChatChanged;
  identify: ClientIdentified;
  'desk-setting': DeskSettingSaved;
  'desk-setting-delete': DeskSettingDeleted;
}

/**
 * Refused without effect, while the rest of the batch goes on.
 * `stale`: what the caller decided on has changed meanwhile; decide again on fresh data.
 */
export interface Refused {
  readonly type: 'refused';
  readonly reason: ChatError | 'stale';
}

/** What an operation was answered that took effect. */
export type Success = Outcomes[keyof Outcomes];

export type Outcome = Success | Refused;

/**
 * What the core needs from the outside: a store, a bus, tokens and passwords. Implementations live in their own rooms and each seam
 * has one contract suite in `test/contracts`.
 */
import type { ChatError } from './errors.ts';
import type { Delivery, DomainEvent, MemberChange, ResumeEntry } from './events.ts';
import type {
  Content,
  Conversation,
  ConversationHead,
  ConversationKind,
  Id,
  MemberRole,
  Membership,
  Message,
  Millis,
  Origin,
  Revision,
  Role,
  User,
} from './model.ts';

// ---- What a store can be asked to do --------------------------------------------------------------------------------

/** Members with one of these roles, or anyone where membership does not matter. */
export type Writers = readonly MemberRole[] | 'anyone';

/** Store a message at the next index of its conversation. */
export interface AppendMessage {
  readonly type: 'append';
  readonly namespace: string;
  readonly sender: Id;
  /** The conversation, or 0 for the private conversation with `peer`, which is made if this is its first message. */
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
}

/** Replace the content of a message; the old content is kept as a revision. */
export interface EditMessage {
  readonly type: 'edit';
  readonly message: Id;
  readonly user: Id;
  readonly content: Content;
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
}

export interface CursorMoved extends CursorMove {
  readonly type: 'cursor';
}

export interface DeliveredUpTo {
  readonly type: 'deliver';
  readonly moves: readonly CursorMove[];
}

export interface CreateConversation {
  readonly type: 'create';
  readonly namespace: string;
  readonly kind: Exclude<ConversationKind, 'private'>;
  readonly name: string;
  readonly notice: string;
  /** 0 when a back end creates it for nobody. */
  readonly creator: Id;
  readonly members: readonly { readonly user: Id; readonly role: MemberRole }[];
  readonly origin: Origin;
}

export interface ConversationCreated {
  readonly type: 'create';
  readonly conversation: Conversation;
  readonly members: readonly Membership[];
}

export interface UpdateConversation {
  readonly type: 'update';
  readonly conversation: Id;
  readonly user: Id;
  readonly name?: string;
  readonly notice?: string;
  readonly origin: Origin;
}

export interface ConversationUpdated {
  readonly type: 'update';
  readonly conversation: Conversation;
}

/** Delete a conversation with everything in it. */
export interface DeleteConversation {
  readonly type: 'delete';
  readonly conversation: Id;
  readonly user: Id;
  readonly origin: Origin;
}

export interface ConversationDeleted {
  readonly type: 'delete';
  readonly conversation: Conversation;
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

/** Make a user known, or bring name and role up to date with a newer token. */
export interface SaveUser {
  readonly type: 'user';
  readonly namespace: string;
  /** Our id, when the account system uses ours; 0 to find or give one by `external` or `username`. */
  readonly id: Id;
  readonly external?: string;
  readonly role?: Role;
  readonly name?: string;
  /** A built-in account: refused as `already_exists` when the name is taken. */
  readonly account?: { readonly username: string; readonly passwordHash: string };
  readonly lastSeenAt?: Millis;
}

export interface UserSaved {
  readonly type: 'user';
  readonly user: User;
  readonly created: boolean;
}

/** From now on a token is worth nothing: one token by its `jti`, or all of a user's issued up to now. */
export interface RevokeTokens {
  readonly type: 'revoke';
  readonly namespace: string;
  readonly user: Id;
  readonly token?: string;
  /** When the last of the revoked tokens would have expired: the entry is kept until then. */
  readonly until: Millis;
}

/** A token for back ends: only the SHA-256 of its secret is kept. */
export interface ApiToken {
  readonly name: string;
  readonly hash: string;
  readonly scopes: readonly string[];
  /** The only namespace it may act in; absent = all. */
  readonly namespace?: string;
  readonly createdAt: Millis;
}

export interface TokensRevoked {
  readonly type: 'revoke';
  readonly revocation: Revocation;
}

export interface SaveApiToken {
  readonly type: 'api-token';
  readonly token: ApiToken;
}

export interface ApiTokenSaved {
  readonly type: 'api-token';
  readonly token: ApiToken;
}

export interface DeleteApiToken {
  readonly type: 'api-token-delete';
  readonly name: string;
}

export interface ApiTokenDeleted {
  readonly type: 'api-token-delete';
  readonly name: string;
  readonly deleted: boolean;
}

/** Remove messages of a conversation for good: those with an index below `before`. */
export interface TrimConversation {
  readonly type: 'trim';
  readonly conversation: Id;
  readonly before: number;
}

export interface Trimmed {
  readonly type: 'trim';
  readonly removed: number;
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
  | SaveUser
  | RevokeTokens
  | SaveApiToken
  | DeleteApiToken
  | TrimConversation;

/** What each operation answers when it is not refused. */
export interface Outcomes {
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
  user: UserSaved;
  revoke: TokensRevoked;
  'api-token': ApiTokenSaved;
  'api-token-delete': ApiTokenDeleted;
  trim: Trimmed;
}

export interface Revocation {
  readonly namespace: string;
  readonly user: Id;
  readonly token?: string;
  /** Tokens issued at or before this moment are revoked. */
  readonly before: Millis;
  readonly until: Millis;
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

// ---- What a store can be asked ---------------------------------------------------------------------------------------

/** Which messages of a conversation: at most one of `before`, `after` and `around` (message ids); none = the newest. */
export interface HistoryQuery {
  readonly conversation: Id;
  readonly before?: Id;
  readonly after?: Id;
  readonly around?: Id;
  readonly limit: number;
}

export interface HistoryPage {
  /** Ascending. */
  readonly messages: readonly Message[];
  readonly moreBefore: boolean;
  readonly moreAfter: boolean;
}

/** Everything after `after` in the user's conversations of some kinds, or in the given conversations, ascending by place. */
export interface ResumeQuery {
  readonly namespace: string;
  readonly user: Id;
  readonly kinds: readonly ConversationKind[];
  /** Limits the answer to these conversations; the caller has checked that the user may read them. */
  readonly conversations?: readonly Id[];
  readonly after: Id;
  readonly limit: number;
}

export interface ResumePage {
  readonly entries: readonly ResumeEntry[];
  /** Go on after this place; it may lie behind the last entry when what stood between is not for this client. */
  readonly next: Id;
  /** More is stored after `next`. */
  readonly more: boolean;
  /** Retention has removed messages after `after` (when it is not 0) that the client never saw. */
  readonly cut: boolean;
}

/** A conversation as its member sees it in a list. */
export interface ConversationSummary {
  readonly head: ConversationHead;
  readonly membership: Membership;
  /** Messages after the read cursor. */
  readonly unread: number;
  readonly lastMessage?: Message;
}

export interface StoreStats {
  /** Events in the outbox that no relay has taken. */
  readonly outboxDepth: number;
  readonly bytes: number;
}

/**
 * Where everything that must outlive the process is kept.
 *
 * Guarantees every implementation gives:
 * - `commit` applies the operations in the given order in one transaction and resolves when it is on disk; each answers for itself,
 *   a refused one has no effect. It rejects only when nothing of the batch is stored.
 * - the events of the operations are in the outbox by the same transaction
 * - a read sees every commit that has resolved, and nothing that could still be lost
 * - `commit` is called by one caller at a time (the committer); reads may run meanwhile
 */
export interface Store {
  commit(operations: readonly Operation[]): Promise<readonly Outcome[]>;

  user(namespace: string, id: Id): Promise<User | undefined>;
  users(namespace: string, ids: readonly Id[]): Promise<readonly User[]>;
  userByExternal(namespace: string, external: string): Promise<User | undefined>;
  account(namespace: string, username: string): Promise<{ user: User; passwordHash: string } | undefined>;
  /** Users whose name or username starts with `prefix` (case-insensitive), by id. */
  searchUsers(namespace: string, prefix: string, limit: number): Promise<readonly User[]>;

  head(conversation: Id): Promise<ConversationHead | undefined>;
  privateHead(namespace: string, one: Id, other: Id): Promise<ConversationHead | undefined>;
  membership(conversation: Id, user: Id): Promise<Membership | undefined>;
  /** Members with a user id above `after`, ascending. */
  members(conversation: Id, after: Id, limit: number): Promise<readonly Membership[]>;
  memberCount(conversation: Id): Promise<number>;
  /** Ids of all conversations the user is a member of. */
  conversationsOf(namespace: string, user: Id): Promise<readonly Id[]>;
  /** The user's conversations, most recently active first; `before` is the last activity id of the previous page (0 = from the top). */
  summaries(namespace: string, user: Id, before: Id, limit: number): Promise<readonly ConversationSummary[]>;
  summary(conversation: Id, user: Id): Promise<ConversationSummary | undefined>;
  /** Conversations of a namespace in which no membership is needed, by id. */
  rooms(namespace: string, after: Id, limit: number): Promise<readonly Conversation[]>;
  blocks(namespace: string, user: Id): Promise<readonly Id[]>;

  message(id: Id): Promise<Message | undefined>;
  history(query: HistoryQuery): Promise<HistoryPage>;
  revisions(message: Id): Promise<readonly Revision[]>;
  resume(query: ResumeQuery): Promise<ResumePage>;

  /** Whether the content of some message is to be erased by now. */
  hasDueExpiry(now: Millis): Promise<boolean>;
  /** Committed facts after a place in the feed, in commit order. */
  events(after: Id, limit: number): Promise<readonly DomainEvent[]>;
  revocations(now: Millis): Promise<readonly Revocation[]>;
  apiTokens(): Promise<readonly ApiToken[]>;
  stats(): Promise<StoreStats>;

  /** Resolves when everything committed is on disk and the store is closed. */
  close(): Promise<void>;
}

// ---- Other seams -----------------------------------------------------------------------------------------------------

/** Carries deliveries to the hubs of all nodes, in the order of publishing per conversation. */
export interface Bus {
  publish(delivery: Delivery): void;
  subscribe(receive: (delivery: Delivery) => void): void;
  close(): Promise<void>;
}

/** What a valid token says. */
export interface Claims {
  readonly subject: string;
  readonly namespace: string;
  readonly role: Role;
  readonly name?: string;
  /** Id of the token itself, for revocation. */
  readonly token?: string;
  readonly issuedAt: Millis;
  /** Infinity when it never expires. */
  readonly expiresAt: Millis;
}

export interface TokenRequest {
  readonly subject: string;
  readonly namespace: string;
  readonly role: Role;
  readonly name?: string;
  readonly ttl: Millis;
}

/** Signs and checks user tokens (JWT). `verify` rejects with `unauthenticated` and a reason fit for the caller. */
export interface Tokens {
  verify(token: string): Promise<Claims>;
  mint(request: TokenRequest): Promise<string>;
}

/** Hashes passwords slowly. Both calls take the same time whatever they answer. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** False for a wrong password, and, after the same work, where there is no hash. */
  verify(hash: string | undefined, password: string): Promise<boolean>;
}

/** Where the core counts what it does; implemented over Prometheus by the listener's side. */
export interface Meter {
  committed(batch: number, milliseconds: number): void;
  sent(door: string): void;
  delivered(door: string, count: number): void;
  refused(door: string, code: string): void;
  sessionOpened(door: string): void;
  sessionClosed(door: string, reason: string): void;
}

/** Structured log lines; the core never puts tokens or message texts in them. */
export interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/**
 * What the core needs from the outside: a store, a bus, tokens and passwords. Implementations live in their own rooms and each seam
 * has one contract suite in `test/contracts`.
 */
import type { ChatAside, ChatEntry, ChatFilter, ChatQuery, DeskSetting, OperatorCounts, Scene } from './desk/model.ts';
import type { Delivery, DomainEvent, FeedEntry, MessageTrace, ResumeEntry } from './events.ts';
import type { DeadLetter, OpenSession, SinkPosition } from './feed-operations.ts';
import type {
  Content,
  Conversation,
  ConversationHead,
  ConversationKind,
  Erasure,
  FileInfo,
  FileUse,
  Id,
  Membership,
  Message,
  Millis,
  Person,
  Revision,
  Role,
  StoredFile,
  User,
} from './model.ts';
import type { ApiToken } from './api-token-operations.ts';
import type { Identification } from './desk/operations.ts';
import type { AuditEntry, Restriction, Revocation } from './moderation-operations.ts';
import type { Operation, Outcome } from './operations.ts';
import type { SearchTerm } from './search-terms.ts';

export * from './conversation-operations.ts';
export * from './desk/operations.ts';
export * from './feed-operations.ts';
export * from './api-token-operations.ts';
export * from './file-operations.ts';
export * from './moderation-operations.ts';
export * from './operations.ts';

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

/** Messages that have all of some terms, in the conversations that the user is a member of at this moment. */
export interface SearchQuery {
  readonly namespace: string;
  readonly user: Id;
  /** Only in this conversation. */
  readonly conversation?: Id;
  /** Not empty. */
  readonly terms: readonly SearchTerm[];
  /** Only messages older than this one. */
  readonly before?: Id;
  readonly limit: number;
}

export interface SearchPage {
  /** Newest first; never recalled or expired ones. */
  readonly messages: readonly Message[];
  /** Older messages match as well. */
  readonly more: boolean;
}

/** How long messages are kept in the conversations of a namespace and kind; absent: of all. */
export interface Cut {
  readonly namespace?: string;
  readonly kind?: ConversationKind;
  /** Messages sent before this moment go. */
  readonly before: Millis;
}

export interface OverdueQuery {
  /** Of those that fit a conversation the first counts. */
  readonly cuts: readonly Cut[];
  /** Conversations with an id above this one, `limit` of them at most. */
  readonly after: Id;
  readonly limit: number;
}

/** What is older than a cut lets stay in one conversation. */
export interface Overdue {
  /** Which of the cuts it is. */
  readonly cut: number;
  readonly namespace: string;
  readonly conversation: Id;
  /** Indexes of the oldest message there is and of the oldest one that stays. */
  readonly from: number;
  readonly before: number;
  /** Files in those messages, and their bytes. */
  readonly files: number;
  readonly bytes: number;
}

export interface OverduePage {
  readonly overdue: readonly Overdue[];
  /** The last conversation looked at; go on after it. */
  readonly next: Id;
  readonly more: boolean;
}

/** What a user has said, in the order of the feed, some of the feed at a time. */
export interface AuthoredPage {
  /** Recalled and expired ones too. */
  readonly messages: readonly Message[];
  /** Go on after this place; nothing of the user need lie before it. */
  readonly next: Id;
  readonly more: boolean;
}

/** A conversation as its member sees it in a list. */
export interface ConversationSummary {
  readonly head: ConversationHead;
  readonly membership: Membership;
  /** Messages after the read cursor. */
  readonly unread: number;
  readonly lastMessage?: Message;
}

/** Who is in a conversation, as its members see each other in a list. */
export interface Roster {
  readonly conversation: Id;
  /** By user id, up to the limit asked for. */
  readonly members: readonly RosterMember[];
  /** There are more members than these. */
  readonly more: boolean;
}

export interface RosterMember {
  readonly membership: Membership;
  readonly user: User;
  /** Messages after this member's read cursor. */
  readonly unread: number;
}

export interface StoreStats {
  /** Events in the outbox that the sink furthest behind has not taken, counted up to a limit; 0 without a sink. */
  readonly outboxDepth: number;
  /** Messages that are not in the search index yet; they are found all the same. */
  readonly unindexed: number;
  readonly bytes: number;
}

/**
 * Where everything that must outlive the process is kept.
 *
 * Guarantees every implementation gives:
 * - `commit` applies the operations in the given order in one transaction and resolves when it is on disk; each answers for itself,
 *   a refused one has no effect. It rejects only when nothing of the batch is stored.
 * - the events of the operations are in the outbox by the same transaction, and their notes (`Audited`) where they took effect
 * - a read sees every commit that has resolved, and nothing that could still be lost
 * - `commit` is called by one caller at a time (the committer); reads may run meanwhile
 */
export interface Store {
  commit(operations: readonly Operation[]): Promise<readonly Outcome[]>;

  user(namespace: string, id: Id): Promise<User | undefined>;
  users(namespace: string, ids: readonly Id[]): Promise<readonly User[]>;
  userByExternal(namespace: string, external: string): Promise<User | undefined>;
  account(namespace: string, username: string): Promise<{ user: User; passwordHash: string } | undefined>;
  /**
   * Users with a word in their name or username from which on it reads like `prefix`, whatever the case, composition and script, in the order of
   * what was found, each once; all users by id when the prefix is empty. The cost grows with the limit, not with the number of users.
   */
  searchUsers(namespace: string, prefix: string, limit: number): Promise<readonly User[]>;

  head(conversation: Id): Promise<ConversationHead | undefined>;
  privateHead(namespace: string, one: Id, other: Id): Promise<ConversationHead | undefined>;
  membership(conversation: Id, user: Id): Promise<Membership | undefined>;
  /** Members with a user id above `after`, ascending. */
  members(conversation: Id, after: Id, limit: number): Promise<readonly Membership[]>;
  memberCount(conversation: Id): Promise<number>;
  /** Ids of the conversations the user is a member of: all, or those of some kinds. */
  conversationsOf(namespace: string, user: Id, kinds?: readonly ConversationKind[]): Promise<readonly Id[]>;
  /** Who of some users is, with this one, in a conversation of one of these kinds, by id and each once. */
  acquaintancesAmong(
    namespace: string,
    user: Id,
    among: readonly Id[],
    kinds: readonly ConversationKind[],
  ): Promise<readonly Id[]>;
  /**
   * The user's conversations, most recently active first; `before` is the last activity id of the previous page (0 = from the top). The cost grows
   * with the page and the large conversations the user is in, not with all there are.
   */
  summaries(namespace: string, user: Id, before: Id, limit: number): Promise<readonly ConversationSummary[]>;
  summary(conversation: Id, user: Id): Promise<ConversationSummary | undefined>;
  /** Members of some conversations with their users and unread counts, `limit` at most of each, in the order asked for. */
  rosters(conversations: readonly Id[], limit: number): Promise<readonly Roster[]>;
  /** Unread counts of some users in one conversation; a user who is no member is left out. */
  unread(conversation: Id, users: readonly Id[]): Promise<ReadonlyMap<Id, number>>;
  /** Conversations of a namespace in which no membership is needed, by id. */
  rooms(namespace: string, after: Id, limit: number): Promise<readonly Conversation[]>;
  blocks(namespace: string, user: Id): Promise<readonly Id[]>;

  message(id: Id): Promise<Message | undefined>;
  history(query: HistoryQuery): Promise<HistoryPage>;
  /** Earlier contents that were replaced after a moment (0: from the oldest kept), ascending. No two of a message were replaced at the same. */
  revisions(message: Id, after: Millis, limit: number): Promise<readonly Revision[]>;
  resume(query: ResumeQuery): Promise<ResumePage>;
  /** Sees every message that was acknowledged before. `matchesQuery` of search-terms.ts says what is found. */
  search(query: SearchQuery): Promise<SearchPage>;

  /** A support chat with the people in it, by its conversation. */
  scene(conversation: Id): Promise<Scene | undefined>;
  /** Lower case. */
  sceneByUuid(namespace: string, uuid: string): Promise<Scene | undefined>;
  /** Chats that are listed: those in which somebody waits or has waited, or that a back end made. With `client`, all of that client's. */
  chats(query: ChatQuery): Promise<readonly ChatEntry[]>;
  /** How many chats `chats` lists for this filter: the same cost for any number of them. */
  chatCount(filter: ChatFilter): Promise<number>;
  operatorCounts(namespace: string, operators: readonly Id[]): Promise<readonly OperatorCounts[]>;
  /** Chats with unread words of their clients, by source. */
  unreadChats(namespace: string): Promise<Readonly<Record<string, number>>>;
  /** Conversations of those who wait in one queue, oldest first. */
  queue(namespace: string, source: string, department: string, limit: number): Promise<readonly Id[]>;
  /** The asides of a support chat. */
  asides(conversation: Id): Promise<readonly ChatAside[]>;
  /** A message by the id that a back end gave it. */
  externalMessage(namespace: string, external: number): Promise<Message | undefined>;
  deskSettings(namespace: string): Promise<readonly DeskSetting[]>;

  file(id: Id): Promise<StoredFile | undefined>;
  /** Where a file is used, newest use first. */
  fileUses(id: Id, limit: number): Promise<readonly FileUse[]>;
  /** Files a user has uploaded, with an id above `after`, ascending. */
  filesOf(namespace: string, owner: Id, after: Id, limit: number): Promise<readonly StoredFile[]>;
  /** Messages of a user after a place in the feed; it may find none in the part of the feed that one call looks at. */
  authored(namespace: string, user: Id, after: Id, limit: number): Promise<AuthoredPage>;
  /** What retention would remove. */
  overdue(query: OverdueQuery): Promise<OverduePage>;
  /** The erasure of a person; undefined when it was never begun. */
  erasure(namespace: string, user: Id): Promise<Erasure | undefined>;
  /** Erasures that are not finished. */
  erasures(): Promise<readonly Erasure[]>;
  /** Who an anonymous visitor has turned out to be. */
  identifiedAs(namespace: string, visitor: Id): Promise<Id | undefined>;
  /** Identifications that are not finished (`IdentifyClient`). */
  identifications(): Promise<readonly Identification[]>;
  /** Hashes of bytes that no file has any more and that are not forgotten yet (`ForgetBlobs`). */
  /** Files of a user that are used nowhere yet: how many, and their bytes. */
  unusedFiles(namespace: string, owner: Id): Promise<{ readonly count: number; readonly bytes: number }>;
  /** Hashes of bytes that no file has (any more, or yet: `ExpectBlobs`) and that are not forgotten (`ForgetBlobs`), in order. */
  unusedBlobs(limit: number): Promise<readonly string[]>;

  /** Whether the content of some message is to be erased by now. */
  hasDueExpiry(now: Millis): Promise<boolean>;
  /** Committed facts after a place in the feed, in commit order. */
  events(after: Id, limit: number): Promise<readonly DomainEvent[]>;
  /** The same with the messages they are about, as they read now. */
  feed(after: Id, limit: number): Promise<readonly FeedEntry[]>;
  /** The way of a message; `limit` connections and changes at the most. */
  trace(message: Id, limit: number): Promise<MessageTrace | undefined>;
  /** Facts with an id up to here may have been forgotten; 0 when none was. */
  feedFloor(): Promise<Id>;
  /** Connections that the feed has seen begin and not end. */
  openSessions(): Promise<readonly OpenSession[]>;
  /** Sinks that have come somewhere, by name. */
  sinkPositions(): Promise<readonly SinkPosition[]>;
  /** Dead letters of a sink (absent: of all) behind a place in the feed, ascending. */
  deadLetters(sink: string | undefined, after: Id, limit: number): Promise<readonly DeadLetter[]>;
  /** Facts behind a place, counted up to a limit. */
  feedDepth(after: Id, limit: number): Promise<number>;
  revocations(now: Millis): Promise<readonly Revocation[]>;
  /** Restrictions that last at a moment, by namespace and user. */
  restrictions(now: Millis): Promise<readonly Restriction[]>;
  /** Notes of who did what in a namespace, with an id below `before` (0: from the newest on), newest first. */
  audit(namespace: string, before: Id, limit: number): Promise<readonly AuditEntry[]>;
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

/** An upload that has arrived whole and is kept nowhere yet. One of the two must be called. */
export interface Upload {
  /** What it is, by its bytes; of images: of what is left without their metadata. */
  readonly info: FileInfo;
  /** Keeps the bytes, and those of the preview. Resolves when they would outlive a power cut. */
  keep(): Promise<void>;
  /** Leaves nothing behind; after `keep` it does nothing. */
  discard(): Promise<void>;
}

/** Part of a file: both places are counted from 0 and belong to it. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Receives, keeps and gives out the bytes of files, by the SHA-256 of what is kept: equal bytes are kept once. */
export interface Media {
  /**
   * Takes bytes to their end, `maxBytes` at most. Rejects with `too_large` for what is beyond a limit, with `unavailable` when too much is under way,
   * and with what `bytes` rejects with; nothing is left of it then.
   */
  receive(bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Upload>;
  /** How many bytes a hash has; undefined when they are not there. */
  size(hash: string): Promise<number | undefined>;
  /** The bytes of a hash, or a part of them. Rejects with `not_found` when they are not there. */
  read(hash: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array>>;
  /** Removes the bytes of a hash. Bytes that are not there are removed. */
  remove(hash: string): Promise<void>;
}

/** How far a sink has come with the feed, as administrators see it. */
export interface SinkState {
  readonly sink: string;
  /** Everything up to here is delivered or kept as a dead letter. */
  readonly position: Id;
  /** Events read and not settled. */
  readonly pending: number;
  /** What it said last, while nothing gets through. */
  readonly failing?: string;
}

/** What a replay has done. */
export interface Replayed {
  /** Events that the sink has now: those that it wants. */
  readonly delivered: number;
  /** Where the next replay of the range begins. */
  readonly next: Id;
  readonly more: boolean;
}

/** Where events go. Sinks implement it. */
export interface EventRelays {
  states(): readonly SinkState[];
  /** How often an event that is on its way to a sink was refused; undefined when it is not on its way. */
  attempts(sink: string, event: Id): number | undefined;
  /**
   * Delivers a range of the feed to one sink once more, `limit` events of it at the most. Rejects with `not_found` for a sink that there is not, and
   * with `unavailable` when it takes nothing.
   */
  replay(sink: string, range: { readonly after: Id; readonly until: Id; readonly limit: number }): Promise<Replayed>;
  /** Tries dead letters once more; those that are delivered are let go. Resolves with how many were. */
  retry(sink: string, events: readonly Id[]): Promise<number>;
}

/** What a valid token says. */
export interface Claims {
  readonly subject: string;
  readonly namespace: string;
  readonly role: Role;
  readonly name?: string;
  /** What the desk shows of the user. */
  readonly person?: Person;
  /** Id of the token itself, for revocation. */
  readonly token?: string;
  /** The widget of the support desk that it is for; absent: any. */
  readonly source?: string;
  readonly issuedAt: Millis;
  /** Infinity when it never expires. */
  readonly expiresAt: Millis;
}

export interface TokenRequest {
  readonly subject: string;
  readonly namespace: string;
  readonly role: Role;
  readonly name?: string;
  /** The widget of the support desk that it is for. */
  readonly source?: string;
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

/** What a user is about to say, or to put in place of what was said. */
export interface ModerationRequest {
  readonly namespace: string;
  readonly user: Id;
  readonly role: Role;
  readonly door: string;
  /** A back end says it. */
  readonly server: boolean;
  /** The conversation, or the other user of a private one that may not exist yet; of an edit neither. */
  readonly place: { readonly conversation?: Id; readonly peer?: Id };
  /** The message whose content is replaced. */
  readonly message?: Id;
  /** Links to files of ours are good for a while. */
  readonly content: Content;
  readonly at: Millis;
}

/** `change`: other words in place of the text or caption. */
export type Verdict =
  | { readonly verdict: 'pass' }
  | { readonly verdict: 'change'; readonly text: string }
  | { readonly verdict: 'refuse'; readonly reason: string };

/** Judges what is said before it is stored. Rejects when it has no verdict; the signal says that nobody waits for it any more. */
export interface Moderator {
  judge(request: ModerationRequest, signal: AbortSignal): Promise<Verdict>;
}

/** Where the core counts what it does; implemented over Prometheus by the listener's side. */
export interface Meter {
  committed(batch: number, milliseconds: number): void;
  sent(door: string): void;
  delivered(door: string, count: number): void;
  refused(door: string, code: string): void;
  /** What somebody who was asked has said of a message; `none`: nothing that counts. */
  judged(verdict: Verdict['verdict'] | 'none'): void;
  sessionOpened(door: string): void;
  sessionClosed(door: string, reason: string): void;
}

/** Structured log lines; the core never puts tokens or message texts in them. */
export interface Log {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** What the store contract is run on, and the words its parts share. */
import { onTestFinished } from 'vitest';
import type {
  AppendMessage,
  Appended,
  ChangeMembers,
  Conversation,
  CreateConversation,
  CursorMoved,
  HistoryQuery,
  Id,
  MemberRole,
  Membership,
  Message,
  Millis,
  MoveCursor,
  Operation,
  Origin,
  Outcome,
  Outcomes,
  ResumeQuery,
  Store,
} from '../../../src/core/index.ts';
import { createClock } from '../../support/clock.ts';
import type { Clock } from '../../support/clock.ts';

/** Where one test keeps its data. */
export interface Place {
  /** Opens the store; again after it was closed: on the same data. */
  open(now: () => Millis): Promise<Store>;
  /** Opens what an abrupt stop at this very moment would leave behind, then gives up the running store. */
  crash(running: Store, now: () => Millis): Promise<Store>;
  remove(): Promise<void>;
}

export type Restart = 'reopen' | 'crash';

export interface Subject {
  place(): Promise<Place>;
  /** How its data outlives a store that ends; empty where it does not: the tests of restarts have no cases then. */
  readonly restarts: readonly Restart[];
  /** Random histories to live through: as many as take a few seconds. */
  readonly runs: number;
}

/** One store of one test. */
export interface World {
  readonly clock: Clock;
  readonly store: Store;
  reopen(): Promise<void>;
  crash(): Promise<void>;
  close(): Promise<void>;
}

/** A new store for one run; `close` removes it with its data. */
export async function openWorld(subject: Subject): Promise<World> {
  const clock = createClock();
  const place = await subject.place();
  let store = await place.open(clock.now);
  return {
    clock,
    get store() {
      return store;
    },
    async reopen() {
      await store.close();
      store = await place.open(clock.now);
    },
    async crash() {
      store = await place.crash(store, clock.now);
    },
    async close() {
      await store.close();
      await place.remove();
    },
  };
}

/** A new store for the test that is running. */
export async function newWorld(subject: Subject): Promise<World> {
  const world = await openWorld(subject);
  onTestFinished(() => world.close());
  return world;
}

export const ORIGIN: Origin = { door: 'test', session: 7 };
export const NAMESPACE = 'default';

/** Commits operations together and returns what each was answered. */
export function commit(store: Store, ...operations: Operation[]): Promise<readonly Outcome[]> {
  return store.commit(operations);
}

/** Commits one operation that must take effect. */
export async function apply<O extends Operation>(store: Store, operation: O): Promise<Outcomes[O['type']]> {
  const [outcome] = await store.commit([operation]);
  return succeeded(operation, outcome);
}

/** The outcome of an operation that must have taken effect. */
export function succeeded<O extends Operation>(operation: O, outcome: Outcome | undefined): Outcomes[O['type']] {
  if (outcome?.type === operation.type) return outcome as Outcomes[O['type']];
  throw new Error(`${operation.type} was answered ${reasonOf(outcome)}`, { cause: outcome });
}

/** Why an operation was refused: an error code or `stale`. */
export function reasonOf(outcome: Outcome | undefined): string {
  if (outcome?.type !== 'refused') return `no refusal but ${outcome?.type}`;
  return outcome.reason === 'stale' ? 'stale' : outcome.reason.code;
}

/** Commits one operation that must be refused, and returns why. */
export async function refusal(store: Store, operation: Operation): Promise<string> {
  const [outcome] = await store.commit([operation]);
  return reasonOf(outcome);
}

export function text(value: string): { readonly kind: 'text'; readonly text: string } {
  return { kind: 'text', text: value };
}

type Some<O> = Partial<Omit<O, 'type'>>;

/** A send to a conversation as it is now. */
export function sending(
  conversation: Pick<Conversation, 'id' | 'version'>,
  sender: Id,
  rest: Some<AppendMessage> = {},
): AppendMessage {
  return {
    type: 'append',
    namespace: NAMESPACE,
    sender,
    conversation: conversation.id,
    peer: 0,
    version: conversation.version,
    content: text('hello'),
    origin: ORIGIN,
    ...rest,
  };
}

/** A send to a user. */
export function sendingTo(peer: Id, sender: Id, rest: Some<AppendMessage> = {}): AppendMessage {
  return sending({ id: 0, version: 0 }, sender, { peer, ...rest });
}

export function creating(members: readonly Id[], rest: Some<CreateConversation> = {}): CreateConversation {
  return {
    type: 'create',
    namespace: NAMESPACE,
    kind: 'group',
    name: 'Some group',
    notice: '',
    creator: members[0] ?? 0,
    members: members.map((user, at) => ({ user, role: at === 0 ? 'owner' : 'member' })),
    origin: ORIGIN,
    ...rest,
  };
}

export async function createGroup(
  store: Store,
  members: readonly Id[],
  rest: Some<CreateConversation> = {},
): Promise<Conversation> {
  return (await apply(store, creating(members, rest))).conversation;
}

export async function send(
  store: Store,
  conversation: Pick<Conversation, 'id' | 'version'>,
  sender: Id,
  rest: Some<AppendMessage> = {},
): Promise<Message> {
  return (await apply(store, sending(conversation, sender, rest))).message;
}

/** Sends so many messages in one batch. */
export async function sendMany(
  store: Store,
  conversation: Pick<Conversation, 'id' | 'version'>,
  senders: readonly Id[],
  count: number,
): Promise<Message[]> {
  const operations = Array.from({ length: count }, (_, at) =>
    sending(conversation, senders[at % senders.length] ?? 0, { content: text(`message ${at + 1}`) }),
  );
  const outcomes = await store.commit(operations);
  return operations.map((operation, at) => succeeded(operation, outcomes[at]).message);
}

export function sendTo(store: Store, peer: Id, sender: Id, rest: Some<AppendMessage> = {}): Promise<Appended> {
  return apply(store, sendingTo(peer, sender, rest));
}

export function moving(cursor: 'read' | 'delivered', conversation: Id, user: Id, upTo: Id, countMembers = 100): MoveCursor {
  return { type: 'cursor', cursor, conversation, user, upTo, countMembers, origin: ORIGIN };
}

export function move(store: Store, cursor: 'read' | 'delivered', conversation: Id, user: Id, upTo: Id): Promise<CursorMoved> {
  return apply(store, moving(cursor, conversation, user, upTo));
}

export function changingMembers(
  conversation: Pick<Conversation, 'id' | 'version'>,
  change: { readonly add?: readonly (Id | { readonly user: Id; readonly role: MemberRole })[]; readonly remove?: readonly Id[] },
): ChangeMembers {
  const add = (change.add ?? []).map((member) =>
    typeof member === 'number' ? { user: member, role: 'member' as const } : member,
  );
  const { id, version } = conversation;
  return { type: 'members', conversation: id, user: 1, version, add, remove: change.remove ?? [], origin: ORIGIN };
}

/** The whole conversation, read in pages from its beginning. */
export async function wholeHistory(store: Store, conversation: Id, limit = 100): Promise<Message[]> {
  const messages: Message[] = [];
  for (let after = 0; ;) {
    const page = await store.history({ conversation, after, limit });
    messages.push(...page.messages);
    const last = page.messages.at(-1);
    if (!page.moreAfter || last === undefined) return messages;
    after = last.id;
  }
}

export function idsIn(page: { readonly messages: readonly Message[] }): Id[] {
  return page.messages.map(({ id }) => id);
}

export function historyOf(conversation: Id, rest: Partial<HistoryQuery> = {}): HistoryQuery {
  return { conversation, limit: 100, ...rest };
}

export function resuming(user: Id, rest: Partial<ResumeQuery> = {}): ResumeQuery {
  return { namespace: NAMESPACE, user, kinds: ['private', 'group', 'channel', 'support'], after: 0, limit: 100, ...rest };
}

/** What somebody has not read of a conversation. */
export async function unreadOf(store: Store, conversation: Id, user: Id): Promise<number | undefined> {
  return (await store.summary(conversation, user))?.unread;
}

export async function membershipOf(store: Store, conversation: Id, user: Id): Promise<Membership> {
  const membership = await store.membership(conversation, user);
  if (membership === undefined) throw new Error(`${user} is not a member of ${conversation}`);
  return membership;
}

/**
 * The feed as other systems read it: committed facts in order, each with what there is to tell of it. The message's text is read when it is
 * told, not kept a second time, so that what was edited, recalled or erased meanwhile is told as it is now.
 */
import type { Directory } from './directory.ts';
import type { FeedEntry } from './events.ts';
import type { Links } from './links.ts';
import type { Conversation, Id, Message } from './model.ts';
import type { ChatMembers, Store, Success } from './ports.ts';
import { createRecent } from './recent.ts';
import type { Recent } from './recent.ts';
import { uuidOf } from './uuid.ts';

/** Members told with a message (wire.md section 2). */
export const MAX_TOLD_MEMBERS = 1_000;

/** Conversations whose members are remembered between two reads: those that were written in lately. */
const MAX_ROSTERS = 1_000;

/** Users of a namespace whose names are remembered, and namespaces. */
const MAX_PEOPLE = 100_000;
const MAX_NAMESPACES = 100;

/** What sinks write of themselves is no news to them. */
const BOOKKEEPING: ReadonlySet<Success['type']> = new Set(['sink', 'drop-dead', 'trim-feed']);

/** An entry and those whom it names. */
export interface Fact extends FeedEntry {
  /** Absent when the fact is about none, or it is gone. */
  readonly conversation?: Conversation;
  /** With `message.sent`: all members as they are named outside, the sender among them, `MAX_TOLD_MEMBERS` at the most. */
  readonly members?: readonly string[];
  /** How a user is named outside: by the id in the account system that it came from, else by the UUID of ours. */
  nameOf(user: Id): string;
}

export interface FeedPage {
  readonly facts: readonly Fact[];
  /** Where the next page begins: everything up to here was looked at. */
  readonly next: Id;
  /** Something between `after` and the first fact was forgotten before it was read. */
  readonly cut: boolean;
}

export interface Feed {
  /** Facts behind a place in commit order, `limit` at most. */
  read(after: Id, limit: number): Promise<FeedPage>;
  /** Resolves when something was committed after the call, or when the signal says that nobody waits any more: one signal for each call. */
  committed(signal: AbortSignal): Promise<void>;
  /** Aborted when the server goes down: who follows the feed on a connection ends it. */
  readonly ended: AbortSignal;
}

interface Roster {
  readonly members: readonly Id[];
  /** Their names outside, once somebody asked. */
  told?: readonly string[];
}

/** How the users of one namespace are named outside: that never changes. */
interface Names {
  readonly known: Recent<Id, string>;
  nameOf(user: Id): string;
}

interface Surroundings {
  readonly conversations: ReadonlyMap<Id, Conversation | undefined>;
  readonly lists: ReadonlyMap<Id, Roster>;
  readonly names: ReadonlyMap<string, Names>;
}

function createNames(): Names {
  const known = createRecent<Id, string>(MAX_PEOPLE);
  return { known, nameOf: (user) => known.get(user) ?? uuidOf(user) };
}

/** The feed, and what the committer rings when something was stored. */
export interface FeedParts extends Feed {
  /** Takes over what was committed; called in commit order. */
  apply(outcome: Success): void;
  end(): void;
}

export function createFeed(deps: { store: Store; directory: Directory; links: Links }): FeedParts {
  const { store, directory, links } = deps;
  const rosters = createRecent<Id, Roster>(MAX_ROSTERS);
  const namespaces = createRecent<string, Names>(MAX_NAMESPACES);
  const waiting = new Set<() => void>();
  const ending = new AbortController();

  function forget(changed: Pick<ChatMembers, 'conversation'> | undefined): void {
    if (changed !== undefined) rosters.delete(changed.conversation.id);
  }

  function forgetChanged(outcome: Success): void {
    if (outcome.type === 'members' || outcome.type === 'delete') forget(outcome);
    if (outcome.type === 'chat' || outcome.type === 'chat-open') forget(outcome.membersChanged);
    if (outcome.type === 'identify') for (const { members } of outcome.changes) forget(members);
  }

  /** Names of everybody that a page names. */
  async function learn(namespace: string, users: ReadonlySet<Id>): Promise<Names> {
    const names = namespaces.get(namespace) ?? namespaces.set(namespace, createNames());
    const strange = [...users].filter((id) => names.known.get(id) === undefined);
    if (strange.length === 0) return names;
    const found = new Map((await store.users(namespace, strange)).map((user) => [user.id, user.external]));
    for (const id of strange) names.known.set(id, found.get(id) ?? uuidOf(id));
    return names;
  }

  async function rosterOf(conversation: Conversation): Promise<Roster> {
    if (conversation.peers !== undefined) return { members: [...new Set(conversation.peers)] };
    const known = rosters.get(conversation.id);
    if (known !== undefined) return known;
    const epoch = directory.epoch;
    const roster: Roster = { members: (await store.members(conversation.id, 0, MAX_TOLD_MEMBERS)).map(({ user }) => user) };
    // A list read while nobody's membership changed is current.
    return directory.epoch === epoch ? rosters.set(conversation.id, roster) : roster;
  }

  /** Everything around the facts of a page, asked for once. */
  async function gather(entries: readonly FeedEntry[]): Promise<Surroundings> {
    const conversations = new Map<Id, Conversation | undefined>();
    const lists = new Map<Id, Roster>();
    const people = new Map<string, Set<Id>>();
    for (const entry of entries) {
      const { conversation: id, namespace, type } = entry.event;
      if (id !== 0 && !conversations.has(id)) conversations.set(id, await directory.conversation(id));
      const conversation = conversations.get(id);
      const named = people.get(namespace) ?? new Set<Id>();
      people.set(namespace, named);
      for (const user of peopleOf(entry)) named.add(user);
      if (type !== 'message.sent' || conversation === undefined || lists.has(id)) continue;
      const roster = await rosterOf(conversation);
      lists.set(id, roster);
      if (roster.told === undefined) for (const user of roster.members) named.add(user);
    }
    const names = new Map<string, Names>();
    for (const [namespace, users] of people) names.set(namespace, await learn(namespace, users));
    return { conversations, lists, names };
  }

  /** Files of ours by their links, as everybody else is told of them. */
  function linked(message: Message): Message {
    const resource = message.content?.resource;
    if (message.content === undefined || resource === undefined) return message;
    return { ...message, content: { ...message.content, resource: links.resource(resource) } };
  }

  function tell(entry: FeedEntry, { conversations, lists, names }: Surroundings): Fact {
    const { event, message } = entry;
    const conversation = conversations.get(event.conversation);
    const nameOf = names.get(event.namespace)?.nameOf ?? uuidOf;
    const roster = event.type === 'message.sent' ? lists.get(event.conversation) : undefined;
    const members = roster && withSender((roster.told ??= roster.members.map(nameOf)), event.user, nameOf);
    return {
      event,
      ...(message !== undefined && { message: linked(message) }),
      ...(conversation !== undefined && { conversation }),
      ...(members !== undefined && { members }),
      nameOf,
    };
  }

  return {
    async read(after, limit) {
      const floor = await store.feedFloor();
      const from = Math.max(after, floor);
      const entries = await store.feed(from, limit);
      const surroundings = await gather(entries);
      const facts = entries.map((entry) => tell(entry, surroundings));
      return { facts, next: facts.at(-1)?.event.id ?? from, cut: after > 0 && after < floor };
    },
    async committed(signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      waiting.delete(resolve);
    },
    ended: ending.signal,
    end: () => ending.abort(),
    apply(outcome) {
      forgetChanged(outcome);
      if (waiting.size === 0 || BOOKKEEPING.has(outcome.type)) return;
      for (const wake of waiting) wake();
      waiting.clear();
    },
  };
}

/** The sender stands in the list, whether still a member or not, and however many there are. */
function withSender(members: readonly string[], sender: Id, nameOf: (user: Id) => string): readonly string[] {
  const name = sender === 0 ? undefined : nameOf(sender);
  if (name === undefined || members.includes(name)) return members;
  return [name, ...members.slice(0, MAX_TOLD_MEMBERS - 1)];
}

function peopleOf({ event }: FeedEntry): readonly Id[] {
  const { user, members, chat } = event;
  const all = [user, ...(members?.added ?? []).map((one) => one.user), ...(members?.removed ?? [])];
  if (chat !== undefined) all.push(chat.client, chat.operator);
  return all.filter((id) => id !== 0);
}

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

/** Members told with a message (wire.md section 2). */
export const MAX_TOLD_MEMBERS = 1_000;

/** Conversations whose members are remembered between two reads: those that were written in lately. */
const MAX_ROSTERS = 1_000;

/** Users whose ids elsewhere are remembered. */
const MAX_PEOPLE = 100_000;

/** What sinks write of themselves is no news to them. */
const BOOKKEEPING: ReadonlySet<Success['type']> = new Set(['sink', 'drop-dead', 'trim-feed']);

/** An entry and those whom it names. */
export interface Fact extends FeedEntry {
  /** Absent when the fact is about none, or it is gone. */
  readonly conversation?: Conversation;
  /** With `message.sent`, by id: all members, the sender among them, `MAX_TOLD_MEMBERS` at the most. */
  readonly members?: readonly Id[];
  /** The id of a user in the account system that it came from; undefined for one that has ours. */
  external(user: Id): string | undefined;
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

/** The feed, and what the committer rings when something was stored. */
export interface FeedParts extends Feed {
  /** Takes over what was committed; called in commit order. */
  apply(outcome: Success): void;
  end(): void;
}

export function createFeed(deps: { store: Store; directory: Directory; links: Links }): FeedParts {
  const { store, directory, links } = deps;
  const rosters = createRecent<Id, readonly Id[]>(MAX_ROSTERS);
  const externals = createRecent<string, string | undefined>(MAX_PEOPLE);
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

  async function learn(namespace: string, users: Iterable<Id>): Promise<void> {
    const strange = [...new Set(users)].filter((id) => id !== 0 && !isKnown(namespace, id));
    if (strange.length === 0) return;
    const found = new Map((await store.users(namespace, strange)).map((user) => [user.id, user.external]));
    for (const id of strange) externals.set(`${id}/${namespace}`, found.get(id) ?? '');
  }

  function isKnown(namespace: string, id: Id): boolean {
    return externals.get(`${id}/${namespace}`) !== undefined;
  }

  async function membersOf(conversation: Conversation): Promise<readonly Id[]> {
    if (conversation.peers !== undefined) return [...new Set(conversation.peers)];
    const known = rosters.get(conversation.id);
    if (known !== undefined) return known;
    const epoch = directory.epoch;
    const members = (await store.members(conversation.id, 0, MAX_TOLD_MEMBERS)).map(({ user }) => user);
    // A list read while nobody's membership changed is current.
    return directory.epoch === epoch ? rosters.set(conversation.id, members) : members;
  }

  /** Files of ours by their links, as everybody else is told of them. */
  function linked(message: Message): Message {
    const resource = message.content?.resource;
    if (message.content === undefined || resource === undefined) return message;
    return { ...message, content: { ...message.content, resource: links.resource(resource) } };
  }

  async function tell(entry: FeedEntry): Promise<Fact> {
    const { event } = entry;
    const { namespace } = event;
    const conversation = event.conversation === 0 ? undefined : await directory.conversation(event.conversation);
    const members =
      event.type === 'message.sent' && conversation !== undefined
        ? withSender(await membersOf(conversation), event.user)
        : undefined;
    await learn(namespace, peopleOf(entry, members));
    return {
      ...entry,
      ...(entry.message !== undefined && { message: linked(entry.message) }),
      ...(conversation !== undefined && { conversation }),
      ...(members !== undefined && { members }),
      external: (user) => externals.get(`${user}/${namespace}`) || undefined,
    };
  }

  return {
    async read(after, limit) {
      const floor = await store.feedFloor();
      const from = Math.max(after, floor);
      const facts: Fact[] = [];
      for (const entry of await store.feed(from, limit)) facts.push(await tell(entry));
      return { facts, next: facts.at(-1)?.event.id ?? from, cut: after < floor };
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
function withSender(members: readonly Id[], sender: Id): readonly Id[] {
  if (sender === 0 || members.includes(sender)) return members;
  return [sender, ...members.slice(0, MAX_TOLD_MEMBERS - 1)];
}

function* peopleOf({ event }: FeedEntry, members: readonly Id[] = []): Iterable<Id> {
  yield event.user;
  yield* members;
  for (const { user } of event.members?.added ?? []) yield user;
  yield* event.members?.removed ?? [];
  if (event.chat !== undefined) yield* [event.chat.client, event.chat.operator];
}

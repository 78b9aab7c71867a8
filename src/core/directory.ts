/**
 * What policy needs to decide a send without asking the database: conversations, roles, private pairs, blocks, users.
 * A bounded cache over the store, brought up to date by every committed operation in commit order. A decision made on it is checked
 * again inside the transaction by the conversation's version, so a stale entry can cost a retry, never a wrong message.
 */
import type { Conversation, Id, MemberRole, Membership, User } from './model.ts';
import type { ChatMembers, Store, Success } from './ports.ts';
import { createRecent } from './recent.ts';

/** Where a message goes: a conversation, or the private conversation with a user. */
export type Target = { readonly conversation: Id } | { readonly peer: Id };

/** All that is known of a user's relation to a target. */
export interface Access {
  /** Absent: there is none, or it is a private conversation that nobody has begun yet. */
  readonly conversation?: Conversation;
  /** Role of the asking user; absent when not a member. In a private conversation both users are members. */
  readonly role?: MemberRole;
  /** The other user of a private target; absent when there is no such user. */
  readonly peer?: User;
  /** The peer does not want messages from the asking user. */
  readonly blocked: boolean;
}

export interface Directory {
  /** From memory; undefined when something must be loaded first. */
  peek(namespace: string, user: Id, target: Target): Access | undefined;
  load(namespace: string, user: Id, target: Target): Promise<Access>;
  /** What is known of a target was found to be stale: the next decision loads it again. */
  forget(namespace: string, user: Id, target: Target): void;
  conversation(id: Id): Promise<Conversation | undefined>;
  role(conversation: Id, user: Id): Promise<MemberRole | undefined>;
  user(namespace: string, id: Id): Promise<User | undefined>;
  /** A user from memory; undefined when not remembered. */
  peekUser(namespace: string, id: Id): User | undefined;
  /** Grows with every change of who belongs where: a list loaded while it stood still is current. */
  readonly epoch: number;
  /** Takes over what was committed; called in commit order. */
  apply(outcome: Success): void;
}

interface Entry {
  conversation: Conversation;
  /** null: known not to be a member. */
  readonly roles: Map<Id, MemberRole | null>;
}

/** Members of one conversation remembered at most: past it the map starts over. */
const MAX_ROLES = 10_000;

export function createDirectory(deps: {
  store: Pick<Store, 'head' | 'privateHead' | 'membership' | 'user' | 'blocks'>;
  /** Conversations, private pairs, users and block lists remembered, each at most this many. */
  size: number;
}): Directory {
  const { store, size } = deps;
  const entries = createRecent<Id, Entry>(size);
  const pairs = createRecent<string, Id | null>(size);
  const users = createRecent<string, User>(size);
  const blocks = createRecent<string, ReadonlySet<Id>>(size);
  /** Answers about private targets, good while nothing has changed since: one look instead of four on the way of every send. */
  const privates = createRecent<string, { readonly at: number; readonly access: Access }>(size);
  let epoch = 0;
  let usersSaved = 0;

  const changes = (): number => epoch + usersSaved;

  /**
   * Runs a read again until nothing of its sort changed meanwhile, and keeps what it found in that same step: a change that is applied
   * between the look at the clock and the keeping would leave behind what it has just made old.
   */
  async function current<T, R>(clock: () => number, read: () => Promise<T>, keep: (value: T) => R): Promise<R> {
    for (;;) {
      const before = clock();
      const value = await read();
      if (clock() === before) return keep(value);
    }
  }

  const members = (): number => epoch;

  function keepEntry(conversation: Conversation): Entry {
    return entries.get(conversation.id) ?? entries.set(conversation.id, { conversation, roles: new Map() });
  }

  async function loadEntry(id: Id): Promise<Entry | undefined> {
    const known = entries.get(id);
    if (known !== undefined) return known;
    return current(
      members,
      () => store.head(id),
      (head) => head && keepEntry(head.conversation),
    );
  }

  async function loadRole(entry: Entry, user: Id): Promise<MemberRole | undefined> {
    if (entry.conversation.kind === 'private') return peersInclude(entry.conversation, user) ? 'member' : undefined;
    const known = entry.roles.get(user);
    if (known !== undefined) return known ?? undefined;
    return current(
      members,
      () => store.membership(entry.conversation.id, user),
      (membership) => {
        if (entry.roles.size >= MAX_ROLES) entry.roles.clear();
        entry.roles.set(user, membership?.role ?? null);
        return membership?.role;
      },
    );
  }

  async function loadUser(namespace: string, id: Id): Promise<User | undefined> {
    const key = userKey(namespace, id);
    const known = users.get(key);
    if (known !== undefined) return known;
    return current(
      () => usersSaved,
      () => store.user(namespace, id),
      (user) => user && users.set(key, user),
    );
  }

  async function loadPair(namespace: string, one: Id, other: Id): Promise<Id | null> {
    const key = pairKey(namespace, one, other);
    const known = pairs.get(key);
    if (known !== undefined) return known;
    return current(
      members,
      () => store.privateHead(namespace, one, other),
      (head) => pairs.set(key, head === undefined ? null : keepEntry(head.conversation).conversation.id),
    );
  }

  async function loadBlocks(namespace: string, user: Id): Promise<ReadonlySet<Id>> {
    const key = userKey(namespace, user);
    const known = blocks.get(key);
    if (known !== undefined) return known;
    return current(
      members,
      () => store.blocks(namespace, user),
      (blocked) => blocks.set(key, new Set(blocked)),
    );
  }

  function peekPrivate(namespace: string, user: Id, peer: Id): Access | undefined {
    const key = `${user}/${peer}/${namespace}`;
    const known = privates.get(key);
    if (known?.at === changes()) return known.access;
    const access = peekPrivateParts(namespace, user, peer);
    return access === undefined ? undefined : privates.set(key, { at: changes(), access }).access;
  }

  function peekPrivateParts(namespace: string, user: Id, peer: Id): Access | undefined {
    const other = users.get(userKey(namespace, peer));
    const blockedBy = blocks.get(userKey(namespace, peer));
    const id = pairs.get(pairKey(namespace, user, peer));
    if (other === undefined || blockedBy === undefined || id === undefined) return undefined;
    const blocked = blockedBy.has(user);
    if (id === null) return { role: 'member', peer: other, blocked };
    const entry = entries.get(id);
    return entry === undefined ? undefined : { conversation: entry.conversation, role: 'member', peer: other, blocked };
  }

  async function loadPrivate(namespace: string, user: Id, peer: Id): Promise<Access> {
    const other = await loadUser(namespace, peer);
    if (other === undefined) return { blocked: false };
    const id = await loadPair(namespace, user, peer);
    const conversation = id === null ? undefined : (await loadEntry(id))?.conversation;
    // The version first: a block that comes meanwhile makes it stale. The other way round it would cover for an old answer.
    const blocked = (await loadBlocks(namespace, peer)).has(user);
    return { ...(conversation && { conversation }), role: 'member', peer: other, blocked };
  }

  function forgetPrivate(namespace: string, user: Id, peer: Id): void {
    const pair = pairKey(namespace, user, peer);
    const id = pairs.get(pair);
    if (typeof id === 'number') entries.delete(id);
    pairs.delete(pair);
    privates.delete(`${user}/${peer}/${namespace}`);
    blocks.delete(userKey(namespace, peer));
  }

  function otherPeer(conversation: Conversation, user: Id): Id | undefined {
    if (conversation.peers === undefined) return undefined;
    return conversation.peers[0] === user ? conversation.peers[1] : conversation.peers[0];
  }

  function applyConversation(conversation: Conversation): Entry {
    epoch += 1;
    if (conversation.peers !== undefined) {
      pairs.set(pairKey(conversation.namespace, conversation.peers[0], conversation.peers[1]), conversation.id);
    }
    const entry = entries.get(conversation.id);
    if (entry === undefined) return entries.set(conversation.id, { conversation, roles: new Map() });
    entry.conversation = conversation;
    return entry;
  }

  function applyMembers(entry: Entry, present: readonly Membership[], removed: readonly Id[]): void {
    if (entry.roles.size + present.length > MAX_ROLES) entry.roles.clear();
    for (const { user, role } of present) entry.roles.set(user, role);
    for (const user of removed) entry.roles.set(user, null);
  }

  function applyChange({ conversation, memberships, removed }: ChatMembers): void {
    applyMembers(applyConversation(conversation), memberships, removed);
  }

  return {
    peek(namespace, user, target) {
      if ('peer' in target) return peekPrivate(namespace, user, target.peer);
      const entry = entries.get(target.conversation);
      if (entry === undefined) return undefined;
      const { conversation } = entry;
      if (conversation.namespace !== namespace) return { blocked: false };
      const peer = otherPeer(conversation, user);
      if (peer !== undefined) return peersInclude(conversation, user) ? peekPrivate(namespace, user, peer) : { blocked: false };
      if (conversation.kind === 'room') return { conversation, blocked: false };
      const role = entry.roles.get(user);
      if (role === undefined) return undefined;
      return role === null ? { conversation, blocked: false } : { conversation, role, blocked: false };
    },
    async load(namespace, user, target) {
      if ('peer' in target) return loadPrivate(namespace, user, target.peer);
      const entry = await loadEntry(target.conversation);
      if (entry === undefined || entry.conversation.namespace !== namespace) return { blocked: false };
      const { conversation } = entry;
      const peer = otherPeer(conversation, user);
      if (peer !== undefined) return peersInclude(conversation, user) ? loadPrivate(namespace, user, peer) : { blocked: false };
      const role = conversation.kind === 'room' ? undefined : await loadRole(entry, user);
      return role === undefined ? { conversation, blocked: false } : { conversation, role, blocked: false };
    },
    forget(namespace, user, target) {
      if ('peer' in target) {
        forgetPrivate(namespace, user, target.peer);
        return;
      }
      const known = entries.get(target.conversation)?.conversation;
      entries.delete(target.conversation);
      const peer = known && otherPeer(known, user);
      if (peer !== undefined) forgetPrivate(namespace, user, peer);
    },
    conversation: async (id) => (await loadEntry(id))?.conversation,
    async role(conversation, user) {
      const entry = await loadEntry(conversation);
      return entry === undefined ? undefined : loadRole(entry, user);
    },
    user: loadUser,
    peekUser: (namespace, id) => users.get(userKey(namespace, id)),
    get epoch() {
      return epoch;
    },
    apply(outcome) {
      switch (outcome.type) {
        case 'append':
        case 'open':
          if (outcome.created) applyConversation(outcome.conversation);
          return;
        case 'erase-user':
          epoch += 1;
          blocks.delete(userKey(outcome.user.namespace, outcome.user.id));
          usersSaved += 1;
          users.set(userKey(outcome.user.namespace, outcome.user.id), outcome.user);
          return;
        case 'user':
          usersSaved += 1;
          users.set(userKey(outcome.user.namespace, outcome.user.id), outcome.user);
          return;
        case 'create':
          applyMembers(applyConversation(outcome.conversation), outcome.members, []);
          return;
        case 'members':
          applyChange(outcome);
          return;
        case 'chat-open':
          if (outcome.created) applyMembers(applyConversation(outcome.conversation), outcome.members, []);
          if (outcome.membersChanged !== undefined) applyChange(outcome.membersChanged);
          return;
        case 'chat':
          if (outcome.membersChanged !== undefined) applyChange(outcome.membersChanged);
          return;
        case 'identify':
          for (const { members: changed } of outcome.changes) applyChange(changed);
          return;
        case 'update':
          applyConversation(outcome.conversation);
          return;
        case 'delete':
          epoch += 1;
          entries.delete(outcome.conversation.id);
          if (outcome.conversation.peers !== undefined)
            pairs.delete(pairKey(outcome.conversation.namespace, ...outcome.conversation.peers));
          return;
        case 'block':
          epoch += 1;
          blocks.delete(userKey(outcome.namespace, outcome.user));
          if (outcome.conversation !== undefined) applyConversation(outcome.conversation);
          return;
        default:
          return;
      }
    },
  };
}

function userKey(namespace: string, user: Id): string {
  return `${user}/${namespace}`;
}

function pairKey(namespace: string, one: Id, other: Id): string {
  return one < other ? `${one}/${other}/${namespace}` : `${other}/${one}/${namespace}`;
}

function peersInclude(conversation: Conversation, user: Id): boolean {
  return conversation.peers !== undefined && (conversation.peers[0] === user || conversation.peers[1] === user);
}

/** Reading: history, lists, resume. Everything a user may see, and nothing else. */
import { setImmediate } from 'node:timers/promises';
import type { Core } from '../core.ts';
import type { Target } from '../directory.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Conversation, ConversationHead, ConversationKind, Id, Membership, Millis, Revision } from '../model.ts';
import type { ResumeEntry } from '../events.ts';
import { LISTED, checkFound, checkRead, kindsFor, notFound, tellsEverybody } from '../policy.ts';
import type { ConversationSummary, HistoryPage, HistoryQuery, ResumePage, Roster } from '../ports.ts';

/** A page of messages, ascending, around or on one side of a message. */
export async function readHistory(core: Core, actor: Actor, query: HistoryQuery): Promise<HistoryPage> {
  const sides = [query.before, query.after, query.around].filter((side) => side !== undefined);
  if (sides.length > 1) throw new ChatError('invalid_argument', 'Give one of before, after and around.');
  await findConversation(core, actor, { conversation: query.conversation });
  return core.store.history({ ...query, limit: Math.min(query.limit, core.limits.maxPage) });
}

/** The conversation, if the actor may read it. */
export async function findConversation(core: Core, actor: Actor, target: Target): Promise<Conversation> {
  const { directory } = core;
  const access =
    directory.peek(actor.namespace, actor.user, target) ?? (await directory.load(actor.namespace, actor.user, target));
  return checkRead(actor, access);
}

export async function listMembers(core: Core, actor: Actor, id: Id, after: Id, limit: number): Promise<readonly Membership[]> {
  await findConversation(core, actor, { conversation: id });
  return core.store.members(id, after, Math.min(limit, core.limits.maxMemberChange));
}

/** The actor's conversations, most recently active first; a guest has none. */
export async function listConversations(
  core: Core,
  actor: Actor,
  before: Id,
  limit: number,
): Promise<readonly ConversationSummary[]> {
  if (kindsFor(actor, LISTED).length === 0) return [];
  return core.store.summaries(actor.namespace, actor.user, before, Math.min(limit, core.limits.maxPage));
}

/** Conversations on one page with their members: what a person's whole list has, read in a few milliseconds. */
const MAX_ROSTERED = 500;

/** Conversations whose members are read in one turn: everybody else waits for it. */
const ROSTERS_AT_ONCE = 25;

/** A conversation in a list, and who is in it. */
export interface RosteredConversation {
  readonly summary: ConversationSummary;
  readonly roster: Roster;
}

export interface RosteredPage {
  readonly conversations: readonly RosteredConversation[];
  /** What the next page is `before`; absent when this is the last. */
  readonly next?: Id;
}

/** The actor's conversations with `members` at most of each one's members, most recently active first. */
export async function listWithRosters(
  core: Core,
  actor: Actor,
  asked: { readonly before: Id; readonly limit: number; readonly members: number },
): Promise<RosteredPage> {
  if (kindsFor(actor, LISTED).length === 0) return { conversations: [] };
  const members = Math.min(asked.members, core.limits.maxMemberChange);
  const limit = Math.min(asked.limit, MAX_ROSTERED);
  const found = await core.store.summaries(actor.namespace, actor.user, asked.before, limit + 1);
  const summaries = found.slice(0, limit);
  const last = found.length > limit ? summaries.at(-1) : undefined;
  const listed: RosteredConversation[] = [];
  for (let from = 0; from < summaries.length; from += ROSTERS_AT_ONCE) {
    if (from > 0) await setImmediate();
    const some = summaries.slice(from, from + ROSTERS_AT_ONCE);
    const ids = some.map(({ head }) => head.conversation.id);
    // Between the two reads the actor may have been removed, and what came after is not for a stranger.
    const rosters = new Map((await core.store.rosters(ids, members)).map((roster) => [roster.conversation, roster]));
    for (const summary of some) {
      const roster = rosters.get(summary.head.conversation.id);
      if (roster !== undefined && (await isStillIn(core, actor, roster))) listed.push({ summary, roster });
    }
  }
  return { conversations: listed, ...(last && { next: Math.max(last.head.conversation.id, last.head.lastId) }) };
}

async function isStillIn(core: Core, { user }: Actor, { conversation, members, more }: Roster): Promise<boolean> {
  if (members.some(({ membership }) => membership.user === user)) return true;
  return more && (await core.directory.role(conversation, user)) !== undefined;
}

/** One conversation as its member sees it: cursors and exact unread count. */
export async function summarize(core: Core, actor: Actor, id: Id): Promise<ConversationSummary> {
  await findConversation(core, actor, { conversation: id });
  const summary = await core.store.summary(id, actor.user);
  if (summary === undefined) throw notFound();
  return summary;
}

/** Who is in some conversations, as their members see each other: `limit` at most of each. The actor must be allowed to read all of them. */
export async function listRosters(core: Core, actor: Actor, ids: readonly Id[], limit: number): Promise<readonly Roster[]> {
  for (const id of ids) await findConversation(core, actor, { conversation: id });
  return core.store.rosters(ids, Math.min(limit, core.limits.maxMemberChange));
}

/** Exact unread counts of some members of a conversation, for telling each of them their own. */
export function countUnread(core: Core, conversation: Id, users: readonly Id[]): Promise<ReadonlyMap<Id, number>> {
  return core.store.unread(conversation, users);
}

/** How far a conversation has come: with `countUnread`, for telling members who hear it anyway. */
export function findHead(core: Core, conversation: Id): Promise<ConversationHead | undefined> {
  return core.store.head(conversation);
}

/** A page of earlier contents of a message, oldest first: those replaced after a moment. `within`: see `checkFound`. */
export async function listRevisions(
  core: Core,
  actor: Actor,
  id: Id,
  within?: Id,
  page: { readonly after?: Millis; readonly limit?: number } = {},
): Promise<readonly Revision[]> {
  const { after = 0, limit = core.limits.maxPage } = page;
  const { conversation } = checkFound(await core.store.message(id), within);
  await findConversation(core, actor, { conversation });
  return core.store.revisions(id, after, Math.min(limit, core.limits.maxPage));
}

export interface Resume {
  readonly kinds: readonly ConversationKind[];
  /** The newest id the client has; 0 = from the start of retention. */
  readonly after: Id;
  /** Limits it to one conversation. */
  readonly target?: Target;
  /** Rooms are resumed by name: nobody is a member of one. */
  readonly rooms?: readonly Id[];
  /** Entries on the page at most, for who can take fewer than a page has. */
  readonly limit?: number;
}

/** One page of what a client that comes back has missed, ascending. Go on from the last entry while `more`. */
export async function resume(core: Core, actor: Actor, input: Resume): Promise<ResumePage> {
  const conversations = await scopeOf(core, actor, input);
  const page = await core.store.resume({
    namespace: actor.namespace,
    user: actor.user,
    kinds: kindsFor(actor, input.kinds),
    ...(conversations && { conversations }),
    after: input.after,
    limit: Math.min(input.limit ?? core.limits.maxPage, core.limits.maxPage),
  });
  return { ...page, entries: await withoutOthersReads(core, actor, page.entries) };
}

/** Leaves out who has read what where nobody is told live: larger groups and channels (wire.md section 1, READ). */
async function withoutOthersReads(core: Core, actor: Actor, entries: readonly ResumeEntry[]): Promise<readonly ResumeEntry[]> {
  if (entries.every((entry) => entry.type !== 'read' || entry.user === actor.user)) return entries;
  const small = new Map<Id, boolean>();
  for (const { type, conversation } of entries) {
    if (type !== 'read' || small.has(conversation.id)) continue;
    const members = conversation.kind === 'group' ? await core.store.memberCount(conversation.id) : 0;
    small.set(conversation.id, tellsEverybody(conversation.kind, members, core.limits.smallGroup));
  }
  return entries.filter(
    (entry) => entry.type !== 'read' || entry.user === actor.user || small.get(entry.conversation.id) === true,
  );
}

/** Checked on every page: a right that ends during a long resume ends the resume. */
async function scopeOf(core: Core, actor: Actor, input: Resume): Promise<readonly Id[] | undefined> {
  if (input.target === undefined) return input.kinds.includes('room') ? roomsAmong(core, actor, input.rooms ?? []) : undefined;
  const { directory } = core;
  const access =
    directory.peek(actor.namespace, actor.user, input.target) ??
    (await directory.load(actor.namespace, actor.user, input.target));
  if (access.conversation === undefined && access.peer !== undefined) return [];
  const conversation = checkRead(actor, access);
  if (!input.kinds.includes(conversation.kind)) throw notFound();
  return [conversation.id];
}

/** Those that are rooms of the actor's namespace: that somebody names an id gives no right to it. */
async function roomsAmong(core: Core, actor: Actor, ids: readonly Id[]): Promise<readonly Id[]> {
  const rooms: Id[] = [];
  for (const id of ids) {
    const target = { conversation: id };
    const { conversation } =
      core.directory.peek(actor.namespace, actor.user, target) ??
      (await core.directory.load(actor.namespace, actor.user, target));
    if (conversation?.kind === 'room') rooms.push(id);
  }
  return rooms;
}

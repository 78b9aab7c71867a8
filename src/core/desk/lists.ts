/** Lists of support chats and operators, with counts that equal them. */
import { serves } from '../attendances.ts';
import type { Core } from '../core.ts';
import type { Actor, Id, User } from '../model.ts';
import { notFound } from '../policy.ts';
import { checkOperator, isBackEnd, sourcesOf } from './access.ts';
import type { ChatEntry, ChatFilter, ChatQuery, OperatorCounts, OperatorProfile } from './model.ts';

export interface ListChats {
  readonly statuses?: readonly string[];
  /** Of this operator; 0: those nobody has. */
  readonly operator?: Id;
  readonly source?: string;
  readonly department?: string;
  readonly unread?: boolean;
  readonly order: 'waiting' | 'recent';
  readonly after: Id;
  readonly limit: number;
}

export interface ChatList {
  readonly chats: readonly ChatEntry[];
  /** How many the whole list has. */
  readonly total: number;
}

/** An operator's chats: those of the widgets that the operator serves. A client's: the client's own, all of them. */
export async function listChats(core: Core, actor: Actor, asked: ListChats): Promise<ChatList> {
  const limit = Math.min(asked.limit, core.limits.maxPage);
  if (actor.role === 'guest') return { chats: [], total: 0 };
  if (!isBackEnd(actor) && actor.role !== 'operator') return ownChats(core, actor, asked, limit);
  const { order, after } = asked;
  const filter = await filterFor(core, actor, asked);
  const waiting = order === 'waiting' ? { operator: 0, statuses: ['new'] } : {};
  const query: ChatQuery = { ...filter, ...waiting, order, after, limit };
  const [chats, total] = await Promise.all([core.store.chats(query), core.store.chatCount({ ...filter, ...waiting })]);
  return { chats, total };
}

/** A client has few: all that there are count. */
async function ownChats(core: Core, actor: Actor, { statuses, after }: ListChats, limit: number): Promise<ChatList> {
  const query = { namespace: actor.namespace, client: actor.user, order: 'recent' as const, after, limit };
  const chats = actor.user === 0 ? [] : await core.store.chats({ ...query, ...(statuses && { statuses }) });
  return { chats, total: chats.length };
}

async function filterFor(core: Core, actor: Actor, asked: ListChats): Promise<ChatFilter> {
  const { statuses, operator, source, department, unread } = asked;
  const served = isBackEnd(actor) ? 'all' : await sourcesOf(core, actor);
  const sources = source === undefined ? served : [source].filter((one) => serves(served, one));
  // What came through no widget is seen by all who serve some.
  const seen = sources === 'all' || source !== undefined ? sources : [...sources, ''];
  return {
    namespace: actor.namespace,
    ...(statuses && { statuses }),
    ...(operator !== undefined && { operator }),
    ...(seen !== 'all' && { sources: seen }),
    ...(department !== undefined && { department }),
    ...(unread !== undefined && { unread }),
  };
}

/** How many chats there are of each sort that the actor sees. */
export async function countChats(core: Core, actor: Actor): Promise<DeskCounts> {
  checkOperator(actor);
  const filter = await filterFor(core, actor, { order: 'recent', after: 0, limit: 1 });
  const count = (rest: Partial<ChatFilter>): Promise<number> => core.store.chatCount({ ...filter, ...rest });
  const [waiting, mine, open, closed, unread] = await Promise.all([
    count({ statuses: ['new'], operator: 0 }),
    actor.user === 0 ? 0 : count({ statuses: ['new', 'open'], operator: actor.user }),
    count({ statuses: ['open'] }),
    count({ statuses: ['closed'] }),
    count({ unread: true }),
  ]);
  return { waiting, mine, open, closed, unread };
}

export interface DeskCounts {
  /** Nobody has them. */
  readonly waiting: number;
  /** The actor has them and they are not closed. */
  readonly mine: number;
  readonly open: number;
  readonly closed: number;
  /** Their clients have written something that no operator has read. */
  readonly unread: number;
}

export interface ListedOperator {
  readonly user: User;
  readonly profile: OperatorProfile;
  readonly online: boolean;
  readonly counts: OperatorCounts;
}

/** Operators with a profile and those who attend the desk, by id. */
export async function listOperators(core: Core, actor: Actor): Promise<readonly ListedOperator[]> {
  checkOperator(actor);
  const { namespace } = actor;
  const settings = await core.desk.settings.of(namespace);
  const attending = new Set(core.hub.attendances(namespace).map(({ session }) => session.actor.user));
  const own = actor.role === 'operator' && actor.user !== 0 ? [actor.user] : [];
  const ids = [...new Set([...settings.profiles.keys(), ...attending, ...own])].sort((one, other) => one - other);
  return describe(core, namespace, ids);
}

async function describe(core: Core, namespace: string, ids: readonly Id[]): Promise<readonly ListedOperator[]> {
  const settings = await core.desk.settings.of(namespace);
  const attending = new Set(core.hub.attendances(namespace).map(({ session }) => session.actor.user));
  const users = new Map((await core.store.users(namespace, ids)).map((user) => [user.id, user]));
  const counts = new Map((await core.store.operatorCounts(namespace, ids)).map((one) => [one.operator, one]));
  return ids.flatMap((id) => {
    const user = users.get(id);
    if (user === undefined) return [];
    const nothing = { operator: id, newChats: 0, openChats: 0 };
    return [{ user, profile: settings.profile(id), online: attending.has(id), counts: counts.get(id) ?? nothing }];
  });
}

export async function findOperator(core: Core, actor: Actor, id: Id): Promise<ListedOperator> {
  checkOperator(actor);
  const [found] = await describe(core, actor.namespace, [id]);
  if (found === undefined || (found.user.role !== 'operator' && !isKnown(core, actor, id))) throw notFound();
  return found;
}

function isKnown(core: Core, { namespace }: Actor, id: Id): boolean {
  return core.desk.settings.peek(namespace).profiles.has(id);
}

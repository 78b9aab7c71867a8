/** Lists of support chats and operators, with counts that equal them. */
import { serves } from './serving.ts';
import type { Sources } from './serving.ts';
import type { Core } from '../core.ts';
import type { Actor, Id, User } from '../model.ts';
import { notFound } from '../policy.ts';
import { checkOperator, isBackEnd, sourcesOf } from './access.ts';
import type { ChatEntry, ChatFilter, OperatorCounts, OperatorProfile } from './model.ts';

export interface ListChats {
  readonly statuses?: readonly string[];
  /** Those that the actor has. Without statuses: that are not closed. */
  readonly mine?: boolean;
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

/**
 * An operator's chats: those of the widgets that the operator serves, and those that the operator has. A client's: the client's own, all of them.
 */
export async function listChats(core: Core, actor: Actor, asked: ListChats): Promise<ChatList> {
  const limit = Math.min(asked.limit, core.limits.maxPage);
  if (actor.role === 'guest') return { chats: [], total: 0 };
  const filter = await filterFor(core, actor, asked);
  if (filter === undefined) return { chats: [], total: 0 };
  const { after } = asked;
  const order = filter.client === undefined ? asked.order : 'recent';
  const [chats, total] = await Promise.all([core.store.chats({ ...filter, order, after, limit }), core.store.chatCount(filter)]);
  return { chats, total };
}

/** Undefined: there can be none. */
async function filterFor(core: Core, actor: Actor, asked: ListChats): Promise<ChatFilter | undefined> {
  if (isBackEnd(actor)) return asked.mine === true ? undefined : filterOf(actor, asked, 'all');
  if (actor.role === 'operator') {
    const has = asked.mine === true || (asked.operator === actor.user && asked.order === 'recent');
    return filterOf(actor, asked, has ? 'all' : await sourcesOf(core, actor));
  }
  if (actor.user === 0) return undefined;
  const { mine: _, operator: __, ...own } = asked;
  return { ...filterOf(actor, { ...own, order: 'recent' }, 'all'), client: actor.user };
}

function filterOf(actor: Actor, asked: ListChats, served: Sources): ChatFilter {
  const { statuses, mine, source, department, unread, order } = asked;
  const waiting = order === 'waiting' ? { operator: 0, statuses: ['new'] } : {};
  const operator = mine === true ? actor.user : asked.operator;
  const sources = source === undefined ? served : [source].filter((one) => serves(served, one));
  // What came through no widget is seen by all who serve some.
  const seen = sources === 'all' || source !== undefined || sources.length === 0 ? sources : [...sources, ''];
  return {
    namespace: actor.namespace,
    ...(statuses && { statuses }),
    ...(mine === true && statuses === undefined && { closed: false }),
    ...(operator !== undefined && { operator }),
    ...waiting,
    ...(seen !== 'all' && { sources: seen }),
    ...(department !== undefined && { department }),
    ...(unread !== undefined && { unread }),
  };
}

/** How many chats the lists have that the actor sees. */
export async function countChats(core: Core, actor: Actor): Promise<DeskCounts> {
  checkOperator(actor);
  const count = async (asked: Partial<ListChats>): Promise<number> => {
    const filter = await filterFor(core, actor, { order: 'recent', after: 0, limit: 0, ...asked });
    return filter === undefined ? 0 : core.store.chatCount(filter);
  };
  const [waiting, mine, open, closed, unread] = await Promise.all([
    count({ order: 'waiting' }),
    count({ mine: true }),
    count({ statuses: ['open'] }),
    count({ statuses: ['closed'] }),
    count({ unread: true }),
  ]);
  return { waiting, mine, open, closed, unread };
}

export interface DeskCounts {
  /** Nobody has them. */
  readonly waiting: number;
  /** The actor has them and they are not closed, whatever else a back end calls them. */
  readonly mine: number;
  readonly open: number;
  readonly closed: number;
  /** Their clients have written something that no operator has read. */
  readonly unread: number;
}

export interface ListedOperator {
  readonly user: User;
  readonly profile: OperatorProfile;
  readonly sources: Sources;
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
    const [profile, sources] = [settings.profile(id), settings.served(id)];
    return [{ user, profile, sources, online: attending.has(id), counts: counts.get(id) ?? nothing }];
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

/** Who is muted or banned, in memory: asked for every message and every call. */
import { ChatError } from './errors.ts';
import type { Actor, Id, Millis } from './model.ts';
import type { Restriction, RestrictionKind } from './ports.ts';

export interface Restrictions {
  add(restriction: Restriction): void;
  lift(namespace: string, user: Id, kind: RestrictionKind): void;
  /** Everything that a user is restricted by goes. */
  drop(namespace: string, user: Id): void;
  /** Throws `permission_denied` with the time that is left when the user is banned. */
  checkAllowed(namespace: string, user: Id): void;
  /** The same when the user is banned or muted. Back ends may always speak. */
  checkVoice(actor: Actor): void;
  isBanned(namespace: string, user: Id): boolean;
  /** What a user is restricted by now. */
  of(namespace: string, user: Id): readonly Restriction[];
  /** Restrictions of users with an id above `after`, by user; all of the last user's. */
  list(namespace: string, after: Id, limit: number): readonly Restriction[];
  prune(): void;
}

const WORDS: Readonly<Record<RestrictionKind, string>> = { mute: 'You are muted', ban: 'You are banned' };

export function createRestrictions(deps: { stored: readonly Restriction[]; now: () => Millis }): Restrictions {
  const { now } = deps;
  const namespaces = new Map<string, Map<Id, readonly Restriction[]>>();

  function kept(namespace: string, user: Id): readonly Restriction[] {
    return namespaces.get(namespace)?.get(user) ?? [];
  }

  function replace(namespace: string, user: Id, list: readonly Restriction[]): void {
    const users = namespaces.get(namespace) ?? new Map<Id, readonly Restriction[]>();
    if (list.length > 0) users.set(user, list);
    else users.delete(user);
    if (users.size > 0) namespaces.set(namespace, users);
    else namespaces.delete(namespace);
  }

  function lasts({ until = Infinity }: Restriction): boolean {
    return until > now();
  }

  function find(namespace: string, user: Id, kind: RestrictionKind): Restriction | undefined {
    // Nearly always there is nobody.
    if (namespaces.size === 0) return undefined;
    return kept(namespace, user).find((one) => one.kind === kind && lasts(one));
  }

  function check(namespace: string, user: Id, kind: RestrictionKind): void {
    const found = find(namespace, user, kind);
    if (found === undefined) return;
    const { until, reason } = found;
    const end = until === undefined ? '' : ` until ${new Date(until).toISOString()}`;
    const words = `${WORDS[kind]}${end}${reason === '' ? '.' : `: ${reason}`}`;
    throw new ChatError('permission_denied', words, until === undefined ? {} : { retryAfter: until - now() });
  }

  function add(restriction: Restriction): void {
    const { namespace, user, kind } = restriction;
    replace(namespace, user, [...kept(namespace, user).filter((one) => one.kind !== kind), restriction]);
  }

  for (const restriction of deps.stored) add(restriction);
  return {
    add,
    lift: (namespace, user, kind) =>
      replace(
        namespace,
        user,
        kept(namespace, user).filter((one) => one.kind !== kind),
      ),
    drop: (namespace, user) => replace(namespace, user, []),
    checkAllowed: (namespace, user) => check(namespace, user, 'ban'),
    checkVoice({ namespace, user, server }) {
      if (server || namespaces.size === 0) return;
      check(namespace, user, 'ban');
      check(namespace, user, 'mute');
    },
    isBanned: (namespace, user) => find(namespace, user, 'ban') !== undefined,
    of: (namespace, user) => kept(namespace, user).filter(lasts),
    list(namespace, after, limit) {
      const users = [...(namespaces.get(namespace) ?? [])].filter(([user, list]) => user > after && list.some(lasts));
      return users
        .toSorted(([one], [other]) => one - other)
        .slice(0, limit)
        .flatMap(([, list]) => list.filter(lasts));
    },
    prune() {
      for (const [namespace, users] of namespaces) {
        for (const [user, list] of users) if (!list.every(lasts)) replace(namespace, user, list.filter(lasts));
      }
    },
  };
}

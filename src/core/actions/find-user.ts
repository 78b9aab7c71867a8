/** Looking users up: by id, or by the beginning of a name. When somebody is or was online is told to acquaintances alone. */
import { checkString } from '../content.ts';
import type { Core } from '../core.ts';
import type { Actor, Id, User } from '../model.ts';
import { ACQUAINTING, checkLookUp, notFound } from '../policy.ts';

/** A user as somebody else may see them. */
export interface SeenUser {
  /** Without `lastSeenAt` where `online` is absent. */
  readonly user: User;
  /** Absent: not for the viewer to know. */
  readonly online?: boolean;
}

/** The user of the actor's namespace with this id. Rejects with `not_found`; guests find only themselves. */
export async function lookUpUser(core: Core, actor: Actor, id: Id): Promise<SeenUser> {
  checkLookUp(actor, id);
  const user = await core.directory.user(actor.namespace, id);
  if (user === undefined) throw notFound();
  const [seen = { user: withoutPresence(user) }] = await see(core, actor, [user]);
  return seen;
}

/** Users whose name or username begins with `prefix` (case-insensitive), by id. Not for guests. */
export async function searchUsers(core: Core, actor: Actor, prefix: string, limit: number): Promise<readonly SeenUser[]> {
  checkLookUp(actor);
  checkString('search', prefix);
  return see(core, actor, await core.store.searchUsers(actor.namespace, prefix, Math.min(limit, core.limits.maxPage)));
}

/** Users as the actor may see them: with their presence, the actor, whom the actor shares a conversation with, and for back ends everybody. */
async function see({ store, presence }: Core, actor: Actor, users: readonly User[]): Promise<readonly SeenUser[]> {
  const others = actor.server ? [] : users.map(({ id }) => id).filter((id) => id !== actor.user);
  const known = others.length === 0 ? [] : await store.acquaintancesAmong(actor.namespace, actor.user, others, ACQUAINTING);
  const acquainted = new Set([actor.user, ...known]);
  return users.map((user) =>
    actor.server || acquainted.has(user.id)
      ? { user, online: presence.isOnline(user.namespace, user.id) }
      : { user: withoutPresence(user) },
  );
}

function withoutPresence(user: User): User {
  const { lastSeenAt: _, ...rest } = user;
  return rest;
}

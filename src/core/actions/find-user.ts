/** Looking users up: by id, or by the beginning of a name. */
import { checkString } from '../content.ts';
import type { Core } from '../core.ts';
import type { Actor, Id, User } from '../model.ts';
import { checkLookUp, notFound } from '../policy.ts';

/** The user of the actor's namespace with this id. Rejects with `not_found`; guests find only themselves. */
export async function lookUpUser(core: Core, actor: Actor, id: Id): Promise<User> {
  checkLookUp(actor, id);
  const user = await core.directory.user(actor.namespace, id);
  if (user === undefined) throw notFound();
  return user;
}

/** Users whose name or username begins with `prefix` (case-insensitive), by id. Not for guests. */
export async function searchUsers(core: Core, actor: Actor, prefix: string, limit: number): Promise<readonly User[]> {
  checkLookUp(actor);
  checkString('search', prefix);
  return core.store.searchUsers(actor.namespace, prefix, Math.min(limit, core.limits.maxPage));
}

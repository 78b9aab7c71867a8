/** What people see of a user: name and picture. */
import { checkName } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, User } from '../model.ts';
import { notFound } from '../policy.ts';
import { settlePicture } from './read-file.ts';

/** Changes the actor's own name or picture; an empty picture is none. */
export async function changeProfile(
  core: Core,
  actor: Actor,
  change: { readonly name?: string; readonly picture?: string },
): Promise<User> {
  if (actor.user === 0) throw notFound();
  if (actor.role === 'guest') throw new ChatError('permission_denied', 'Guests have no profile. Sign in first.');
  if (change.name !== undefined) checkName('name', change.name, core.limits.maxNameLength);
  const picture = change.picture === undefined ? undefined : await settlePicture(core, actor, change.picture);
  const outcome = await core.committer.commit({
    type: 'user',
    namespace: actor.namespace,
    id: actor.user,
    ...(change.name !== undefined && { name: change.name }),
    ...(picture !== undefined && { picture }),
  });
  if (outcome === 'stale') throw new ChatError('unavailable', 'The account is changing. Try again.');
  return outcome.user;
}

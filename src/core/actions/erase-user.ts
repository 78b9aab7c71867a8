/** Erase a person, and tell how far it has come. */
import { auditOf } from '../audit.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Erasure, Id } from '../model.ts';
import { notFound } from '../policy.ts';

/**
 * Begins the erasure of a person: the person themselves, who says their own id once more in `confirm`, or a back end. Name and sign-in are gone and
 * sessions ended when it resolves; the rest follows in the background, over restarts. Asked again, it answers how far it is.
 */
export async function eraseUser(core: Core, actor: Actor, user: Id, confirm?: Id): Promise<Erasure> {
  if (!actor.server && user !== actor.user) throw notFound();
  if (!actor.server && confirm !== user) {
    const problem = 'must be your own user id: this cannot be undone';
    throw new ChatError('invalid_argument', `confirm: ${problem}`, { fields: { confirm: problem } });
  }
  const { namespace } = actor;
  if ((await core.directory.user(namespace, user)) === undefined) throw notFound();
  await core.committer.commit({ type: 'erase-user', namespace, user, ...auditOf(actor, { action: 'user.erased', user }) });
  for (const session of core.hub.sessionsOf(namespace, user).slice()) session.end('token_revoked');
  return findErasure(core, actor, user);
}

/** How far the erasure of a person has come. */
export async function findErasure(core: Core, { namespace }: Actor, user: Id): Promise<Erasure> {
  const erasure = await core.store.erasure(namespace, user);
  if (erasure === undefined) throw notFound();
  return erasure;
}

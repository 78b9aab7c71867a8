/** The block list: whose private messages a user does not want. */
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Id } from '../model.ts';
import { notFound } from '../policy.ts';

/** From now on, or no longer. The blocked user is told only when trying to write. */
export async function setBlock(core: Core, actor: Actor, user: Id, active: boolean): Promise<void> {
  if (user === actor.user) throw new ChatError('invalid_argument', 'Nobody blocks themselves.');
  if ((await core.directory.user(actor.namespace, user)) === undefined) throw notFound();
  await core.committer.commit({ type: 'block', namespace: actor.namespace, user: actor.user, blocked: user, active });
}

export function listBlocks(core: Core, actor: Actor): Promise<readonly Id[]> {
  return core.store.blocks(actor.namespace, actor.user);
}

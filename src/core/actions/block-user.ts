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

/** Whom the actor blocks, with an id above `after`, ascending. */
export async function listBlocks(
  core: Core,
  actor: Actor,
  page: { readonly after?: Id; readonly limit?: number } = {},
): Promise<readonly Id[]> {
  const { after = 0, limit = core.limits.maxPage } = page;
  const blocked = await core.store.blocks(actor.namespace, actor.user);
  return blocked.filter((id) => id > after).slice(0, Math.min(limit, core.limits.maxPage));
}

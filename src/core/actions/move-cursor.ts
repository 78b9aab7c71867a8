/** Read and delivered cursors: how far a member has come. They only go forward. */
import type { Core } from '../core.ts';
import type { Target } from '../directory.ts';
import { ChatError } from '../errors.ts';
import type { Actor, ConversationKind, Id } from '../model.ts';
import { checkRead, notFound } from '../policy.ts';
import type { CursorMoved, DeliveredUpTo } from '../ports.ts';

/** Moves the actor's cursor up to a message (0 = the newest). */
export async function moveCursor(
  core: Core,
  actor: Actor,
  cursor: 'read' | 'delivered',
  target: Target,
  upTo: Id,
): Promise<CursorMoved> {
  const { directory } = core;
  const access =
    directory.peek(actor.namespace, actor.user, target) ?? (await directory.load(actor.namespace, actor.user, target));
  if (access.conversation === undefined || access.role === undefined) throw notFound();
  const conversation = checkRead(actor, access).id;
  const outcome = await core.committer.commit({
    type: 'cursor',
    cursor,
    conversation,
    user: actor.user,
    upTo,
    countMembers: core.limits.smallGroup + 1,
    origin: actor,
  });
  if (outcome === 'stale') throw new ChatError('unavailable', 'The conversation is changing. Try again.');
  return outcome;
}

/** Moves a cursor up to a message named by its id alone. */
export async function moveCursorToMessage(
  core: Core,
  actor: Actor,
  cursor: 'read' | 'delivered',
  message: Id,
): Promise<CursorMoved> {
  const found = await core.store.message(message);
  if (found === undefined) throw notFound();
  return moveCursor(core, actor, cursor, { conversation: found.conversation }, message);
}

/** Acknowledges delivery of everything up to an id, in all conversations of some kinds. */
export async function markDelivered(
  core: Core,
  actor: Actor,
  kinds: readonly ConversationKind[],
  upTo: Id,
): Promise<DeliveredUpTo> {
  const outcome = await core.committer.commit({
    type: 'deliver',
    namespace: actor.namespace,
    user: actor.user,
    kinds,
    upTo,
    countMembers: core.limits.smallGroup + 1,
    origin: actor,
  });
  if (outcome === 'stale') throw new ChatError('unavailable', 'The conversations are changing. Try again.');
  return outcome;
}

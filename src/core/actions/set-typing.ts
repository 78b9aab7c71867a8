/** Tell the others that somebody types, or has stopped (typing.ts says when that is so by itself). Never stored. */
import type { Core } from '../core.ts';
import type { Target } from '../directory.ts';
import type { Actor } from '../model.ts';
import { checkSend, notFound } from '../policy.ts';
import { shownName } from '../shown-name.ts';

/**
 * The same at once, where all that it needs is in memory, as it is while somebody types; false: nothing was done, it has to be looked up. Throws
 * the refusal.
 */
export function setTypingAtOnce({ directory, typing }: Core, actor: Actor, target: Target, active: boolean): boolean {
  const { namespace, user, session } = actor;
  const access = directory.peek(namespace, user, target);
  const typist = directory.peekUser(namespace, user);
  const conversation = access?.conversation;
  if (access === undefined || typist === undefined || conversation === undefined || conversation.kind === 'support') return false;
  checkSend(actor, access);
  if (active) typing.start({ conversation, user, name: shownName(typist).username, session });
  else typing.stop(conversation.id, user, session);
  return true;
}

export async function setTyping(core: Core, actor: Actor, target: Target, active: boolean): Promise<void> {
  if (setTypingAtOnce(core, actor, target, active)) return;
  const { directory, typing } = core;
  const access =
    directory.peek(actor.namespace, actor.user, target) ?? (await directory.load(actor.namespace, actor.user, target));
  checkSend(actor, access);
  const { conversation } = access;
  if (conversation === undefined) throw notFound();
  const { user, session } = actor;
  if (!active) {
    typing.stop(conversation.id, user, session);
    return;
  }
  const typist = directory.peekUser(actor.namespace, user) ?? (await directory.user(actor.namespace, user));
  const scene = conversation.kind === 'support' ? await core.store.scene(conversation.id) : undefined;
  const told = scene && { scene: { ...scene, ...(typist && { sender: typist }) } };
  typing.start({ conversation, user, name: typist === undefined ? '' : shownName(typist).username, session, ...told });
}

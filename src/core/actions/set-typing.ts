/** Tell the others that somebody types, or has stopped (typing.ts says when that is so by itself). Never stored. */
import type { Core } from '../core.ts';
import type { Target } from '../directory.ts';
import type { Actor } from '../model.ts';
import { checkSend, notFound } from '../policy.ts';
import { shownName } from '../shown-name.ts';

export async function setTyping(core: Core, actor: Actor, target: Target, active: boolean): Promise<void> {
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

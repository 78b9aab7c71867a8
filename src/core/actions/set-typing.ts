/** Tell the others that somebody types. Never stored. */
import type { Core } from '../core.ts';
import type { Target } from '../directory.ts';
import type { Actor } from '../model.ts';
import { checkSend, notFound } from '../policy.ts';

export async function setTyping(core: Core, actor: Actor, target: Target, active: boolean): Promise<void> {
  const { directory } = core;
  const access =
    directory.peek(actor.namespace, actor.user, target) ?? (await directory.load(actor.namespace, actor.user, target));
  checkSend(actor, access);
  if (access.conversation === undefined) throw notFound();
  const sender = await directory.user(actor.namespace, actor.user);
  const name = sender?.name ?? '';
  const { conversation } = access;
  const scene = conversation.kind === 'support' ? await core.store.scene(conversation.id) : undefined;
  const told = scene && { scene: { ...scene, ...(sender && { sender }) } };
  core.bus.publish({ type: 'typing', conversation, user: actor.user, name, active, from: actor.session, ...told });
}

/**
 * Who may see which support chat: its client and its members, operators who serve its widget or have it, and back ends. A chat that is not the caller's
 * answers as one that does not exist (design.md, promise 6).
 */
import { serves } from './serving.ts';
import type { Sources } from './serving.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import { parseId } from '../ids.ts';
import type { Actor, Conversation, Id } from '../model.ts';
import { notFound } from '../policy.ts';
import { toUuid } from '../uuid.ts';
import type { Scene, SupportChat } from './model.ts';

/** A chat as somebody may see it. */
export interface SeenChat {
  readonly conversation: Conversation;
  readonly scene: Scene;
  /** The actor is one of its members. */
  readonly member: boolean;
}

/** By the id of its conversation, or by UUID: ours or one that a back end brought. */
export type ChatRef = { readonly conversation: Id } | { readonly uuid: string };

/** A chat's name in a request: a UUID or a decimal id. Anything else is as missing as any other chat that is not there. */
export function chatRef(text: string): ChatRef {
  const uuid = toUuid(text);
  if (uuid !== undefined) return { uuid };
  const conversation = parseId(text);
  if (conversation === undefined) throw notFound();
  return { conversation };
}

export async function findChat(core: Core, actor: Actor, ref: ChatRef): Promise<SeenChat> {
  const scene =
    'uuid' in ref
      ? await core.store.sceneByUuid(actor.namespace, ref.uuid.toLowerCase())
      : await core.store.scene(ref.conversation);
  if (scene === undefined || scene.chat.namespace !== actor.namespace) throw notFound();
  return seen(core, actor, scene);
}

/** The chat of a scene, if the actor may see it. */
export async function seen(core: Core, actor: Actor, scene: Scene): Promise<SeenChat> {
  const { chat } = scene;
  const conversation = await core.directory.conversation(chat.conversation);
  if (conversation === undefined) throw notFound();
  // Guests listen in rooms and nowhere else, whatever they were a member of before.
  if (actor.role === 'guest') throw notFound();
  if (actor.source !== undefined && actor.source !== chat.source) throw notFound();
  const member = actor.user !== 0 && (await core.directory.role(chat.conversation, actor.user)) !== undefined;
  if (!isBackEnd(actor) && !member && !(await servesChat(core, actor, chat))) throw notFound();
  return { conversation, scene, member };
}

/** May the actor see what stands in a support conversation or an aside of one? */
export async function maySeeChat(core: Core, actor: Actor, conversation: Conversation): Promise<boolean> {
  if (conversation.aside !== undefined && !hearsAside(actor, conversation)) return false;
  const scene = await core.store.scene(conversation.aside?.of ?? conversation.id);
  if (scene === undefined) return isBackEnd(actor);
  return seen(core, actor, scene).then(
    () => true,
    () => false,
  );
}

/** A back end that acts for nobody in particular; on behalf of a user it sees what that user sees. */
export function isBackEnd(actor: Actor): boolean {
  return actor.server && actor.user === 0;
}

export async function servesChat(core: Core, actor: Actor, chat: Pick<SupportChat, 'source' | 'operator'>): Promise<boolean> {
  if (actor.role !== 'operator') return false;
  return chat.operator === actor.user || serves(await sourcesOf(core, actor), chat.source);
}

/** Widgets whose chats an operator sees. */
export async function sourcesOf(core: Core, actor: Pick<Actor, 'namespace' | 'user'>): Promise<Sources> {
  return (await core.desk.settings.of(actor.namespace)).served(actor.user);
}

/** May the actor see what stands in this aside of a chat that the actor may see? */
export function hearsAside(actor: Actor, { aside }: Conversation): boolean {
  return aside !== undefined && (isBackEnd(actor) || aside.audience === actor.role);
}

export function checkOperator(actor: Actor): void {
  if (actor.role === 'operator' || isBackEnd(actor)) return;
  throw new ChatError('permission_denied', 'Only operators may do this.');
}

/** Messages of support chats: what clients, operators and bots write, how far they have read, and what they type. */
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Id, Message } from '../model.ts';
import { notFound } from '../policy.ts';
import type { Appended, CursorMoved } from '../ports.ts';
import { admitMessage, commitMessage } from '../actions/send-message.ts';
import { findChat, hearsAside } from './access.ts';
import type { ChatRef, SeenChat } from './access.ts';
import { contentOf } from './attachments.ts';
import type { AttachmentInput } from './attachments.ts';
import { settledChat } from './chats.ts';
import { OPERATORS } from './model.ts';

/** Characters of what somebody is typing, shown to operators: more is not read before it is sent. */
export const MAX_PREVIEW_LENGTH = 4_096;

export interface ChatMessage {
  readonly chat: ChatRef;
  readonly text: string;
  readonly attachments?: readonly AttachmentInput[];
  /** Only operators see it; only operators write it. */
  readonly note?: boolean;
  /** The sender's name for this send: the same key again is the same message for 24 hours. */
  readonly key?: string | undefined;
  /** Called when it has its place: what is said from then on comes after it, also where this is not on disk yet. */
  readonly placed?: (() => void) | undefined;
}

/**
 * Stores what a client, an operator or a bot says. An operator's first answer takes a chat that nobody has; where another has it the widget
 * says whether any operator may answer.
 */
export async function sendChatMessage(core: Core, actor: Actor, input: ChatMessage): Promise<Appended> {
  const found = await findChat(core, actor, input.chat);
  const { chat } = found.scene;
  if (actor.user === 0) throw new ChatError('failed_precondition', 'Somebody has to be the sender.');
  const widget = (await core.desk.settings.of(actor.namespace)).widget(chat.source);
  const note = input.note === true;
  if (note && actor.role !== 'operator') throw new ChatError('permission_denied', 'Only operators write notes.');
  const { text, attachments = [], key, placed } = input;
  const content = await contentOf(core, actor, { text, attachments, widget });
  // Before anything else is done for it: who could not say anything has not answered either.
  admitMessage(core, actor, { content, key });
  if (!note && actor.role === 'operator' && actor.user !== chat.client) await answer(core, actor, found, widget.replies);
  return commitMessage(core, actor, {
    conversation: chat.conversation,
    content,
    key,
    placed,
    ...(note && { desk: { type: 'note' }, aside: OPERATORS }),
    ...(!note && actor.role === 'bot' && { desk: { type: 'bot' } }),
  });
}

/** Makes the operator one of the chat's members, as answering does. */
async function answer(
  core: Core,
  actor: Actor,
  { scene: { chat }, member }: SeenChat,
  replies: 'assigned' | 'anyone',
): Promise<void> {
  const { operator, status, conversation } = chat;
  const mine = operator === actor.user;
  if (mine && member && status !== 'closed') return;
  if (operator !== 0 && !mine && replies === 'assigned') {
    throw new ChatError('failed_precondition', 'Another operator has this chat: take it over, or write a note.', {
      fields: { operator: String(operator) },
    });
  }
  if (member && operator !== 0) return;
  const free = operator === 0 && status !== 'closed';
  const step =
    free || mine ? ({ kind: 'take', operator: actor.user } as const) : ({ kind: 'join', operator: actor.user } as const);
  await core.committer
    .commit({ type: 'chat', conversation, user: actor.user, step, origin: actor })
    .catch((cause: unknown) => takenMeanwhile(core, actor, conversation, replies, cause));
}

/** Of several operators who answer a waiting chat at once, one has taken it; the others join, where they may. */
async function takenMeanwhile(core: Core, actor: Actor, conversation: Id, replies: string, cause: unknown): Promise<void> {
  if (replies === 'assigned' || !(cause instanceof ChatError) || cause.code !== 'failed_precondition') throw cause;
  const step = { kind: 'join', operator: actor.user } as const;
  settledChat(await core.committer.commit({ type: 'chat', conversation, user: actor.user, step, origin: actor }));
}

/** The actor has received, or read, everything in the chat up to a message. A message of another chat is as missing as any. */
export async function markChat(
  core: Core,
  actor: Actor,
  { chat: ref, cursor, message: id }: { readonly chat: ChatRef; readonly cursor: 'read' | 'delivered'; readonly message: Id },
): Promise<CursorMoved> {
  const { conversation, member } = await findChat(core, actor, ref);
  const message = await findIn(core, actor, conversation.id, id);
  if (actor.user === 0) throw notFound();
  const desk = actor.role === 'operator';
  if (!member && !desk) throw notFound();
  return settledChat(
    await core.committer.commit({
      type: 'cursor',
      cursor,
      conversation: message.conversation,
      user: actor.user,
      upTo: message.id,
      countMembers: core.limits.smallGroup + 1,
      desk,
      origin: actor,
    }),
  );
}

/** A message by the id that a back end gave it, or by ours; the former first. */
export async function messageOf(core: Core, actor: Actor, id: Id): Promise<Message | undefined> {
  return (await core.store.externalMessage(actor.namespace, id)) ?? (id > 0 ? core.store.message(id) : undefined);
}

/** A message of the chat, or of an aside of it that the actor may see. */
export async function findIn(core: Core, actor: Actor, chat: Id, id: Id): Promise<Message> {
  const message = await messageOf(core, actor, id);
  if (message === undefined) throw notFound();
  if (message.conversation === chat) return message;
  const conversation = await core.directory.conversation(message.conversation);
  if (conversation?.aside?.of !== chat || !hearsAside(actor, conversation)) throw notFound();
  return message;
}

/** Tells the others that somebody types, or has stopped. What stands in the composer is told apart, to operators only, where the widget lets them see it. */
export async function typeInChat(
  core: Core,
  actor: Actor,
  { chat: ref, active, text }: { readonly chat: ChatRef; readonly active: boolean; readonly text?: string | undefined },
): Promise<void> {
  const { conversation, scene } = await findChat(core, actor, ref);
  if (actor.user === 0 || actor.role === 'guest') throw notFound();
  if (text !== undefined && text.length > MAX_PREVIEW_LENGTH) {
    throw new ChatError('too_large', `text: must not be longer than ${MAX_PREVIEW_LENGTH} characters`);
  }
  const { user, session } = actor;
  if (!active) {
    core.typing.stop(conversation.id, user, session);
    return;
  }
  const { typingPreview } = (await core.desk.settings.of(actor.namespace)).widget(scene.chat.source);
  const sender = await core.directory.user(actor.namespace, user);
  const typist = { conversation, user, name: sender?.name ?? '', session, scene: { ...scene, ...(sender && { sender }) } };
  core.typing.start(typist);
  if (text === undefined || !typingPreview) return;
  const { session: from, ...told } = typist;
  core.bus.publish({ type: 'typing', ...told, active, from, text: text.toWellFormed() });
}

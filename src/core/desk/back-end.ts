/**
 * What back ends tell the desk (seed 003, server to server): messages, chats, operators. It is stored and heard of through every door; ids and
 * UUIDs that they bring are kept and found again, and the same call twice is one message.
 */
import { admitMessage, commitMessage } from '../actions/send-message.ts';
import { cleanName } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { DeskNews } from '../events.ts';
import type { Actor, DeskPart, Id, JsonObject, Message, Person, Role, User } from '../model.ts';
import { notFound } from '../policy.ts';
import type { Appended, Changed } from '../ports.ts';
import { checkPerson, isWithin, nameOf } from '../person.ts';
import { toUuid } from '../uuid.ts';
import { findChat } from './access.ts';
import type { SeenChat } from './access.ts';
import { contentOf } from './attachments.ts';
import type { AttachmentInput } from './attachments.ts';
import { settledChat } from './chats.ts';
import { addressOf } from './message-type.ts';
import { checkName } from './widgets.ts';
import { messageOf } from './messages.ts';

/** Characters of a type, a status or a role that back ends may name. */
const MAX_WORD_LENGTH = 64;

/** Bytes of JSON besides what we know, of one message or chat. */
const MAX_EXTRA_BYTES = 16_384;

/** Somebody a back end names; without an id it is nobody we know. */
export interface PersonInput {
  readonly id: Id;
  readonly role?: Role;
  readonly person: Person;
}

export interface ChatInput {
  /** Any UUID, or ours. */
  readonly uuid: string;
  readonly source?: string | undefined;
  readonly status?: string | undefined;
  readonly department?: string | undefined;
  readonly client?: PersonInput | undefined;
  /** null: nobody any more. */
  readonly operator?: PersonInput | null | undefined;
  readonly extra?: JsonObject | undefined;
}

export interface MessageInput {
  readonly chat: ChatInput;
  /** The id it has there, or here. */
  readonly id?: number | undefined;
  /** standard when absent. */
  readonly type?: string | undefined;
  readonly typeRole?: string | undefined;
  readonly text: string;
  readonly attachments: readonly AttachmentInput[];
  readonly user?: PersonInput | undefined;
  readonly status?: string | undefined;
  readonly extra?: JsonObject | undefined;
  readonly key?: string | undefined;
  /** Of the operators who see the chat, only those who serve this widget too are told. */
  readonly widget?: string | undefined;
}

/** Keeps what is told of a chat, and makes the chat where it is not known. */
export async function supplyChat(core: Core, actor: Actor, input: ChatInput): Promise<SeenChat> {
  checkBackEnd(actor);
  const uuid = toUuid(input.uuid);
  if (uuid === undefined) throw bad('uuid', 'is not a UUID');
  checkName('widget.source', input.source ?? '');
  checkName('department', input.department ?? '');
  if (input.status !== undefined) checkWord('status', input.status);
  checkExtra(input.extra);
  const client = await savePerson(core, actor, input.client);
  const operator = input.operator === null ? null : await savePerson(core, actor, input.operator);
  const outcome = await core.committer.commit({
    type: 'chat-open',
    namespace: actor.namespace,
    uuid,
    source: input.source ?? '',
    client: client?.id ?? 0,
    department: input.department ?? '',
    supply: {
      status: input.status,
      operator: operator === null ? 0 : operator?.id,
      department: input.department,
      extra: input.extra,
    },
    origin: actor,
  });
  return findChat(core, actor, { conversation: settledChat(outcome).conversation.id });
}

/** Stores a message that a back end has; once under its id, and once under its key. */
export async function supplyMessage(core: Core, actor: Actor, input: MessageInput): Promise<Appended> {
  checkBackEnd(actor);
  const { type = 'standard', typeRole, text, attachments, key, widget, extra } = input;
  checkWord('type', type);
  if (typeRole !== undefined) checkWord('type_role', typeRole);
  checkExtra(extra);
  const addressed = addressOf(type, typeRole);
  if (addressed === undefined) throw bad('type_role', 'is needed: who sees a system message');
  const chat = await supplyChat(core, actor, input.chat);
  const { conversation, scene } = chat;
  const sender = await savePerson(core, actor, input.user);
  const settings = await core.desk.settings.of(actor.namespace);
  const content = await contentOf(core, actor, { text, attachments, widget: settings.widget(scene.chat.source) });
  admitMessage(core, actor, { content, key });
  const appended = await commitMessage(core, actor, {
    conversation: conversation.id,
    sender: sender?.id ?? 0,
    content,
    desk: partOf({ ...input, typeRole: addressed.typeRole }, type),
    aside: addressed.audience,
    key,
    widget,
  });
  // Of a call that is made again the first may have stored the message and no more.
  if (isMark(input.status)) await markFor(core, actor, appended.message, chat, input.status);
  return appended;
}

function isMark(status: string | undefined): status is 'delivered' | 'read' {
  return status === 'delivered' || status === 'read';
}

/** Changes a message by the id that a back end gave it, or by ours. What is absent stays. */
export async function supplyMessageUpdate(
  core: Core,
  actor: Actor,
  input: Pick<MessageInput, 'type' | 'typeRole' | 'extra' | 'widget' | 'status'> & {
    readonly id: number;
    readonly text?: string | undefined;
    readonly attachments?: readonly AttachmentInput[] | undefined;
  },
): Promise<Changed> {
  checkBackEnd(actor);
  checkExtra(input.extra);
  const { message, audience, chat } = await findMessage(core, actor, input.id);
  checkSameAudience(input, message, audience);
  if (message.content === undefined)
    throw new ChatError('failed_precondition', 'A recalled or expired message cannot be edited.');
  const settings = await core.desk.settings.of(actor.namespace);
  const widget = settings.widget(chat.scene.chat.source);
  const text = input.text ?? message.content.text ?? '';
  const { attachments } = input;
  const content =
    attachments === undefined
      ? { ...message.content, ...((text !== '' || message.content.text !== undefined) && { text }) }
      : await contentOf(core, actor, { text, attachments, widget });
  const extra = input.extra === undefined ? message.desk?.extra : { ...message.desk?.extra, ...input.extra };
  const desk: DeskPart = { type: 'standard', ...message.desk, ...(extra !== undefined && { extra }) };
  const changed = await core.committer.commit({
    type: 'edit',
    message: message.id,
    user: 0,
    content,
    ...((message.desk !== undefined || extra !== undefined) && { desk }),
    widget: input.widget,
    origin: actor,
  });
  if (isMark(input.status)) await markFor(core, actor, message, chat, input.status);
  return settledChat(changed);
}

/** A back end says that the other side has received or read a message; of what stands in an aside, that somebody has. */
async function markFor(core: Core, actor: Actor, message: Message, { scene: { chat } }: SeenChat, cursor: 'delivered' | 'read') {
  const aside = message.conversation !== chat.conversation;
  const fromClient = message.sender === chat.client;
  const user = aside ? 0 : fromClient ? chat.operator : chat.client;
  // Where no operator has it, the desk has read it all the same.
  if (user === 0 && !fromClient && !aside) return;
  const { conversation, id } = message;
  const countMembers = core.limits.smallGroup + 1;
  await core.committer.commit({
    type: 'cursor',
    cursor,
    conversation,
    user,
    upTo: id,
    countMembers,
    desk: fromClient || aside,
    origin: actor,
  });
}

/** A message of the desk and its chat, by a back end's id or ours; the former first. */
export async function findMessage(
  core: Core,
  actor: Actor,
  id: number,
): Promise<{ readonly message: Message; readonly audience: string | undefined; readonly chat: SeenChat }> {
  const message = await messageOf(core, actor, id);
  const conversation = message && (await core.directory.conversation(message.conversation));
  if (message === undefined || conversation?.kind !== 'support') throw notFound();
  const chat = await findChat(core, actor, { conversation: conversation.aside?.of ?? conversation.id });
  return { message, audience: conversation.aside?.audience, chat };
}

/** Those who have a message keep it: words for operators that come as a change of what a client has would be read by the client. */
function checkSameAudience(
  { type, typeRole }: Pick<MessageInput, 'type' | 'typeRole'>,
  { desk }: Message,
  audience: string | undefined,
): void {
  if (type === undefined && typeRole === undefined) return;
  const addressed = addressOf(type ?? desk?.type ?? 'standard', typeRole ?? desk?.typeRole);
  if (addressed !== undefined && addressed.audience === audience) return;
  throw bad(type === undefined ? 'type_role' : 'type', 'is for others than those who have the message');
}

export interface OperatorInput {
  readonly user: PersonInput;
  readonly online: boolean;
  readonly newChats: number;
  readonly openChats: number;
  readonly extra?: JsonObject | undefined;
}

/** Tells operators of operators. From now on these counts are the back end's: ours are not told over them. */
export async function supplyOperators(
  core: Core,
  actor: Actor,
  operators: readonly OperatorInput[],
  widget: string | undefined,
): Promise<void> {
  checkBackEnd(actor);
  for (const { user: input, online, newChats, openChats, extra } of operators) {
    checkExtra(extra);
    const user = await savePerson(core, actor, input);
    if (user === undefined) continue;
    core.desk.tally.supplyOperator(actor.namespace, user.id);
    const news = { kind: 'operator' as const, user, online, newChats, openChats, ...(extra && { extra }) };
    publish(core, actor, news, widget);
  }
}

/** Tells operators something of the desk as a whole. Where it says how many chats are unread, ours is not told over it from now on. */
export function supplyGlobal(core: Core, actor: Actor, data: JsonObject, widget: string | undefined): void {
  checkBackEnd(actor);
  checkExtra(data);
  if (typeof data['unread_chats'] === 'number') core.desk.tally.supplyUnread(actor.namespace);
  publish(core, actor, { kind: 'global', data }, widget);
}

/** Points the operator who has a chat to it. */
export async function notifyOperator(core: Core, actor: Actor, input: ChatInput, data: JsonObject): Promise<void> {
  checkBackEnd(actor);
  checkExtra(data);
  const { conversation, scene } = await supplyChat(core, actor, input);
  core.bus.publish({
    type: 'desk',
    namespace: actor.namespace,
    news: { kind: 'notification', conversation, scene, data },
    to: { operators: 'all', user: scene.chat.operator },
    from: 0,
  });
}

function publish(core: Core, { namespace }: Actor, news: DeskNews, widget: string | undefined): void {
  const to = { operators: 'all' as const };
  core.bus.publish({ type: 'desk', namespace, news, to, from: 0, ...(widget !== undefined && { widget }) });
}

function partOf({ typeRole, id, extra }: MessageInput, type: string): DeskPart | undefined {
  if (type === 'standard' && typeRole === undefined && id === undefined && extra === undefined) return undefined;
  return {
    type,
    ...(typeRole !== undefined && { typeRole }),
    ...(id !== undefined && { external: id }),
    ...(extra !== undefined && { extra }),
  };
}

async function savePerson(core: Core, actor: Actor, input: PersonInput | undefined): Promise<User | undefined> {
  if (input === undefined || input.id === 0) return undefined;
  const { id, role, person } = input;
  checkPerson(person, core.limits);
  const known = await core.directory.user(actor.namespace, id);
  const same = known !== undefined && (role === undefined || role === known.role) && isWithin(person, known.person ?? {});
  if (same) return known;
  const merged = { ...known?.person, ...person };
  const name = cleanName(nameOf(merged)).slice(0, core.limits.maxNameLength);
  const outcome = await core.committer.commit({
    type: 'user',
    namespace: actor.namespace,
    id,
    ...(role !== undefined && { role }),
    ...(name !== '' &&
      (known === undefined || known.name === '' || known.name === cleanName(nameOf(known.person ?? {}))) && { name }),
    person,
  });
  return settledChat(outcome).user;
}

function checkBackEnd(actor: Actor): void {
  if (!actor.server) throw new ChatError('permission_denied', 'Only back ends with an Api-Token may do this.');
}

function checkWord(field: string, word: string): void {
  if (word.length > 0 && word.length <= MAX_WORD_LENGTH && word.isWellFormed() && !word.includes('\0')) return;
  throw bad(field, `has 1 to ${MAX_WORD_LENGTH} characters`);
}

function checkExtra(extra: JsonObject | undefined): void {
  if (extra === undefined || Buffer.byteLength(JSON.stringify(extra)) <= MAX_EXTRA_BYTES) return;
  throw new ChatError('too_large', `The members besides those that are documented are larger than ${MAX_EXTRA_BYTES} bytes.`);
}

function bad(field: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}

/** What back ends say (seeds 003 and 004, server to server) as input of the core's actions. Pure. */
import { idOfUuid } from '../../core/index.ts';
import type {
  AttachmentInput,
  ChatInput,
  Json,
  JsonObject,
  MessageInput,
  OperatorInput,
  Person,
  PersonInput,
  Role,
} from '../../core/index.ts';
import { NO_MOMENT, isMoment } from './moment.ts';
import { createCheck, invalid, othersOf } from './parse.ts';
import { ChatBody, GlobalBody, MESSAGE_STATUSES, MessageBody, MessageUpdateBody, OperatorsBody } from './wire.ts';
import type { AttachmentBody, MessageStatus, OperatorBody, UserBody } from './wire.ts';

const checkChat = createCheck(ChatBody);
const checkMessage = createCheck(MessageBody);
const checkUpdate = createCheck(MessageUpdateBody);
const checkOperators = createCheck(OperatorsBody);
const checkGlobal = createCheck(GlobalBody);

/** Roles of people that are roles of ours. */
const ROLES: readonly Role[] = ['user', 'operator', 'bot'];

export function toChatInput(body: unknown): ChatInput {
  return chatInput(checkChat(body));
}

function chatInput(chat: ChatBody): ChatInput {
  const { uuid, widget, status, owner_user: owner, operator_user: operator } = chat;
  const inWidget = widget && othersOf(widget, ['source']);
  const extra = {
    ...othersOf(chat, ['uuid', 'widget', 'status', 'owner_user', 'operator_user']),
    ...(inWidget && { widget: inWidget }),
  };
  return {
    uuid,
    source: widget?.source,
    status: status ?? undefined,
    client: toPerson(owner),
    // Said to be nobody, it is nobody from now on; not said at all, it stays.
    operator: operator === null || operator?.id === 0 ? null : toPerson(operator),
    extra: Object.keys(extra).length === 0 ? undefined : extra,
  };
}

function toPerson(body: UserBody | null | undefined): PersonInput | undefined {
  if (body === undefined || body === null) return undefined;
  const { id, role, avatar, lastname, firstname, patronymic } = body;
  const known = ROLES.find((one) => one === role);
  const told: Record<keyof Person, string | null | undefined> = {
    avatar,
    lastname,
    firstname,
    patronymic,
    role: known === undefined ? role : undefined,
  };
  const person: Person = Object.fromEntries(Object.entries(told).filter(([, value]) => typeof value === 'string'));
  return { id, ...(known !== undefined && { role: known }), person };
}

type MessageMembers = Pick<MessageUpdateBody, 'attachments' | 'send_time' | 'status' | 'user'>;

/** What is kept of a message besides what we have words for. */
function extraOf(body: MessageMembers, known: readonly string[]): JsonObject | undefined {
  const { status, send_time: time, user } = body;
  if (typeof time === 'string' && !isMoment(time)) throw invalid(`send_time: ${NO_MOMENT}`, 'send_time');
  const extra: Record<string, Json> = { ...othersOf(body, known) };
  if (typeof time === 'string') extra['send_time'] = time;
  // Nobody we know has a name all the same.
  if (user?.id === 0) extra['user'] = othersOf(user, ['id']) ?? {};
  if (typeof status === 'string' && toStatus(status) === undefined) extra['status'] = status;
  return Object.keys(extra).length === 0 ? undefined : extra;
}

const MEMBERS = ['id', 'type', 'type_role', 'status', 'text', 'send_time', 'message_index', 'chat', 'user', 'attachments'];

export function toMessageInput(body: unknown, widget: string | undefined): MessageInput {
  const message = checkMessage(body);
  const { id, chat, type, type_role: typeRole, status, text, user, attachments } = message;
  return {
    chat: chatInput(chat),
    // 0 is how they say that it has none.
    id: id === 0 || id === null ? undefined : id,
    type: type ?? undefined,
    typeRole: typeRole ?? undefined,
    text: text ?? '',
    attachments: toAttachments(attachments),
    user: toPerson(user),
    status: status === null || status === undefined ? undefined : toStatus(status),
    extra: extraOf(message, MEMBERS),
    widget,
  };
}

export function toMessageUpdate(body: unknown, widget: string | undefined) {
  const message = checkUpdate(body);
  const { id, type, type_role: typeRole, text, attachments, status } = message;
  return {
    id,
    type: type ?? undefined,
    typeRole: typeRole ?? undefined,
    text: text ?? undefined,
    attachments: attachments === undefined || attachments === null ? undefined : toAttachments(attachments),
    status: status === null || status === undefined ? undefined : toStatus(status),
    extra: extraOf(message, MEMBERS),
    widget,
  };
}

function toStatus(status: string): MessageStatus | undefined {
  return MESSAGE_STATUSES.find((one) => one === status);
}

/** Files of ours by their UUIDs; what is said of other files is kept as it came. */
function toAttachments(bodies: readonly AttachmentBody[] | null | undefined): readonly AttachmentInput[] {
  return (bodies ?? []).map((body) => (idOfUuid(body.uuid) === undefined ? { foreign: othersOf(body, []) ?? {} } : body.uuid));
}

export function toOperatorInputs(body: unknown): readonly OperatorInput[] {
  return checkOperators(body).map(operatorInput);
}

function operatorInput(operator: OperatorBody): OperatorInput {
  const { user, is_online: online, new_chats: newChats, open_chats: openChats } = operator;
  const extra = othersOf(operator, ['user', 'is_online', 'new_chats', 'open_chats']);
  return {
    user: toPerson(user) ?? { id: 0, person: {} },
    online: online ?? false,
    newChats: newChats ?? 0,
    openChats: openChats ?? 0,
    ...(extra && { extra }),
  };
}

export function toGlobal(body: unknown): JsonObject {
  return othersOf(checkGlobal(body), []) ?? {};
}

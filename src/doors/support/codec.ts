/** Between the core's nouns and the desk's documented objects. Pure: nothing here knows a socket or waits. */
import { OPERATORS, messageStatus, uuidOf, wordsOf } from '../../core/index.ts';
import type {
  Attachment,
  Conversation,
  Id,
  Json,
  JsonObject,
  Links,
  Message,
  MessageKind,
  Millis,
  Resource,
  Scene,
  User,
} from '../../core/index.ts';
import { avatarOf, linkTo } from './addresses.ts';
import type { AttachmentObject, AttachmentType, ChatObject, MessageObject, OperatorObject, UserObject } from './wire.ts';

/** Date and time to the second, with an offset: the form of the documents, which strict readers take. */
export function toTime(at: Millis): string {
  return `${new Date(at).toISOString().slice(0, 19)}+00:00`;
}

export function toUserObject(links: Links, user: Omit<User, 'namespace' | 'createdAt'>): UserObject {
  const { id, role, name, person = {} } = user;
  const hasParts = [person.lastname, person.firstname, person.patronymic].some((part) => part !== undefined && part !== '');
  return {
    id,
    role: person.role ?? (role === 'guest' ? 'user' : role),
    avatar: avatarOf(links, user),
    lastname: person.lastname ?? '',
    firstname: person.firstname ?? (hasParts ? '' : name),
    patronymic: person.patronymic ?? '',
  };
}

/** Where a message has no author that anybody knows: as a back end described whoever that is. */
function nobody(id: Id, described: JsonObject | undefined): UserObject {
  const said = (name: string): string => textIn(described, name) ?? '';
  const [lastname, firstname, patronymic] = [said('lastname'), said('firstname'), said('patronymic')];
  return { id, role: said('role') || 'system', avatar: linkTo(said('avatar')), lastname, firstname, patronymic };
}

export function toChatObject(links: Links, { chat, client, operator }: Scene): ChatObject {
  return {
    ...chat.extra,
    uuid: chat.uuid,
    widget: { ...objectIn(chat.extra, 'widget'), source: chat.source },
    status: chat.status,
    owner_user: client === undefined ? null : toUserObject(links, client),
    operator_user: operator === undefined ? null : toUserObject(links, operator),
  };
}

/** What a message is told with. */
export interface Told {
  readonly message: Message;
  readonly conversation: Conversation;
  readonly scene: Scene;
  readonly sender: User | undefined;
}

/** A message without its chat, its author and its attachments. */
export function toOwnMembers(message: Message, status: string): Omit<MessageObject, 'chat' | 'user' | 'attachments'> {
  const { desk, content, id, index, sentAt } = message;
  const { chat: _chat, user: _user, attachments: _attachments, ...others } = desk?.extra ?? {};
  return {
    ...others,
    id: desk?.external ?? id,
    type: desk?.type ?? 'standard',
    type_role: desk?.typeRole ?? (desk?.type === 'note' ? OPERATORS : 'user'),
    status,
    text: content === undefined ? '' : wordsOf(content),
    send_time: textIn(others, 'send_time') ?? toTime(sentAt),
    message_index: index,
  };
}

export function toAuthor(links: Links, { message, sender }: Told): UserObject {
  return sender === undefined ? nobody(message.sender, objectIn(message.desk?.extra, 'user')) : toUserObject(links, sender);
}

/** A word of a back end's, or how far it has come in a scene. */
export function statusOf(message: Message, scene: Scene): string {
  return textIn(message.desk?.extra, 'status') ?? messageStatus(message, scene);
}

export function toAttachments(links: Links, { id, content }: Message): AttachmentObject[] {
  if (content === undefined) return [];
  const { kind, resource, attachments } = content;
  if (attachments !== undefined) return attachments.map((one) => toAttachment(links, one));
  // What other doors send has one, and nothing of its size.
  return resource === undefined ? [] : [toFile(links, resource, resource.file ?? id, typeOfKind(kind), 0)];
}

function toAttachment(links: Links, attachment: Attachment): AttachmentObject {
  if ('resource' in attachment) {
    const { resource, mediaType, size } = attachment;
    return toFile(links, resource, resource.file ?? 0, typeOf(mediaType), size);
  }
  const { foreign } = attachment;
  return {
    ...foreign,
    uuid: textIn(foreign, 'uuid') ?? '',
    type: textIn(foreign, 'type') ?? 'file',
    url: linkTo(textIn(foreign, 'url')),
    url_preview: linkTo(textIn(foreign, 'url_preview')),
    filename: textIn(foreign, 'filename') ?? '',
    extension: textIn(foreign, 'extension') ?? '',
    size: typeof foreign['size'] === 'number' ? foreign['size'] : 0,
  };
}

function toFile(links: Links, resource: Resource, id: Id, type: AttachmentType, size: number): AttachmentObject {
  const { url, thumbnail, name } = links.resource(resource);
  const filename = name ?? lastPart(resource.url);
  const dot = filename.lastIndexOf('.');
  return {
    uuid: uuidOf(id),
    type,
    url: linkTo(url),
    url_preview: linkTo(thumbnail),
    filename,
    extension: dot <= 0 ? '' : filename.slice(dot + 1).toLowerCase(),
    size,
  };
}

function typeOf(mediaType: string): AttachmentType {
  const [family] = mediaType.split('/', 1);
  return family === 'image' || family === 'video' || family === 'audio' ? family : 'file';
}

function typeOfKind(kind: MessageKind): AttachmentType {
  if (kind === 'photo' || kind === 'gif' || kind === 'sticker') return 'image';
  return kind === 'video' || kind === 'audio' ? kind : 'file';
}

/** The last part of an address elsewhere, if it reads like a file's name. */
function lastPart(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  return path.slice(path.lastIndexOf('/') + 1);
}

export function toOperatorObject(
  links: Links,
  news: {
    readonly user: User;
    readonly online: boolean;
    readonly newChats: number;
    readonly openChats: number;
    readonly extra?: JsonObject;
  },
): OperatorObject {
  const { user, online, newChats, openChats, extra } = news;
  return { ...extra, user: toUserObject(links, user), is_online: online, new_chats: newChats, open_chats: openChats };
}

function textIn(object: JsonObject | undefined, name: string): string | undefined {
  const value = object?.[name];
  return typeof value === 'string' ? value : undefined;
}

function objectIn(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object?.[name];
  return isJsonObject(value) ? value : undefined;
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Between the desk's nouns and the objects under `/api/desk`. Pure: nothing here knows a request or waits. */
import { toId, toLimit, toTime } from '../../api/index.ts';
import { messageStatus, sceneIn, uuidOf } from '../../core/index.ts';
import type {
  Attachment,
  ChatEntry,
  ChatHistory,
  Content,
  JsonObject,
  Links,
  ListChats,
  ListedOperator,
  Message,
  Scene,
  SupportChat,
  User,
  VisitorAnswer,
  Widget,
} from '../../core/index.ts';
import { avatarOf, withLinks } from './addresses.ts';
import type * as requests from './desk-requests.ts';
import type * as wire from './desk-wire.ts';

export function toPerson(links: Links, user: User): wire.DeskPerson {
  const { id, role, name, person = {} } = user;
  const { firstname, lastname, patronymic } = person;
  const avatar = avatarOf(links, user);
  return {
    id: String(id),
    role: person.role ?? role,
    name,
    ...(avatar !== '' && { avatar }),
    ...(firstname !== undefined && { firstname }),
    ...(lastname !== undefined && { lastname }),
    ...(patronymic !== undefined && { patronymic }),
  };
}

export function toChat(links: Links, { chat, client, operator }: Scene): wire.DeskChat {
  const { conversation, uuid, source, department, status, lastOperator, rating, unread } = chat;
  return {
    id: String(conversation),
    uuid,
    source,
    department,
    status,
    ...(client && { client: toPerson(links, client) }),
    ...(operator && { operator: toPerson(links, operator) }),
    ...(lastOperator !== 0 && { lastOperatorId: String(lastOperator) }),
    ...times(chat),
    ...(rating && { rating: { ...rating } }),
    unread,
  };
}

function times({ queuedAt, takenAt, closedAt }: SupportChat): Pick<wire.DeskChat, 'queuedAt' | 'takenAt' | 'closedAt'> {
  return {
    ...(queuedAt !== undefined && { queuedAt: toTime(queuedAt) }),
    ...(takenAt !== undefined && { takenAt: toTime(takenAt) }),
    ...(closedAt !== undefined && { closedAt: toTime(closedAt) }),
  };
}

/** `sender`: absent where nobody we know wrote it. */
export function toMessage(links: Links, message: Message, scene: Scene, sender: User | undefined): wire.DeskMessage {
  const { id, index, state, content, sentAt, editedAt, desk } = message;
  return {
    id: String(id),
    chatId: String(scene.chat.conversation),
    index,
    type: desk?.type ?? 'standard',
    ...(desk?.typeRole !== undefined && { typeRole: desk.typeRole }),
    status: messageStatus(message, scene),
    state,
    ...(sender && { sender: toPerson(links, sender) }),
    text: content?.text ?? '',
    attachments: content === undefined ? [] : attachmentsOf(content).map((one) => toAttachment(links, one)),
    sentAt: toTime(sentAt),
    ...(editedAt !== undefined && { editedAt: toTime(editedAt) }),
    ...(desk?.external !== undefined && { externalId: desk.external }),
  };
}

/** What other doors send has one resource and no list. */
function attachmentsOf({ attachments, resource }: Content): readonly Attachment[] {
  if (attachments !== undefined) return attachments;
  return resource === undefined ? [] : [{ resource, mediaType: '', size: 0 }];
}

function toAttachment(links: Links, attachment: Attachment): wire.DeskAttachment {
  if ('foreign' in attachment) return foreignAttachment(attachment.foreign);
  const { resource, mediaType, size } = attachment;
  return {
    ...(resource.file !== undefined && { uuid: uuidOf(resource.file) }),
    type: familyOf(mediaType),
    url: links.show(resource.url),
    ...(resource.thumbnail !== undefined && { previewUrl: links.show(resource.thumbnail) }),
    ...(resource.name !== undefined && { filename: resource.name }),
    ...(size > 0 && { size }),
  };
}

function foreignAttachment(foreign: JsonObject): wire.DeskAttachment {
  const told = withLinks(foreign);
  const { uuid, type, url, filename } = told;
  return {
    ...(typeof uuid === 'string' && { uuid }),
    type: typeof type === 'string' ? type : 'file',
    ...(typeof url === 'string' && { url }),
    ...(typeof filename === 'string' && { filename }),
    foreign: told,
  };
}

function familyOf(mediaType: string): string {
  const [family = ''] = mediaType.split('/', 1);
  return ['image', 'video', 'audio'].includes(family) ? family : 'file';
}

export function toEntry(links: Links, { scene, lastMessage }: ChatEntry): wire.DeskChatEntry {
  const { client, operator } = scene;
  const sender = [client, operator].find((user) => user !== undefined && user.id === lastMessage?.sender);
  return {
    ...toChat(links, scene),
    ...(lastMessage && { lastMessage: toMessage(links, lastMessage, scene, sender) }),
  };
}

export function toHistory(links: Links, history: ChatHistory): wire.DeskHistory {
  const { messages, people, moreBefore, moreAfter } = history;
  return {
    messages: messages.map((one) => toMessage(links, one, sceneIn(history, one), people.get(one.sender))),
    moreBefore,
    moreAfter,
  };
}

export function toOperator(links: Links, { user, profile, sources, online, counts }: ListedOperator): wire.DeskOperator {
  const { available, capacity, departments } = profile;
  const { newChats, openChats } = counts;
  return {
    user: toPerson(links, user),
    online,
    available,
    capacity,
    servesAll: sources === 'all',
    sources: sources === 'all' ? [] : [...sources],
    departments: [...departments],
    newChats,
    openChats,
  };
}

export function toWidget({ source, title, origins, hours, attachments, ...rest }: Widget): wire.DeskWidget {
  const { typingPreview, department, autoAssign, replies } = rest;
  return {
    source,
    title,
    origins: [...origins],
    ...(hours && { hours: { timeZone: hours.timeZone, hours: hours.hours.map((one) => ({ ...one })) } }),
    attachments: { ...attachments, types: [...attachments.types] },
    typingPreview,
    department,
    autoAssign,
    replies,
  };
}

export function toVisitor({ user, token, expiresAt, visitor, widget, open, online }: VisitorAnswer): wire.Visitor {
  const { title, typingPreview, attachments } = widget;
  return {
    token,
    expiresAt: toTime(expiresAt),
    userId: String(user),
    visitor,
    widget: { title, typingPreview, attachments: { ...attachments, types: [...attachments.types] }, open, online },
  };
}

// ---- Wire to core ------------------------------------------------------------------------------------------------------------------

export function toListQuery(query: requests.ChatsPlace): ListChats {
  const { status, mine, operatorId, source, department, unread, after, limit } = query;
  const operator = operatorId === undefined ? undefined : toId('operatorId', operatorId);
  const statuses = status?.split(',').filter((word) => word !== '');
  return {
    ...(statuses !== undefined && statuses.length > 0 && { statuses }),
    ...(mine === true && { mine }),
    ...(operator !== undefined && { operator }),
    ...(source !== undefined && { source }),
    ...(department !== undefined && { department }),
    ...(unread !== undefined && { unread }),
    order: 'recent',
    after: after === undefined ? 0 : toId('after', after),
    limit: toLimit(limit),
  };
}

export function toHistoryQuery({ before, after, around, limit }: requests.HistoryPlace) {
  return {
    ...(before !== undefined && { before: toId('before', before) }),
    ...(after !== undefined && { after: toId('after', after) }),
    ...(around !== undefined && { around: toId('around', around) }),
    limit: toLimit(limit),
  };
}

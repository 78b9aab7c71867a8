/** Between the core's nouns and the messenger's objects. Pure: nothing here knows a socket or waits. */
import type {
  Conversation,
  ConversationHead,
  Id,
  Links,
  Message,
  Millis,
  PresenceDelivery,
  Roster,
  RosterMember,
  ShownName,
} from '../../core/index.ts';
import { acquaints, isAddress, shownName, timeOfId, wordsOf } from '../../core/index.ts';
import type { ChatMember, ChatObject, MessageObject, NamedUser, PresenceUpdate } from './wire.ts';

export function toTime(at: Millis): string {
  return new Date(at).toISOString();
}

/** How a user is named in every object: by the name they go by, or at least the id, and by the display name besides where it is another. */
export function toNamedUser(id: Id, names: ShownName | undefined): NamedUser {
  const { username = '', name } = names ?? {};
  return { id: String(id), username: username === '' ? String(id) : username, ...(name !== undefined && { name }) };
}

export function toMessageObject(links: Links, message: Message, senderName: ShownName | undefined): MessageObject {
  const { id, conversation, sender, content, sentAt } = message;
  const resource = content?.resource && links.resource(content.resource);
  const name = resource?.name ?? (resource === undefined ? undefined : fileNameOf(resource.url));
  return {
    id: String(id),
    chatId: String(conversation),
    senderId: String(sender),
    content: content === undefined ? '' : wordsOf(content),
    // Clients open it: what was stored when other addresses were let in is not told.
    ...(resource !== undefined && isAddress(resource.url) && { fileUrl: resource.url }),
    ...(name !== undefined && { fileName: name }),
    createdAt: toTime(sentAt),
    sender: toNamedUser(sender, senderName),
  };
}

/** The last part of an address elsewhere, if it reads like a file's name. */
function fileNameOf(url: string): string | undefined {
  const path = URL.canParse(url) ? new URL(url).pathname : (url.split(/[?#]/, 1)[0] ?? '');
  const last = path.slice(path.lastIndexOf('/') + 1);
  try {
    return last === '' ? undefined : decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** `online` is undefined where people do not learn of each other when they are there: in channels. */
export function toChatMember(links: Links, { membership, user, unread }: RosterMember, online: boolean | undefined): ChatMember {
  return {
    userId: String(user.id),
    chatId: String(membership.conversation),
    unreadCount: unread,
    joinedAt: toTime(membership.joinedAt),
    user: {
      ...toNamedUser(user.id, shownName(user)),
      ...(user.picture !== undefined && { profilePic: links.show(user.picture) }),
      ...(online !== undefined && user.lastSeenAt !== undefined && { lastSeen: toTime(user.lastSeenAt) }),
      ...(online !== undefined && { online }),
    },
  };
}

/** All that a chat object is made from. */
export interface ChatParts {
  readonly head: ConversationHead;
  readonly roster: Roster;
  /** Whose view it is: names the peer of a private chat and picks the unread count. */
  readonly viewer: Id;
  readonly unread: number;
  readonly messages: readonly MessageObject[];
  readonly isOnline: (user: Id) => boolean;
}

export function toChatObject(links: Links, parts: ChatParts): ChatObject {
  const { head, roster, viewer, unread, messages, isOnline } = parts;
  const { conversation, lastId } = head;
  const { name, picture } = shownAs(conversation, roster, viewer);
  const onlineOf = (user: Id): boolean | undefined => (acquaints(conversation.kind) ? isOnline(user) : undefined);
  return {
    id: String(conversation.id),
    isGroup: conversation.kind !== 'private',
    name,
    ...(picture !== undefined && { profilePic: links.show(picture) }),
    createdAt: toTime(conversation.createdAt),
    updatedAt: toTime(Math.max(conversation.createdAt, lastId === 0 ? 0 : timeOfId(lastId))),
    users: roster.members.map((member) => toChatMember(links, member, onlineOf(member.user.id))),
    unreadCount: unread,
    messages: [...messages],
  };
}

/** A private chat is called and looks like the other person. */
function shownAs(conversation: Conversation, roster: Roster, viewer: Id): { name: string; picture: string | undefined } {
  if (conversation.kind !== 'private') return { name: conversation.name, picture: conversation.picture };
  const other = roster.members.find(({ user }) => user.id !== viewer) ?? roster.members[0];
  if (other === undefined) return { name: '', picture: undefined };
  return { name: toNamedUser(other.user.id, shownName(other.user)).username, picture: other.user.picture };
}

export function toPresenceUpdate({ user, online, lastSeenAt }: PresenceDelivery): PresenceUpdate {
  return { userId: String(user), online, lastSeen: toTime(lastSeenAt) };
}

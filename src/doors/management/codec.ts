/** Between the core's nouns and this interface's messages. Pure: nothing here knows a request or waits. */
import { toId, toIds, toLimit, toNext, toTime } from '../../api/index.ts';
import type {
  Content,
  Conversation,
  ConversationSummary,
  HistoryPage,
  HistoryQuery,
  Id,
  Links,
  MemberChangeInput,
  Membership,
  Message,
  Resource,
  Revision,
  SendMessage,
  SessionInfo,
  Target,
  SeenUser,
  ApiToken,
} from '../../core/index.ts';
import type * as requests from './requests.ts';
import type * as wire from './wire.ts';

// ---- Wire to core ------------------------------------------------------------------------------------------------------------------

export function toContent({ type, text, resource, location }: requests.EditMessage): Content {
  return {
    kind: type ?? 'text',
    ...(text !== undefined && { text }),
    ...(resource !== undefined && { resource: toResource(resource) }),
    ...(location !== undefined && { location: { latitude: location.latitude, longitude: location.longitude } }),
  };
}

function toResource({ url, thumbnail, name }: Resource): Resource {
  return { url, ...(thumbnail !== undefined && { thumbnail }), ...(name !== undefined && { name }) };
}

export function toSend(target: Target, body: requests.SendMessage, key: string | undefined): SendMessage {
  return {
    target,
    content: toContent(body),
    ...(body.expireSeconds !== undefined && { expiresAfter: Math.round(body.expireSeconds * 1000) }),
    ...(key !== undefined && { key }),
  };
}

export function toHistoryQuery(conversation: Id, place: requests.HistoryPlace): HistoryQuery {
  const { before, after, around, limit } = place;
  return {
    conversation,
    ...(before !== undefined && { before: toId('before', before) }),
    ...(after !== undefined && { after: toId('after', after) }),
    ...(around !== undefined && { around: toId('around', around) }),
    limit: toLimit(limit),
  };
}

export function toMemberChange({ add = [], remove = [] }: requests.ChangeMembers): MemberChangeInput {
  return {
    add: add.map((entry, index) => {
      if (typeof entry === 'string') return { user: toId(`add.${index}`, entry) };
      const user = toId(`add.${index}.userId`, entry.userId);
      return entry.role === undefined ? { user } : { user, role: entry.role };
    }),
    remove: toIds('remove', remove),
  };
}

// ---- Core to wire ------------------------------------------------------------------------------------------------------------------

/** Writes links to files of ours for whoever is told. */
type Show = Pick<Links, 'show' | 'resource'>;

export function fromContent({ kind, text, resource, location }: Content, links: Show) {
  return {
    type: kind,
    ...(text !== undefined && { text }),
    ...(resource !== undefined && { resource: toResource(links.resource(resource)) }),
    ...(location !== undefined && { location: { ...location } }),
  };
}

export function toMessage(message: Message, links: Show): wire.Message {
  const { id, conversation, index, sender, state, content, sentAt, editedAt, expiresAt } = message;
  return {
    id: String(id),
    conversationId: String(conversation),
    index,
    senderId: String(sender),
    state,
    ...(content !== undefined && fromContent(content, links)),
    sentAt: toTime(sentAt),
    ...(editedAt !== undefined && { editedAt: toTime(editedAt) }),
    ...(expiresAt !== undefined && { expiresAt: toTime(expiresAt) }),
  };
}

export function toHistory(page: HistoryPage, asked: requests.HistoryPlace, links: Show) {
  const { moreBefore, moreAfter } = page;
  const more = asked.around !== undefined ? moreBefore || moreAfter : asked.after === undefined ? moreBefore : moreAfter;
  return { messages: page.messages.map((message) => toMessage(message, links)), more, moreBefore, moreAfter };
}

export function toRevisions(page: readonly Revision[], limit: number, links: Show): wire.Revisions {
  const revisions = page.map((revision) => toRevision(revision, links));
  return { revisions, ...toNext(page, limit, ({ replacedAt }) => replacedAt) };
}

export function toRevision({ content, replacedAt }: Revision, links: Show): wire.Revisions['revisions'][number] {
  return { ...fromContent(content, links), replacedAt: toTime(replacedAt) };
}

export function toMember({ user, role }: Pick<Membership, 'user' | 'role'>): wire.Member {
  return { userId: String(user), role };
}

function describe({ id, kind, name, notice, picture, createdAt }: Conversation, links: Show) {
  const shown = picture === undefined ? {} : { picture: links.show(picture) };
  return { id: String(id), kind, name, notice, ...shown, createdAt: toTime(createdAt) };
}

export function toConversation(
  conversation: Conversation,
  members: readonly Membership[],
  moreMembers: boolean,
  links: Show,
): wire.Conversation {
  return {
    ...describe(conversation, links),
    ...(conversation.creator !== 0 && { creatorId: String(conversation.creator) }),
    members: members.map(toMember),
    moreMembers,
  };
}

function cursorsOf({ head, membership, unread }: ConversationSummary) {
  const { readIndex, deliveredIndex } = membership;
  return { unreadCount: unread, lastIndex: head.lastIndex, readIndex, deliveredIndex };
}

export function toCursors(summary: ConversationSummary): wire.Cursors {
  return { conversationId: String(summary.head.conversation.id), ...cursorsOf(summary) };
}

export function toSummary(summary: ConversationSummary, links: Show): wire.ConversationSummary {
  const { head, membership, lastMessage } = summary;
  const { peers } = head.conversation;
  const peer = peers === undefined || peers[0] !== membership.user ? peers?.[0] : peers[1];
  return {
    ...describe(head.conversation, links),
    ...(peer !== undefined && { peerId: String(peer) }),
    role: membership.role,
    joinedAt: toTime(membership.joinedAt),
    ...cursorsOf(summary),
    ...(lastMessage !== undefined && { lastMessage: toMessage(lastMessage, links) }),
  };
}

/** Place of a conversation in the list of the most recently active: its newest message, or its own beginning. */
export function activityOf({ head }: ConversationSummary): Id {
  return Math.max(head.conversation.id, head.lastId);
}

/** `external` ids are told to back ends, whose they are. */
export function toUser({ user, online }: SeenUser, told: { readonly external: boolean }, links: Show): wire.User {
  const { id, name, picture, username, external, role, lastSeenAt, createdAt } = user;
  return {
    id: String(id),
    name,
    ...(username !== undefined && { username }),
    ...(picture !== undefined && { profilePic: links.show(picture) }),
    ...(told.external && external !== undefined && { externalId: external }),
    role,
    ...(online !== undefined && { online }),
    ...(lastSeenAt !== undefined && { lastSeenAt: toTime(lastSeenAt) }),
    createdAt: toTime(createdAt),
  };
}

export function toSession({ id, user, door, codec, address, openedAt }: SessionInfo): wire.Session {
  return { id: String(id), userId: String(user), door, codec, address, openedAt: toTime(openedAt) };
}

export function toApiToken({ name, scopes, namespace, createdAt }: ApiToken): wire.ApiToken {
  return { name, scopes: [...scopes], ...(namespace !== undefined && { namespace }), createdAt: toTime(createdAt) };
}

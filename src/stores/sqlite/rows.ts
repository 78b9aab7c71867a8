/** Rows of the embedded store as the core's nouns, and back. The only place that knows how columns spell them. */
import { ROLES, timeOfId } from '../../core/index.ts';
import type {
  Content,
  Conversation,
  ConversationKind,
  MemberRole,
  Membership,
  Message,
  Origin,
  Resource,
  Role,
  User,
} from '../../core/index.ts';
import { parseColumn } from './statements.ts';

const KINDS = ['text', 'audio', 'sticker', 'photo', 'video', 'gif', 'file', 'location', 'contact'] as const;
export const SENT = 0;
export const RECALLED = 1;
export const EXPIRED = 2;

export interface MessageRow {
  readonly id: number;
  readonly conversation: number;
  readonly idx: number;
  readonly sender: number;
  readonly kind: number;
  readonly state: number;
  readonly text: string | null;
  readonly data: string | null;
  readonly key: string | null;
  readonly expires_at: number | null;
  readonly edited_at: number | null;
  readonly desk: string | null;
}

export interface ConversationRow {
  readonly id: number;
  readonly namespace: number;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly notice: string;
  readonly picture: string | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly creator: number;
  readonly created_at: number;
  readonly version: number;
  readonly first_index: number;
  readonly cut_id: number;
  readonly last_index: number;
  readonly last_id: number;
  readonly last_change: number;
  readonly source: string | null;
  readonly aside_of: number | null;
  readonly audience: string | null;
  readonly listed: number;
}

export interface MembershipRow {
  readonly conversation: number;
  readonly user: number;
  readonly namespace: number;
  readonly role: MemberRole;
  readonly joined_at: number;
  readonly delivered_index: number;
  readonly read_index: number;
  readonly authored_read: number;
  readonly authored: number;
  readonly listed: number;
}

export interface UserRow {
  readonly id: number;
  readonly role: Role;
  readonly name: string;
  readonly username: string | null;
  readonly external: string | null;
  readonly password_hash: string | null;
  readonly created_at: number;
  readonly last_seen_at: number | null;
  readonly picture: string | null;
  readonly person: string | null;
  readonly erased_at: number | null;
}

/** Columns of a content: its kind, its text, and everything else as JSON. */
export interface ContentColumns {
  readonly kind: number;
  readonly text: string | null;
  readonly data: string | null;
}

export function toColumns(content: Content): ContentColumns {
  const { text, resource, location, attachments } = content;
  // Members in one order, whatever that of the caller: contents are compared as they are spelled here.
  const data =
    resource === undefined && location === undefined && attachments === undefined
      ? null
      : JSON.stringify({
          resource: resource && toResource(resource),
          location: location && { latitude: location.latitude, longitude: location.longitude },
          attachments: attachments?.map((one) =>
            'resource' in one
              ? { resource: toResource(one.resource), mediaType: one.mediaType, size: one.size }
              : { foreign: one.foreign },
          ),
        });
  return { kind: KINDS.indexOf(content.kind), text: text ?? null, data };
}

function toResource({ url, thumbnail, name, file }: Resource): object {
  return { url, thumbnail, name, file };
}

export function toContent(columns: ContentColumns): Content {
  const kind = KINDS[columns.kind] ?? 'text';
  if (columns.data === null) return { kind, text: columns.text ?? '' };
  const { resource, location, attachments } = parseColumn('content', columns.data);
  return {
    kind,
    ...(columns.text !== null && { text: columns.text }),
    ...(resource && { resource }),
    ...(location && { location }),
    ...(attachments && { attachments }),
  };
}

/** A message as it reads at this moment: one whose time has come is expired, whether its content is erased yet or not. */
export function toMessage(row: MessageRow, now: number): Message {
  const expired = row.state === EXPIRED || (row.expires_at !== null && row.expires_at <= now);
  const state = expired ? 'expired' : row.state === RECALLED ? 'recalled' : 'sent';
  return {
    id: row.id,
    conversation: row.conversation,
    index: row.idx,
    sender: row.sender,
    ...(state === 'sent' && { content: toContent(row) }),
    state,
    sentAt: timeOfId(row.id),
    ...(row.expires_at !== null && { expiresAt: row.expires_at }),
    ...(row.edited_at !== null && { editedAt: row.edited_at }),
    ...(row.desk !== null && { desk: parseColumn('desk', row.desk) }),
  };
}

export function toConversation(row: ConversationRow, namespace: string): Conversation {
  return {
    id: row.id,
    namespace,
    kind: row.kind,
    name: row.name,
    notice: row.notice,
    ...(row.picture !== null && { picture: row.picture }),
    ...(row.low !== null && row.high !== null && { peers: [row.low, row.high] as const }),
    ...(row.source !== null && { source: row.source }),
    ...(row.aside_of !== null && row.audience !== null && { aside: { of: row.aside_of, audience: row.audience } }),
    creator: row.creator,
    createdAt: row.created_at,
    version: row.version,
  };
}

export function toMembership(row: MembershipRow): Membership {
  return {
    conversation: row.conversation,
    user: row.user,
    role: row.role,
    joinedAt: row.joined_at,
    deliveredIndex: row.delivered_index,
    readIndex: row.read_index,
  };
}

export function toUser(row: UserRow, namespace: string): User {
  return {
    namespace,
    id: row.id,
    // One text for all users who have it: of those who are online it is kept.
    role: ROLES.find((role) => role === row.role) ?? row.role,
    name: row.name,
    ...(row.picture !== null && { picture: row.picture }),
    ...(row.person !== null && { person: parseColumn('person', row.person) }),
    ...(row.username !== null && { username: row.username }),
    ...(row.external !== null && { external: row.external }),
    createdAt: row.created_at,
    ...(row.last_seen_at !== null && { lastSeenAt: row.last_seen_at }),
    ...(row.erased_at !== null && { erasedAt: row.erased_at }),
  };
}

export function sameContent(row: MessageRow, columns: ContentColumns): boolean {
  return row.kind === columns.kind && row.text === columns.text && row.data === columns.data;
}

export type OriginColumns = readonly [door: string, session: number, trace: string | null];

export function originColumns(origin: Origin): OriginColumns {
  return [origin.door, origin.session, origin.trace ?? null];
}

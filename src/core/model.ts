/**
 * The nouns of Switchboard: what exists, in the words every room uses.
 * Plain data only; nothing here knows a wire format, a table or a socket.
 */

/** A positive, time-ordered integer below 2^53: one id space for users, conversations, messages, sessions and events. */
export type Id = number;

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number;

/** What a user is. A guest listens in rooms and never speaks. */
export type Role = 'user' | 'operator' | 'bot' | 'guest';

export const ROLES: readonly Role[] = ['user', 'operator', 'bot', 'guest'];

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [member: string]: Json;
}

/** How the support desk knows somebody: what back ends tell of a user besides id and role (seed 003). */
export interface Person {
  /** Address of a picture, as it was told. */
  readonly avatar?: string;
  readonly lastname?: string;
  readonly firstname?: string;
  readonly patronymic?: string;
  /** The role's own word where it is none of ours: kept and told as it came. */
  readonly role?: string;
}

/** An account inside one namespace. `id` is unique within its namespace only. */
export interface User {
  readonly namespace: string;
  readonly id: Id;
  readonly role: Role;
  /** What people see; may be empty. */
  readonly name: string;
  /** Address of a picture: a file of ours (`fileAddress`), or one elsewhere. */
  readonly picture?: string;
  readonly person?: Person;
  /** Sign-in name of a built-in account. */
  readonly username?: string;
  /** The `sub` of an account system that does not use our ids. */
  readonly external?: string;
  readonly createdAt: Millis;
  /** When the last session of this user ended. */
  readonly lastSeenAt?: Millis;
  /** When the person was erased: what is left is the id, so that what others said to it keeps its place. */
  readonly erasedAt?: Millis;
}

/**
 * - `private`: two users; exists from the first message, or from when one of them opened it
 * - `group`: members, all may write
 * - `channel`: owners and admins write, members follow
 * - `room`: no membership, you are in while connected, history is short
 * - `support`: a client and operators
 */
export type ConversationKind = 'private' | 'group' | 'channel' | 'room' | 'support';

export const CONVERSATION_KINDS: readonly ConversationKind[] = ['private', 'group', 'channel', 'room', 'support'];

/** One ordered sequence of messages. */
export interface Conversation {
  readonly id: Id;
  readonly namespace: string;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly notice: string;
  /** Address of a picture: a file of ours (`fileAddress`), or one elsewhere. */
  readonly picture?: string;
  /** Both users of a private conversation, lower id first; a note to self has the same id twice. */
  readonly peers?: readonly [Id, Id];
  /** Of a support chat: the widget it came through, which decides which operators see it. It never changes. */
  readonly source?: string;
  /**
   * This is an aside of a support chat: what is said there stands beside the chat, for those of its members whose role is the audience and
   * for nobody else (docs/adr/0031-asides.md). Only the desk knows of it.
   */
  readonly aside?: Aside;
  /** Who created it; 0 when a back end did. */
  readonly creator: Id;
  readonly createdAt: Millis;
  /**
   * Grows with every change that may take a right away (a member removed or demoted, an owner or admin added, a block, a deletion).
   * A send carries the version its permission was decided on; the store refuses it as `stale` when the version has moved.
   */
  readonly version: number;
}

export interface Aside {
  /** The support chat's conversation. */
  readonly of: Id;
  /** A role, or another word that back ends use for one. */
  readonly audience: string;
}

/** A conversation and how far its sequence has come. */
export interface ConversationHead {
  readonly conversation: Conversation;
  /** Index of the newest message; 0 before the first. */
  readonly lastIndex: number;
  /** Id of the newest message; 0 before the first. */
  readonly lastId: Id;
  /** Index of the oldest message that retention has left. */
  readonly firstIndex: number;
  /** Id of the newest message that retention has removed; 0 when nothing was. */
  readonly cutId: Id;
}

/** Rights of a user in a conversation, strongest first. */
export type MemberRole = 'owner' | 'admin' | 'member';

export const MEMBER_ROLES: readonly MemberRole[] = ['owner', 'admin', 'member'];

/** A user in a conversation. Both cursors are message indexes, 0 before the first; they never go back. */
export interface Membership {
  readonly conversation: Id;
  readonly user: Id;
  readonly role: MemberRole;
  readonly joinedAt: Millis;
  readonly deliveredIndex: number;
  readonly readIndex: number;
}

/** Messages in the conversations of a namespace and kind (absent: of all) are kept this long. */
export interface RetentionRule {
  readonly namespace?: string;
  readonly kind?: ConversationKind;
  readonly keep: Millis;
}

/** What a message is made of. `text` also carries stickers and contacts that are words. */
export type MessageKind = 'text' | 'audio' | 'sticker' | 'photo' | 'video' | 'gif' | 'file' | 'location' | 'contact';

export const MESSAGE_KINDS: readonly MessageKind[] = [
  'text',
  'audio',
  'sticker',
  'photo',
  'video',
  'gif',
  'file',
  'location',
  'contact',
];

/** Something to look at, listen to or download. */
export interface Resource {
  /** Where it is: of a file of ours the address without a signature (`fileAddress`), which is no link that anybody could follow. */
  readonly url: string;
  readonly thumbnail?: string;
  /** What people see as its name. */
  readonly name?: string;
  /** The file of ours that it is. */
  readonly file?: Id;
}

/** One of the attachments of a support message: a file of ours, or what a back end told of a file of its own, kept as it came. */
export type Attachment =
  | {
      readonly resource: Resource;
      readonly mediaType: string;
      /** Bytes. */
      readonly size: number;
    }
  | { readonly foreign: JsonObject };

/** Content of a message: exactly one of `text`, `resource` and `location` is set; a resource may have a `text` as well, its caption. */
export interface Content {
  readonly kind: MessageKind;
  readonly text?: string | undefined;
  readonly resource?: Resource | undefined;
  /** Degrees, WGS 84. */
  readonly location?: { readonly latitude: number; readonly longitude: number } | undefined;
  /** All attachments of a support message, where it has any; `resource` is the first of them that has an address, for doors that show one. */
  readonly attachments?: readonly Attachment[] | undefined;
}

/** What a message of a support chat has besides its content (seed 003, Message). */
export interface DeskPart {
  /** `standard`, `system`, `note` or `bot`; another word that a back end uses is kept. */
  readonly type: string;
  /** Of a system message: the role that sees it. */
  readonly typeRole?: string;
  /** The id a back end gave it: unique in its namespace. */
  readonly external?: number;
  /** What else a back end told of it, kept as it came. */
  readonly extra?: JsonObject;
}

/** `recalled` and `expired` messages keep their place and lose their content. */
export type MessageState = 'sent' | 'recalled' | 'expired';

/** One message. Its place (`conversation`, `index`) and `id` never change; its content may be edited, recalled or expire. */
export interface Message {
  readonly id: Id;
  readonly conversation: Id;
  /** Place in the conversation: dense, from 1. */
  readonly index: number;
  readonly sender: Id;
  /** Absent once the message is recalled or expired. */
  readonly content?: Content;
  readonly state: MessageState;
  readonly sentAt: Millis;
  readonly expiresAt?: Millis;
  readonly editedAt?: Millis;
  /** In support chats, where it is more than a standard message: kept when the message is recalled. */
  readonly desk?: DeskPart;
}

/** An earlier content of an edited message. */
export interface Revision {
  readonly message: Id;
  /** When this content was replaced. */
  readonly replacedAt: Millis;
  readonly content: Content;
}

/** What a file is: decided from its bytes, never from what the uploader says. */
export interface FileInfo {
  /** Media type that it is served as. */
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the stored bytes, in hex: equal files are kept once. */
  readonly hash: string;
  /** Pixels, of an image. */
  readonly width?: number;
  readonly height?: number;
  /** SHA-256 of a smaller picture of it. */
  readonly preview?: string;
}

/** An uploaded file. Who may see it follows from where it is used: in a message, or as somebody's or a conversation's picture. */
export interface StoredFile extends FileInfo {
  readonly id: Id;
  readonly namespace: string;
  /** Who uploaded it; 0 for a back end. */
  readonly owner: Id;
  /** What the uploader called it, without anything that could be a path. */
  readonly name: string;
  readonly createdAt: Millis;
}

/** How far the erasure of a person has come. */
export interface Erasure {
  readonly namespace: string;
  readonly user: Id;
  readonly startedAt: Millis;
  /** Absent while it goes on. */
  readonly finishedAt?: Millis;
}

/** Where a file is used. */
export type FileUse =
  | { readonly kind: 'message'; readonly message: Id; readonly conversation: Id }
  | { readonly kind: 'conversation'; readonly conversation: Id }
  | { readonly kind: 'user'; readonly user: Id };

/** Through what a request came: kept with every fact it causes. */
export interface Origin {
  readonly door: string;
  /** The live session, 0 for a single call. */
  readonly session: Id;
  /** W3C `traceparent` of the caller, when it sent one. */
  readonly trace?: string;
}

/** Who acts: a user through a door. */
export interface Actor extends Origin {
  readonly namespace: string;
  readonly user: Id;
  readonly role: Role;
  /** A back end acts (Api-Token); it is not bound to the user's own memberships. */
  readonly server: boolean;
  /** The name of the back end's Api-Token, for the notes of who did what. */
  readonly backEnd?: string;
  /** Network the request comes from, for limits (`networkOf`); kept nowhere. */
  readonly address?: string;
  /** The widget of the support desk that the user's token is for; absent: any. */
  readonly source?: string;
}

/** What a store can be asked about support chats and the desk's settings: part of `Operation` (core/operations.ts). */
import type { MemberChange } from '../events.ts';
import type { Content, Conversation, Id, JsonObject, Membership, Message, Origin } from '../model.ts';
import type { Staff } from './serving.ts';
import type { ChatChange, DeskSetting, DeskSettingKind, Rating, Scene, SupportChat } from './model.ts';

/** Who has come into a chat's conversation and who has gone. */
export interface ChatMembers extends MemberChange {
  readonly conversation: Conversation;
  readonly memberships: readonly Membership[];
}

/**
 * Find a support chat, or make it: the one with this `uuid`, else the client's newest in this widget that is not closed. What `supply` names is
 * taken over, as a back end says it, in a chat that is found as well.
 */
export interface OpenChat {
  readonly type: 'chat-open';
  readonly namespace: string;
  /** Empty: not named. Lower case. */
  readonly uuid: string;
  readonly source: string;
  /** 0: nobody. A chat that is found by its uuid keeps its client. */
  readonly client: Id;
  readonly department: string;
  readonly supply?: ChatSupply | undefined;
  readonly origin: Origin;
}

/** What a back end says of a chat; what is absent stays. */
export interface ChatSupply {
  readonly status?: string | undefined;
  /** 0: nobody. */
  readonly operator?: Id | undefined;
  readonly department?: string | undefined;
  readonly extra?: JsonObject | undefined;
}

export interface ChatOpened {
  readonly type: 'chat-open';
  readonly conversation: Conversation;
  readonly chat: SupportChat;
  readonly created: boolean;
  readonly members: readonly Membership[];
  /** Absent when nothing has changed. */
  readonly change?: ChatChange;
  readonly membersChanged?: ChatMembers;
}

/**
 * What may happen to a support chat. Each is checked again in the transaction: of many operators who take one chat, one gets it.
 * - `take`: by an operator, while no other has it
 * - `assign`: to an operator who has fewer than `capacity` chats, while it waits and nobody has it
 * - `transfer`: to an operator, or (0) to the queue of a department; with `from`, while that operator (0: nobody) has it
 * - `close`, `rate`: once; a chat is rated when it is closed, by its client
 * - `reopen`: to an operator at once, while no other has it; by its client (0) to the operator who had it where the `staff` has them with room,
 *   else to the queue
 * - `withdraw`: the operator serves the chat's widget no longer: is no member any more, and one that the operator has waits again
 * - `join`: an operator becomes a member without taking it
 */
export type ChatStep =
  | { readonly kind: 'take'; readonly operator: Id }
  | { readonly kind: 'assign'; readonly operator: Id; readonly capacity: number }
  | { readonly kind: 'transfer'; readonly operator: Id; readonly department: string; readonly from?: Id | undefined }
  | { readonly kind: 'close' }
  | { readonly kind: 'reopen'; readonly operator: Id; readonly staff?: Staff }
  | { readonly kind: 'withdraw'; readonly operator: Id }
  | { readonly kind: 'rate'; readonly rating: Rating }
  | { readonly kind: 'join'; readonly operator: Id };

export interface ChangeChat {
  readonly type: 'chat';
  readonly conversation: Id;
  /** Who does it; 0 for the server itself or a back end. */
  readonly user: Id;
  readonly step: ChatStep;
  /** Stored with it as a note, before it is told: for the operator who takes over. */
  readonly note?: Content | undefined;
  readonly origin: Origin;
}

export interface ChatChanged {
  readonly type: 'chat';
  readonly conversation: Conversation;
  readonly chat: SupportChat;
  /** Absent when it was so already: nothing is told. */
  readonly change?: ChatChange;
  readonly membersChanged?: ChatMembers;
  readonly note?: { readonly conversation: Conversation; readonly message: Message; readonly scene: Scene };
}

/** Who a visitor is, by the site. */
export interface Identification {
  readonly namespace: string;
  readonly visitor: Id;
  readonly user: Id;
}

/**
 * An anonymous visitor has said who they are, once and for all: the visitor's chats, with what was said in them, are the person's from now on, and
 * the visitor opens no more. Refused when the visitor is somebody else already. To be repeated until it is `done`: each time takes a short while.
 */
export interface IdentifyClient {
  readonly type: 'identify';
  readonly namespace: string;
  readonly visitor: Id;
  readonly user: Id;
  readonly origin: Origin;
}

export interface ClientIdentified {
  readonly type: 'identify';
  readonly namespace: string;
  readonly visitor: Id;
  readonly user: Id;
  /** Of each chat: the person has come and the visitor has gone. */
  readonly changes: readonly { readonly change: ChatChange; readonly members: ChatMembers }[];
  /** Nothing of the visitor's is left to be given. */
  readonly done: boolean;
}

/** Keep one of the desk's settings, or replace it. A reply with the id 0 is given one. */
export interface SaveDeskSetting {
  readonly type: 'desk-setting';
  readonly namespace: string;
  readonly setting: DeskSetting;
}

export interface DeskSettingSaved {
  readonly type: 'desk-setting';
  readonly namespace: string;
  readonly setting: DeskSetting;
}

export interface DeleteDeskSetting {
  readonly type: 'desk-setting-delete';
  readonly namespace: string;
  readonly kind: DeskSettingKind;
  readonly name: string;
}

export interface DeskSettingDeleted {
  readonly type: 'desk-setting-delete';
  readonly namespace: string;
  readonly kind: DeskSettingKind;
  readonly name: string;
  readonly deleted: boolean;
}

/** What a store can be asked about conversations themselves: part of `Operation` (operations.ts). */
import type { Audited } from './moderation-operations.ts';
import type { SupportChat } from './desk/model.ts';
import type { Conversation, ConversationKind, Id, MemberRole, Membership, Origin } from './model.ts';

export interface CreateConversation {
  readonly type: 'create';
  readonly namespace: string;
  readonly kind: Exclude<ConversationKind, 'private'>;
  readonly name: string;
  readonly notice: string;
  /** 0 when a back end creates it for nobody. */
  readonly creator: Id;
  readonly members: readonly { readonly user: Id; readonly role: MemberRole }[];
  readonly origin: Origin;
}

export interface ConversationCreated {
  readonly type: 'create';
  readonly conversation: Conversation;
  readonly members: readonly Membership[];
}

export interface UpdateConversation {
  readonly type: 'update';
  readonly conversation: Id;
  readonly user: Id;
  readonly name?: string;
  readonly notice?: string;
  /** Empty: no picture any more. */
  readonly picture?: string;
  readonly origin: Origin;
}

export interface ConversationUpdated {
  readonly type: 'update';
  readonly conversation: Conversation;
}

/** Delete a conversation with everything in it. */
export interface DeleteConversation extends Audited {
  readonly type: 'delete';
  readonly conversation: Id;
  readonly user: Id;
  readonly origin: Origin;
}

export interface ConversationDeleted {
  readonly type: 'delete';
  readonly conversation: Conversation;
  /** The support chat that it was. */
  readonly chat?: SupportChat;
}

/**
 * Who may do what. Pure decisions on what the directory knows; every door and every action asks here and nowhere else.
 *
 * A conversation that is not the caller's answers exactly as one that does not exist (design.md, promise 6).
 */
import type { Access } from './directory.ts';
import { ChatError } from './errors.ts';
import { CONVERSATION_KINDS, MEMBER_ROLES } from './model.ts';
import type { Actor, Conversation, ConversationKind, Id, MemberRole, Message, Millis } from './model.ts';
import type { Writers } from './ports.ts';

/**
 * Kinds whose members know each other, and so when the others are online. A channel and a room anybody may follow: who is in one with somebody
 * learns nothing of when that person is there.
 */
export const ACQUAINTING: readonly ConversationKind[] = ['private', 'group', 'support'];

/** Kinds that have members, and so a place in somebody's list. */
export const LISTED: readonly ConversationKind[] = CONVERSATION_KINDS.filter((kind) => kind !== 'room');

/** Whether the members of such a conversation may know when the others are online. */
export function acquaints(kind: ConversationKind): boolean {
  return ACQUAINTING.includes(kind);
}

const CHANNEL_WRITERS: readonly MemberRole[] = ['owner', 'admin'];

export function notFound(): ChatError {
  return new ChatError('not_found', 'There is no such conversation, user or message, or it is not yours.');
}

function denied(reason: string): ChatError {
  return new ChatError('permission_denied', reason);
}

/** May the actor send to this target? */
export function checkSend(actor: Actor, access: Access): void {
  const { conversation } = access;
  if (conversation === undefined && access.peer === undefined) throw notFound();
  if (conversation?.aside !== undefined) throw notFound();
  const open = conversation === undefined || conversation.kind === 'private' || conversation.kind === 'room';
  // Before every other reason: whose it is not does not learn that it is there.
  if (!open && !actor.server && access.role === undefined) throw notFound();
  if (access.peer?.erasedAt !== undefined) throw denied('This account was erased.');
  if (actor.role === 'guest') throw denied('Guests may listen, not speak. Sign in to write.');
  if (access.blocked) throw denied('This user does not take messages from you.');
  if (conversation?.kind === 'channel' && !actor.server && access.role === 'member') {
    throw denied('Only owners and admins write in a channel.');
  }
}

/** Who may send to a conversation of this kind: what the store looks at when its version has moved since the decision. */
export function writersOf(actor: Actor, kind: ConversationKind): Writers {
  if (actor.server || kind === 'room') return 'anyone';
  return kind === 'channel' ? CHANNEL_WRITERS : MEMBER_ROLES;
}

/** May the actor upload files? Everybody who may write somewhere. */
export function checkUpload(actor: Actor): void {
  if (actor.server) return;
  if (actor.role === 'guest') throw denied('Guests may not upload files. Sign in first.');
  if (actor.user === 0) throw denied('Only users and back ends may upload files.');
}

/** May the actor read this conversation? Returns it. */
export function checkRead(actor: Actor, access: Access): Conversation {
  const { conversation } = access;
  // Only the desk knows of asides.
  if (conversation === undefined || conversation.aside !== undefined) throw notFound();
  if (kindsFor(actor, [conversation.kind]).length === 0) throw notFound();
  if (actor.server || conversation.kind === 'room' || access.role !== undefined) return conversation;
  throw notFound();
}

/** May the actor create a conversation of this kind? Users groups, channels and rooms; support is for back ends, which know who the client is. */
export function checkCreate(actor: Actor, kind: ConversationKind): void {
  if (actor.role === 'guest') throw denied('Guests do not create conversations. Sign in first.');
  if (kind === 'support' && !actor.server) throw denied('Only back ends create support conversations.');
}

/** May the actor look users up? Guests see themselves and nobody else. `user` absent: by name, or whoever there is. */
export function checkLookUp(actor: Actor, user?: Id): void {
  if (isGuest(actor) && user !== actor.user) throw denied('Guests do not look up users. Sign in first.');
}

/** Conversation kinds that the actor hears and reads of. Guests listen in rooms and nowhere else, whatever they were a member of before. */
export function kindsFor(actor: Actor, kinds: readonly ConversationKind[]): readonly ConversationKind[] {
  return isGuest(actor) ? kinds.filter((kind) => kind === 'room') : kinds;
}

function isGuest({ role, server }: Actor): boolean {
  return role === 'guest' && !server;
}

/** May the actor change name, notice or members? Owners and admins, and back ends. */
export function checkManage(actor: Actor, access: Access): Conversation {
  const conversation = checkRead(actor, access);
  if (conversation.kind === 'private') throw denied('A private conversation has its two users, no name and no other members.');
  if (actor.server || access.role === 'owner' || access.role === 'admin') return conversation;
  throw denied('Only owners and admins may do this.');
}

/** May the actor delete the conversation? Its owner, and back ends. */
export function checkDelete(actor: Actor, access: Access): Conversation {
  const conversation = checkRead(actor, access);
  if (actor.server || access.role === 'owner') return conversation;
  throw denied('Only the owner may delete a conversation.');
}

/** May the actor give this role, or take it away? Nobody but an owner makes or unmakes owners and admins. */
export function checkRoleChange(actor: Actor, access: Access, role: MemberRole): void {
  if (actor.server || access.role === 'owner' || role === 'member') return;
  throw denied('Only an owner may make or remove owners and admins.');
}

/** The message that was looked for. When the caller said `within` which conversation, one that lies elsewhere is as missing as any. */
export function checkFound(message: Message | undefined, within: Id | undefined): Message {
  if (message === undefined || (within !== undefined && message.conversation !== within)) throw notFound();
  return message;
}

/** May the actor edit this message? To edit is to speak: whose message it is, within the window, and as long as they may send there. */
export function checkEdit(actor: Actor, access: Access, message: Message, window: Millis, now: Millis): Conversation {
  const conversation = checkRecall(actor, access, message, window, now);
  checkSend(actor, access);
  return conversation;
}

/** May the actor take this message back? Its sender while they may read it, within the window; back ends always. Silence takes no right to speak. */
export function checkRecall(actor: Actor, access: Access, message: Message, window: Millis, now: Millis): Conversation {
  const conversation = checkRead(actor, access);
  if (actor.server) return conversation;
  if (message.sender !== actor.user) throw denied('Only the sender may change a message.');
  if (window > 0 && now - message.sentAt > window) {
    throw new ChatError('failed_precondition', `A message may be changed for ${window / 1000} s after it was sent.`);
  }
  return conversation;
}

/** Are all members told how far one has read? In private and support conversations and in small groups; never in channels and rooms. */
export function tellsEverybody(kind: ConversationKind, members: number, smallGroup: number): boolean {
  return kind === 'private' || kind === 'support' || (kind === 'group' && members <= smallGroup);
}

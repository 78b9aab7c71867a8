/**
 * How far messages of a support chat have come. What one side of the chat wrote is delivered and read when the other side's cursor has passed it;
 * what stands in an aside, which has many readers, when anybody's has but its author's. Pure, and the same for every store: a status never goes back.
 */
import type { Id, Message } from '../model.ts';
import type { AsideCursors, Reach, Scene, SupportChat } from './model.ts';

export type MessageProgress = 'new' | 'delivered' | 'read';

const NOWHERE: Reach = { index: 0, by: 0, others: 0 };

/** Of an aside that nobody has marked anything in. */
export const UNMARKED: AsideCursors = { delivered: NOWHERE, read: NOWHERE };

/** The cursors after somebody has received, or read, everything up to an index; the same object where that is no news. User 0 is nobody in particular. */
export function markAside(before: AsideCursors, cursor: 'delivered' | 'read', user: Id, index: number): AsideCursors {
  const read = cursor === 'read' ? reached(before.read, user, index) : before.read;
  const delivered = reached(before.delivered, user, index);
  return read === before.read && delivered === before.delivered ? before : { delivered, read };
}

function reached(before: Reach, user: Id, index: number): Reach {
  if (user === before.by) return index > before.index ? { ...before, index } : before;
  if (index > before.index) return { index, by: user, others: before.index };
  return index > before.others ? { ...before, others: index } : before;
}

/** Two users turn out to be one. What either has marked counts for everybody from now on: no status goes back for what the other wrote. */
export function joinMarks({ delivered, read }: AsideCursors, users: readonly Id[]): AsideCursors {
  const anonymous = (reach: Reach): Reach => (users.includes(reach.by) ? { ...reach, by: 0 } : reach);
  return { delivered: anonymous(delivered), read: anonymous(read) };
}

/** The later of two moments of one aside. */
export function laterCursors(one: AsideCursors, other: AsideCursors): AsideCursors {
  return { delivered: laterReach(one.delivered, other.delivered), read: laterReach(one.read, other.read) };
}

/** Both numbers of a reach only grow. */
function laterReach(one: Reach, other: Reach): Reach {
  return one.index + one.others > other.index + other.others ? one : other;
}

type Placed = Pick<Message, 'conversation' | 'index' | 'sender'>;

/** `scene`: with the cursors of the aside, where the message stands in one. */
export function messageStatus(message: Placed, { chat, aside = UNMARKED }: Pick<Scene, 'chat' | 'aside'>): MessageProgress {
  const { index } = message;
  const [delivered, read] = message.conversation === chat.conversation ? ofSide(message, chat) : ofOthers(message, aside);
  if (index <= read) return 'read';
  return index <= delivered ? 'delivered' : 'new';
}

/** How far the side of the chat has come that did not write the message. */
function ofSide({ sender }: Placed, { client, cursors }: SupportChat): readonly [delivered: number, read: number] {
  const { clientDelivered, clientRead, deskDelivered, deskRead } = cursors;
  return sender === client ? [deskDelivered, deskRead] : [clientDelivered, clientRead];
}

function ofOthers({ sender }: Placed, { delivered, read }: AsideCursors): readonly [delivered: number, read: number] {
  const farthest = ({ index, by, others }: Reach): number => (by === sender && sender !== 0 ? others : index);
  return [farthest(delivered), farthest(read)];
}

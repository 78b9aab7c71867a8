/** What a step or a message makes of a support chat, or why it is refused. Pure: the store says what it has counted. */
import { ChatError, mayBeGiven } from '../../core/index.ts';
import type { ChatCause, ChatStep, ChatSupply, Staff, User } from '../../core/index.ts';
import type { KeptChat } from './desk-chats.ts';

/** Stands for the place in the queue that a chat is about to get: the id of the fact that tells of it. */
export const WAITING = -1;

/** What the return of a chat to the operator who had it depends on. */
interface Returning {
  /** That operator, where they are a member still, and how many chats they have. */
  readonly last: { readonly operator: number; readonly load: number } | undefined;
  /** Who may be given chats. */
  readonly staff: Staff | undefined;
  readonly now: number;
}

interface Known extends Omit<Returning, 'staff'> {
  /** Chats that the operator of the step has. */
  readonly load: number;
  /** Who has the chat. */
  readonly taker: User | undefined;
  /** Who does it. */
  readonly by: number;
}

export interface Stepped {
  readonly cause: ChatCause;
  /** The chat itself when it was so already. */
  readonly after: KeptChat;
  /** Its client waits in the queue from now on. */
  readonly waits?: boolean;
}

export function afterStep(before: KeptChat, step: ChatStep, known: Known): Stepped | ChatError {
  switch (step.kind) {
    case 'take':
      return take(before, step.operator, known);
    case 'assign':
      return assign(before, step, known);
    case 'transfer':
      return transfer(before, step, known);
    case 'close':
      return close(before, known);
    case 'reopen':
      return reopen(before, step, known);
    case 'withdraw':
      return withdraw(before, step.operator);
    case 'rate': {
      if (before.status !== 'closed') return refused('A chat is rated when it is closed.');
      const { rating } = before;
      const same = rating?.score === step.rating.score && rating.comment === step.rating.comment;
      return { cause: 'rated', after: same ? before : { ...before, rating: step.rating } };
    }
    case 'join':
      return before.status === 'closed' ? refused('The chat is closed.') : { cause: 'joined', after: before };
  }
}

function take(before: KeptChat, operator: number, { taker, now }: Known): Stepped | ChatError {
  if (before.operator !== 0 && before.operator !== operator) return taken(before.operator, taker);
  if (before.status === 'closed') return refused('The chat is closed: open it again first.');
  if (before.operator === operator && before.status !== 'new') return { cause: 'taken', after: before };
  return { cause: 'taken', after: given(before, operator, 'open', now) };
}

function assign(
  before: KeptChat,
  { operator, capacity }: ChatStep & { kind: 'assign' },
  { load, taker, now }: Known,
): Stepped | ChatError {
  if (before.operator !== 0) return taken(before.operator, taker);
  if (before.status !== 'new' || before.queued === undefined) return refused('Nobody waits in this chat.');
  if (load >= capacity) return full(capacity);
  return { cause: 'assigned', after: given(before, operator, 'new', now) };
}

function transfer(
  before: KeptChat,
  { operator, department, from = before.operator }: ChatStep & { kind: 'transfer' },
  { taker, now }: Known,
): Stepped | ChatError {
  const handedOn = before.operator === 0 ? refused('Nobody has this chat any more.') : taken(before.operator, taker);
  if (before.status === 'closed') return refused('The chat is closed: open it again first.');
  const moved = { ...before, department };
  if (operator !== 0) {
    if (before.operator === operator && before.department === department) return { cause: 'transferred', after: before };
    if (from !== before.operator) return handedOn;
    return { cause: 'transferred', after: given(moved, operator, before.status === 'new' ? 'new' : before.status, now) };
  }
  const isThere = before.operator === 0 && before.queued !== undefined && before.department === department;
  if (isThere) return { cause: 'transferred', after: before };
  if (from !== before.operator) return handedOn;
  return { cause: 'transferred', after: { ...moved, status: 'new', operator: 0 }, waits: true };
}

function close(before: KeptChat, { by, now }: Known): Stepped {
  if (before.status === 'closed') return { cause: 'closed', after: before };
  const { queued: _, queuedAt: __, ...rest } = before;
  // Who closes it for the desk has seen it; what a client has left behind is still to be read.
  const unread = before.unread && by === before.client;
  return { cause: 'closed', after: { ...rest, status: 'closed', closedAt: now, unread } };
}

function reopen(before: KeptChat, { operator, staff }: ChatStep & { kind: 'reopen' }, known: Known): Stepped | ChatError {
  if (before.status !== 'closed') {
    // Whoever opens it again is to have it: of several at once the first, and one that waits already is taken.
    return operator === 0 ? { cause: 'reopened', after: before } : take(before, operator, known);
  }
  const opened = openedAgain(before);
  if (operator !== 0) return { cause: 'reopened', after: given(opened, operator, 'open', known.now) };
  const returned = returnTo(opened, { ...known, staff });
  if (returned !== undefined) return { cause: 'reopened', after: returned };
  return { cause: 'reopened', after: { ...opened, status: 'new', operator: 0 }, waits: true };
}

function openedAgain(chat: KeptChat): KeptChat {
  const { closedAt: _, ...opened } = chat;
  return opened;
}

/** The chat with the operator who had it, where they are there and have room. */
function returnTo(chat: KeptChat, { last, staff, now }: Returning): KeptChat | undefined {
  const ready = last && staff?.get(last.operator);
  if (last === undefined || ready === undefined || !mayBeGiven(ready, last.load, chat)) return undefined;
  return given(chat, last.operator, 'open', now);
}

/** One that the operator has waits for another; a closed one is nobody's. */
function withdraw(before: KeptChat, operator: number): Stepped {
  if (before.operator !== operator) return { cause: 'withdrawn', after: before };
  if (before.status === 'closed') return { cause: 'withdrawn', after: { ...before, operator: 0 } };
  return { cause: 'transferred', after: { ...before, status: 'new', operator: 0 }, waits: true };
}

/**
 * What a message does to a chat: its client waits, or is with the operator again who had it; the operator who was given it has answered.
 * Undefined: nothing.
 */
export function afterMessage(
  before: KeptChat,
  sender: number,
  returning: () => Returning,
): { readonly cause: ChatCause; readonly after: KeptChat } | undefined {
  const { status, operator, queued } = before;
  if (sender === 0) return undefined;
  if (sender === before.client) {
    const unread = { ...before, unread: true };
    if (status === 'closed') {
      const opened = openedAgain(unread);
      const waiting = { ...opened, status: 'new', operator: 0, queued: WAITING };
      return { cause: 'reopened', after: returnTo(opened, returning()) ?? waiting };
    }
    if (status === 'new' && operator === 0 && queued === undefined)
      return { cause: 'queued', after: { ...unread, queued: WAITING } };
    return before.unread ? undefined : { cause: 'unread', after: unread };
  }
  if (sender === operator && status === 'new') return { cause: 'taken', after: { ...before, status: 'open' } };
  return undefined;
}

/** The operator has it now and nobody waits in it. */
function given(chat: KeptChat, operator: number, status: string, now: number): KeptChat {
  const { queued: _, queuedAt: __, ...rest } = chat;
  return { ...rest, status, operator, lastOperator: operator, takenAt: now };
}

/** What a back end says of the chat is taken over; the chat itself when that changes nothing. */
export function supplied(before: KeptChat, { status, operator, department, extra }: ChatSupply): KeptChat {
  const after: KeptChat = {
    ...before,
    ...(status !== undefined && { status }),
    ...(operator !== undefined && { operator, ...(operator !== 0 && { lastOperator: operator }) }),
    ...(department !== undefined && { department }),
    ...(extra !== undefined && { extra: { ...before.extra, ...extra } }),
  };
  const same =
    after.status === before.status &&
    after.operator === before.operator &&
    after.department === before.department &&
    JSON.stringify(after.extra) === JSON.stringify(before.extra);
  if (same) return before;
  const { queued: _, queuedAt: __, ...rest } = after;
  const waits = after.status === 'new' && after.operator === 0;
  return waits ? after : rest;
}

function taken(operator: number, taker: User | undefined): ChatError {
  const name = taker?.name === undefined || taker.name === '' ? String(operator) : taker.name;
  const fields = { operator: String(operator) };
  return new ChatError('failed_precondition', `${name} has this chat.`, { fields });
}

function full(capacity: number): ChatError {
  return refused(`There is a capacity of ${capacity} chats at a time, which is reached.`);
}

function refused(reason: string): ChatError {
  return new ChatError('failed_precondition', reason);
}

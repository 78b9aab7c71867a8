/** What a step makes of a support chat, or why it is refused. Pure: the store says what it has counted. */
import { ChatError } from '../../core/index.ts';
import type { ChatCause, ChatStep, ChatSupply, User } from '../../core/index.ts';
import type { KeptChat } from './desk-chats.ts';

interface Known {
  /** Chats that the operator of the step has. */
  readonly load: number;
  /** Who has the chat. */
  readonly taker: User | undefined;
  /** Who does it. */
  readonly by: number;
  readonly now: number;
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
      return transfer(before, step.operator, step.department, known);
    case 'close':
      return close(before, known);
    case 'reopen':
      return reopen(before, step.operator, known);
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
  { operator, capacity, open }: ChatStep & { kind: 'assign' },
  { load, taker, now }: Known,
): Stepped | ChatError {
  if (before.operator !== 0) return taken(before.operator, taker);
  if (before.status !== 'new' || before.queued === undefined) return refused('Nobody waits in this chat.');
  if (load >= capacity) return full(capacity);
  return { cause: 'assigned', after: given(before, operator, open ? 'open' : 'new', now) };
}

function transfer(before: KeptChat, operator: number, department: string, { now }: Known): Stepped | ChatError {
  if (before.status === 'closed') return refused('The chat is closed: open it again first.');
  const moved = { ...before, department };
  if (operator !== 0) {
    if (before.operator === operator && before.department === department) return { cause: 'transferred', after: before };
    return { cause: 'transferred', after: given(moved, operator, before.status === 'new' ? 'new' : before.status, now) };
  }
  const isThere = before.operator === 0 && before.queued !== undefined && before.department === department;
  if (isThere) return { cause: 'transferred', after: before };
  return { cause: 'transferred', after: { ...moved, status: 'new', operator: 0 }, waits: true };
}

function close(before: KeptChat, { by, now }: Known): Stepped {
  if (before.status === 'closed') return { cause: 'closed', after: before };
  const { queued: _, queuedAt: __, ...rest } = before;
  // Who closes it for the desk has seen it; what a client has left behind is still to be read.
  const unread = before.unread && by === before.client;
  return { cause: 'closed', after: { ...rest, status: 'closed', closedAt: now, unread } };
}

function reopen(before: KeptChat, operator: number, { now }: Known): Stepped {
  if (before.status !== 'closed') return { cause: 'reopened', after: before };
  const { closedAt: _, ...rest } = before;
  if (operator !== 0) return { cause: 'reopened', after: given(rest, operator, 'open', now) };
  return { cause: 'reopened', after: { ...rest, status: 'new', operator: 0 }, waits: true };
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

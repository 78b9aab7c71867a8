/** What operators and clients do with a chat: take it, hand it on, close it, open it again, rate it. */
import { checkString } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Content, Id } from '../model.ts';
import { notFound } from '../policy.ts';
import type { ChatStep } from '../ports.ts';
import { serves } from './serving.ts';
import { checkOperator, findChat, isBackEnd } from './access.ts';
import type { ChatRef, SeenChat } from './access.ts';
import { settledChat } from './chats.ts';
import { checkName } from './widgets.ts';

/** Characters of what a client says about a chat. */
export const MAX_COMMENT_LENGTH = 2_000;

/** Takes the chat: of many who do at once one has it, and the others are refused with who that is. */
export async function takeChat(core: Core, actor: Actor, ref: ChatRef): Promise<SeenChat> {
  checkOperator(actor);
  if (actor.user === 0) throw new ChatError('invalid_argument', 'x-on-behalf-of: is needed: who takes it');
  return step(core, actor, await findChat(core, actor, ref), { kind: 'take', operator: actor.user });
}

/** Becomes one of the chat's members without taking it. */
export async function joinChat(core: Core, actor: Actor, ref: ChatRef): Promise<SeenChat> {
  checkOperator(actor);
  if (actor.user === 0) throw new ChatError('invalid_argument', 'x-on-behalf-of: is needed: who joins it');
  return step(core, actor, await findChat(core, actor, ref), { kind: 'join', operator: actor.user });
}

export interface Transfer {
  /** The operator who is to have it. */
  readonly operator?: Id | undefined;
  /** Or the department whose queue it goes to; with an operator: the department it is of from now on. */
  readonly department?: string | undefined;
  /** Who has it, as far as the actor knows; 0: nobody. Refused when that has changed. Absent: who has it when this is asked for. */
  readonly from?: Id | undefined;
  /** For whoever takes over. */
  readonly note?: string | undefined;
}

/** Hands the chat on, to an operator or to a department's queue: also one that another has, so that it can be taken over. */
export async function transferChat(
  core: Core,
  actor: Actor,
  ref: ChatRef,
  { operator, department, from, note }: Transfer,
): Promise<SeenChat> {
  checkOperator(actor);
  if (operator === undefined && department === undefined) throw new ChatError('invalid_argument', 'Give operator or department.');
  const found = await findChat(core, actor, ref);
  const { chat } = found.scene;
  if (department !== undefined) await checkDepartment(core, actor, department);
  if (operator !== undefined) await checkReceiver(core, actor, operator, chat.source);
  const content: Content | undefined = note === undefined || note === '' ? undefined : { kind: 'text', text: note };
  // Of many who hand it on at once one does: the others did not know yet that it is another's.
  const to = {
    kind: 'transfer',
    operator: operator ?? 0,
    department: department ?? chat.department,
    from: from ?? chat.operator,
  } as const;
  return step(core, actor, found, to, content);
}

async function checkDepartment(core: Core, actor: Actor, name: string): Promise<void> {
  checkName('department', name);
  const { departments } = await core.desk.settings.of(actor.namespace);
  if (name !== '' && departments.size > 0 && !departments.has(name)) throw bad('department', 'there is no such department');
}

async function checkReceiver(core: Core, actor: Actor, operator: Id, source: string): Promise<void> {
  const user = await core.directory.user(actor.namespace, operator);
  const served = (await core.desk.settings.of(actor.namespace)).served(operator);
  if (user?.role !== 'operator' || !serves(served, source)) throw bad('operator', 'is no operator who serves this widget');
}

/** Ends the chat until its client writes again: by its client, or by an operator who sees it. */
export async function closeChat(core: Core, actor: Actor, ref: ChatRef): Promise<SeenChat> {
  const found = await findChat(core, actor, ref);
  if (found.scene.chat.client !== actor.user || actor.user === 0) checkOperator(actor);
  return step(core, actor, found, { kind: 'close' });
}

/** Opens a closed chat again: an operator has it at once, and of many who do one; its client is with the operator who had it, or waits. */
export async function reopenChat(core: Core, actor: Actor, ref: ChatRef): Promise<SeenChat> {
  const found = await findChat(core, actor, ref);
  const mine = found.scene.chat.client === actor.user && actor.user !== 0;
  if (!mine) checkOperator(actor);
  const operator = mine || actor.user === 0 ? 0 : actor.user;
  return step(core, actor, found, { kind: 'reopen', operator, staff: core.desk.staff(actor.namespace) });
}

/** What the client thinks of a chat that is closed. Given again while it is closed, the newer counts. */
export async function rateChat(
  core: Core,
  actor: Actor,
  ref: ChatRef,
  { score, comment = '' }: { readonly score: number; readonly comment?: string | undefined },
): Promise<SeenChat> {
  const found = await findChat(core, actor, ref);
  if (found.scene.chat.client !== actor.user && !isBackEnd(actor)) {
    throw new ChatError('permission_denied', 'Only the client of a chat rates it.');
  }
  if (!Number.isInteger(score) || score < 1 || score > 5) throw bad('score', 'is a whole number from 1 to 5');
  checkString('comment', comment);
  if (comment.length > MAX_COMMENT_LENGTH) throw bad('comment', `must not be longer than ${MAX_COMMENT_LENGTH} characters`);
  return step(core, actor, found, { kind: 'rate', rating: { score, comment } });
}

async function step(core: Core, actor: Actor, found: SeenChat, what: ChatStep, note?: Content): Promise<SeenChat> {
  const {
    conversation: { id: conversation },
  } = found;
  const { user } = actor;
  settledChat(await core.committer.commit({ type: 'chat', conversation, user, step: what, note, origin: actor }));
  const scene = await core.store.scene(conversation);
  if (scene === undefined) throw notFound();
  return { ...found, scene };
}

function bad(field: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}

/** Support chats from outside: find or open one, be in one, attend the desk. */
import { serves } from './serving.ts';
import type { Attendance } from '../attendances.ts';
import type { Sources } from './serving.ts';
import { checkName, checkPage, widgetFor } from './widgets.ts';
import type { Page } from './widgets.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Conversation, Id, User } from '../model.ts';
import type { ChatOpened } from '../ports.ts';
import type { Session } from '../session.ts';
import { notFound } from '../policy.ts';
import { checkOperator, findChat, isBackEnd, seen } from './access.ts';
import type { ChatRef, SeenChat } from './access.ts';

/** The client's chat in a widget: the newest that is not closed, else a new one. */
export async function openChat(
  core: Core,
  actor: Actor,
  asked: string,
  page: Page = { origin: undefined },
): Promise<SeenChat & { readonly created: boolean }> {
  if (actor.user === 0 || actor.role === 'operator')
    throw new ChatError('failed_precondition', 'Only clients open chats; an operator names one.');
  if (actor.role === 'guest') throw new ChatError('permission_denied', 'Guests do not open chats. Sign in first.');
  const { source, department } = await widgetFor(core, actor, asked);
  await checkPage(core, actor, source, page);
  const outcome = await core.committer.commit({
    type: 'chat-open',
    namespace: actor.namespace,
    uuid: '',
    source,
    client: actor.user,
    department,
    origin: actor,
  });
  return toSeen(core, actor, settledChat(outcome));
}

export function settledChat<T extends object>(outcome: T | 'stale'): T {
  if (outcome === 'stale') throw new ChatError('unavailable', 'The chat is changing. Try again.');
  return outcome;
}

async function toSeen(core: Core, actor: Actor, opened: ChatOpened): Promise<SeenChat & { readonly created: boolean }> {
  const scene = opened.change?.scene ?? (await core.store.scene(opened.conversation.id));
  if (scene === undefined) throw new ChatError('unavailable', 'The chat is changing. Try again.');
  return { ...(await seen(core, actor, scene)), created: opened.created };
}

/** Puts the session into a chat that its user may see: from now on it hears what happens there, asides for its role included. */
export async function enterChat(core: Core, session: Session, ref: ChatRef): Promise<SeenChat> {
  const found = await findChat(core, session.actor, ref);
  const { hub, limits } = core;
  const { id } = found.conversation;
  if (hub.isIn(id, session)) return found;
  if (hub.roomsOf(session).length >= limits.maxRoomsPerSession) {
    throw new ChatError('failed_precondition', `One connection may be in ${limits.maxRoomsPerSession} chats at the most.`);
  }
  // The same again at the moment of coming in: the operator's widgets may have changed while the chat was looked up.
  if (!found.member && !isBackEnd(session.actor) && !stillSees(core, session.actor, found)) throw notFound();
  hub.enter(id, session);
  core.desk.rooms.entered(found.conversation, session);
  // Where the client has come back, or has come first, the place in the queue is to be told.
  if (found.scene.chat.queuedAt !== undefined) core.desk.positions.arrived(found.scene.chat);
  return found;
}

function stillSees(core: Core, { namespace, user }: Actor, { scene: { chat } }: SeenChat): boolean {
  return chat.operator === user || serves(core.desk.settings.peek(namespace).served(user), chat.source);
}

/** The session is in the chat no longer. */
export function leaveChat(core: Core, session: Session, conversation: Id): void {
  core.hub.exit(conversation, session);
  core.desk.rooms.left(conversation, session);
}

/** Users in a chat. */
export async function listPresent(core: Core, conversation: Conversation): Promise<readonly User[]> {
  const ids = core.desk.rooms.in(conversation.id);
  return ids.length === 0 ? [] : core.store.users(conversation.namespace, ids);
}

/** What an operator's session asks to hear of: nothing named is all. */
export interface AttendDesk {
  readonly sources: readonly string[];
  readonly departments: readonly string[];
}

/** The operator's session hears of all chats of its widgets, as far as the operator serves them. */
export async function attendDesk(core: Core, session: Session, asked: AttendDesk): Promise<Attendance> {
  const { actor } = session;
  if (actor.server) throw new ChatError('permission_denied', 'Only operators attend the desk.');
  checkOperator(actor);
  for (const name of asked.sources) checkName('source', name);
  const settings = await core.desk.settings.of(actor.namespace);
  // Nothing waits from here on: who is assigned other widgets at this moment attends already when the sessions are told of it.
  const attendance: Attendance = {
    session,
    sources: both(asked.sources.length === 0 ? 'all' : asked.sources, settings.served(actor.user)),
    departments: both(asked.departments.length === 0 ? 'all' : asked.departments, settings.servedDepartments(actor.user)),
    asked,
  };
  core.hub.attend(attendance);
  core.desk.attended(actor.namespace, actor.user);
  return attendance;
}

function both(one: Sources, other: Sources): Sources {
  if (one === 'all') return other;
  return other === 'all' ? one : one.filter((name) => other.includes(name));
}

/** Sessions that attend, for back ends and operators. */
export function listAttendances(core: Core, actor: Actor): readonly Attendance[] {
  checkOperator(actor);
  return core.hub.attendances(actor.namespace);
}

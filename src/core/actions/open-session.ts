/** Live connections: open, close, list, end. */
import { noteOf, recordAct } from '../audit.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { DisconnectReason } from '../errors.ts';
import type { Actor, Id } from '../model.ts';
import { checkRead, notFound } from '../policy.ts';
import { recordConnected, recordDisconnected } from '../session-facts.ts';
import type { Session, SessionInfo } from '../session.ts';

/**
 * Lets the session hear its user's conversations. Doors call it before they tell the client that it is connected, so that
 * nothing committed afterwards can be missed.
 */
export async function openSession(core: Core, session: Session): Promise<void> {
  const { hub, directory } = core;
  const { namespace, user, door } = session.actor;
  for (;;) {
    checkRoom(core, namespace, user);
    // A list read while nobody's membership changed is current; for a user who is online already the hub has it.
    const epoch = directory.epoch;
    const conversations = await core.store.conversationsOf(namespace, user);
    if (directory.epoch !== epoch && !hub.isOnline(namespace, user)) continue;
    // Others have opened meanwhile, or the user was banned.
    checkRoom(core, namespace, user);
    core.restrictions.checkAllowed(namespace, user);
    if (hub.open(session, conversations)) core.presence.arrived(namespace, user);
    recordConnected(core, session);
    core.meter.sessionOpened(door);
    core.log.debug({ namespace, user, door, session: session.id, address: session.address }, 'a session has opened');
    return;
  }
}

function checkRoom({ hub, limits }: Core, namespace: string, user: Id): void {
  if (hub.size >= limits.maxSessions) throw new ChatError('unavailable', 'The server has too many connections. Try again later.');
  if (hub.sessionsOf(namespace, user).length < limits.maxSessionsPerUser) return;
  throw new ChatError('rate_limited', `At most ${limits.maxSessionsPerUser} connections per user.`, { retryAfter: 1000 });
}

/** To be called once for every session that was opened, whoever ended it. */
export function closeSession(core: Core, session: Session, reason: string): void {
  const { namespace, user, door } = session.actor;
  if (core.hub.session(session.id) !== session) return;
  const closed = core.desk.closing(session);
  core.typing.ended(session.id);
  if (core.hub.close(session)) core.presence.departed(namespace, user);
  closed();
  recordDisconnected(core, session, reason);
  core.meter.sessionClosed(door, reason);
  core.log.debug({ namespace, user, door, session: session.id, reason }, 'a session has closed');
}

/** The actor's own sessions; a back end sees all of its namespace. */
export function listSessions(core: Core, actor: Actor): SessionInfo[] {
  const list: SessionInfo[] = [];
  for (const session of core.hub.sessions()) {
    const { namespace, user, door } = session.actor;
    if (namespace !== actor.namespace || (!seesAll(actor) && user !== actor.user)) continue;
    const { id, codec, address, openedAt } = session;
    list.push({ id, namespace, user, door, codec: codec.name, address, openedAt });
  }
  return list;
}

/** Ends a session: one's own, or any of the namespace for a back end. */
export function endSession(core: Core, actor: Actor, id: Id, reason: DisconnectReason = 'kicked'): void {
  const session = core.hub.session(id);
  const mine = session !== undefined && session.actor.namespace === actor.namespace;
  if (!mine || (!seesAll(actor) && session.actor.user !== actor.user)) throw notFound();
  if (actor.server) recordAct(core, noteOf(actor, { action: 'session.ended', user: session.actor.user, subject: String(id) }));
  session.end(reason);
}

/** Puts the session into a room: it hears it until it leaves or ends. */
export async function enterRoom(core: Core, session: Session, room: Id): Promise<void> {
  const { hub, directory, limits } = core;
  const { actor } = session;
  const target = { conversation: room };
  const access =
    directory.peek(actor.namespace, actor.user, target) ?? (await directory.load(actor.namespace, actor.user, target));
  if (checkRead(actor, access).kind !== 'room') throw notFound();
  if (hub.isIn(room, session)) return;
  if (hub.roomsOf(session).length >= limits.maxRoomsPerSession) {
    throw new ChatError('failed_precondition', `One connection may be in ${limits.maxRoomsPerSession} rooms at the most.`);
  }
  hub.enter(room, session);
}

/** A back end that acts for nobody in particular sees every session of its namespace. */
function seesAll(actor: Actor): boolean {
  return actor.server && actor.user === 0;
}

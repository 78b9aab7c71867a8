/** What other systems are told of live connections (seed 000): when one begins, and why it ended. */
import type { Core } from './core.ts';
import type { DisconnectReason } from './errors.ts';
import type { SessionFact } from './events.ts';
import type { Actor } from './model.ts';
import type { Session } from './session.ts';
import type { LimitReason } from './speech.ts';

/**
 * Codes that clients of the family know (wire.md section 2): 4000 come back, 4020 and 4021 sign in again, 4030 (ours) stay away, the rest as WebSocket says it. A
 * connection that was lost without a word is 1006.
 */
const CODES: Readonly<Record<DisconnectReason, number>> = {
  shutdown: 4000,
  token_expired: 4020,
  token_revoked: 4020,
  banned: 4030,
  kicked: 4021,
  slow: 1008,
  policy: 1008,
  internal: 1011,
};

/** The client said that it goes. */
const NORMAL = 1000;
/** A WebSocket's close code, which the client chose. */
const CLOSE_CODE = /^1\d{3}$/;
/** What doors without such codes call a client's goodbye: the end of a gRPC stream, and Socket.IO's. */
const GOODBYES: ReadonlySet<string> = new Set(['ended', 'client_namespace_disconnect']);
/** Ends of lost connections told in one go: fewer than may wait for the disk, however many there were. */
const LOST_AT_ONCE = 500;

/** The connection was gone. */
const LOST = 1006;
/** The client did not keep to its protocol. */
const PROTOCOL_ERROR = 1002;

function isForced(reason: string): reason is DisconnectReason {
  return Object.hasOwn(CODES, reason);
}

/** Why a session ended, as the fact says it. `reason` is what its door called it. */
export function factOfEnd(reason: string): SessionFact {
  if (isForced(reason)) return { reason, code: CODES[reason], forced: true };
  if (reason === 'protocol_error') return { reason, code: PROTOCOL_ERROR, forced: true };
  if (CLOSE_CODE.test(reason)) return { reason, code: Number(reason), forced: false };
  return { reason, code: GOODBYES.has(reason) ? NORMAL : LOST, forced: false };
}

/** Nobody waits for these: a connection is not held up by what is told of it, and one that cannot be told is logged. */
function record(core: Core, session: Session, event: 'user.connected' | 'user.disconnected', fact?: SessionFact): void {
  const { namespace, user, door, trace } = session.actor;
  const origin = { door, session: session.id, ...(trace !== undefined && { trace }) };
  core.committer
    .commit({ type: 'fact', event, namespace, user, origin, ...(fact !== undefined && { session: fact }) })
    .catch((cause: unknown) => core.log.warn({ err: cause, event, session: session.id }, 'an event could not be stored'));
}

export function recordConnected(core: Core, session: Session): void {
  record(core, session, 'user.connected');
}

export function recordDisconnected(core: Core, session: Session, reason: string): void {
  record(core, session, 'user.disconnected', factOfEnd(reason));
}

/** A user was refused for too many messages, or the same too often; seldom enough for a fact of each (speech.ts). */
export function recordLimited(
  { committer, log }: Pick<Core, 'committer' | 'log'>,
  { namespace, user, door, session, trace }: Actor,
  reason: LimitReason,
): void {
  const origin = { door, session, ...(trace !== undefined && { trace }) };
  committer
    .commit({ type: 'fact', event: 'user.rate-limited', namespace, user, origin, session: { reason, code: 429, forced: false } })
    .catch((cause: unknown) => log.warn({ err: cause, user }, 'that a user is too fast could not be stored'));
}

/** Connections whose server was killed have ended: nobody else will say so. To be called before anything listens. */
export async function recordLost(core: Core): Promise<void> {
  const lost: SessionFact = { reason: 'server_lost', code: LOST, forced: true };
  const open = await core.store.openSessions();
  for (let from = 0; from < open.length; from += LOST_AT_ONCE) {
    const facts = open.slice(from, from + LOST_AT_ONCE).map(({ session, namespace, user, door }) => {
      const origin = { door, session };
      return core.committer.commit({ type: 'fact', event: 'user.disconnected', namespace, user, origin, session: lost });
    });
    await Promise.all(facts);
  }
}

/** Tokens that are worth nothing any more. Few at a time: each entry lives only as long as the token would have. */
import type { DisconnectReason } from './errors.ts';
import type { Id, Millis } from './model.ts';
import type { Revocation } from './ports.ts';
import type { Session } from './session.ts';

export interface Revocations {
  add(revocation: Revocation): void;
  /** Whether a token of this user, issued then, has been revoked. */
  has(namespace: string, user: Id, token: string | undefined, issuedAt: Millis): boolean;
  prune(now: Millis): void;
}

export function createRevocations(deps: { stored: readonly Revocation[] }): Revocations {
  const users = new Map<string, Revocation[]>();

  function add(revocation: Revocation): void {
    const key = keyOf(revocation.namespace, revocation.user);
    const others = (users.get(key) ?? []).filter((other) => other.token !== revocation.token);
    users.set(key, [...others, revocation]);
  }

  for (const revocation of deps.stored) add(revocation);
  return {
    add,
    has(namespace, user, token, issuedAt) {
      const list = users.get(keyOf(namespace, user));
      if (list === undefined) return false;
      return list.some((entry) => (entry.token === undefined ? issuedAt <= entry.before : entry.token === token));
    },
    prune(now) {
      for (const [key, list] of users) {
        const left = list.filter(({ until }) => until > now);
        if (left.length === 0) users.delete(key);
        else if (left.length < list.length) users.set(key, left);
      }
    },
  };
}

/** Why a live session must end now; undefined when it may go on. */
export function checkSession(session: Session, revocations: Revocations, now: Millis): DisconnectReason | undefined {
  if (session.expiresAt <= now) return 'token_expired';
  const { namespace, user } = session.actor;
  return revocations.has(namespace, user, session.token, session.issuedAt) ? 'token_revoked' : undefined;
}

function keyOf(namespace: string, user: Id): string {
  return `${user}/${namespace}`;
}

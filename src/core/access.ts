/**
 * Who is calling: user tokens, one-use tickets and Api-Tokens. Doors ask here with what they found in their own places on the wire.
 */
import { randomBytes } from 'node:crypto';
import { hashSecret, identify, sameHash, unauthenticated } from './actions/sign-in.ts';
import type { Identity } from './actions/sign-in.ts';
import { auditOf } from './audit.ts';
import type { Core } from './core.ts';
import { ChatError } from './errors.ts';
import type { Actor, Id, Millis, Role } from './model.ts';
import type { ApiToken } from './ports.ts';
import { networkOf } from './network-address.ts';
import { createRecent } from './recent.ts';
import type { Revocations } from './revocations.ts';

/** What an Api-Token may be allowed to do. `admin` is all of them. */
export const SCOPES = [
  'admin',
  'users',
  'conversations',
  'messages',
  'sessions',
  'tokens',
  'deliver',
  'events',
  'moderation',
] as const;
export type Scope = (typeof SCOPES)[number];

/** A back end that showed a valid Api-Token. */
export interface Server {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly namespace?: string;
}

export interface Access {
  /** The identity behind a user token. Rejects with `unauthenticated`, and with `permission_denied` when the user is banned. */
  authenticate(token: string): Promise<Identity>;
  /** A new ticket for this identity: good once, for 30 s. */
  issueTicket(identity: Identity): string;
  /** The identity behind a ticket, which is used up by it. */
  redeemTicket(ticket: string): Identity;
  /** The back end behind an Api-Token. Throws `unauthenticated`. */
  authenticateServer(secret: string): Server;
  /** A new Api-Token; its secret is told this once. Rejects with `already_exists` when the name is taken. `by`: noted as who made it. */
  saveApiToken(
    request: { name: string; scopes: readonly string[]; namespace?: string },
    by?: Actor,
  ): Promise<{ token: ApiToken; secret: string }>;
  deleteApiToken(name: string, by?: Actor): Promise<void>;
  apiTokens(): readonly ApiToken[];
}

export const TICKET_LIFETIME_MS: Millis = 30_000;

/** Tickets waiting to be used; beyond it the oldest are void. */
const MAX_TICKETS = 100_000;

/** Checked tokens remembered, so that a client that polls is not verified anew each time. */
const MAX_REMEMBERED_TOKENS = 50_000;

/** A longer token is refused unread: no honest one comes near. */
const MAX_TOKEN_LENGTH = 8_192;

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function createAccess(deps: {
  core: Core;
  revocations: Revocations;
  configured: readonly ApiToken[];
  stored: readonly ApiToken[];
}): Access {
  const { core, revocations, configured } = deps;
  const stored = new Map(deps.stored.map((token) => [token.name, token]));
  const identities = createRecent<string, Identity>(MAX_REMEMBERED_TOKENS);
  const tickets = createRecent<string, { identity: Identity; until: Millis }>(MAX_TICKETS);

  function checkCurrent(identity: Identity): Identity {
    if (identity.expiresAt <= core.now()) throw unauthenticated('The token has expired.');
    if (revocations.has(identity.namespace, identity.user, identity.token, identity.issuedAt)) {
      throw unauthenticated('The token has been revoked.');
    }
    core.restrictions.checkAllowed(identity.namespace, identity.user);
    return identity;
  }

  function allTokens(): readonly ApiToken[] {
    return [...configured, ...stored.values()];
  }

  return {
    async authenticate(token) {
      if (token.length === 0) throw unauthenticated('A token is needed.');
      if (token.length > MAX_TOKEN_LENGTH) throw unauthenticated('The token is too long.');
      const key = hashSecret(token);
      const known = identities.get(key);
      if (known !== undefined) return checkCurrent(known);
      const identity = await identify(core, await core.tokens.verify(token));
      return checkCurrent(identities.set(key, identity));
    },
    issueTicket(identity) {
      const ticket = randomBytes(24).toString('base64url');
      tickets.set(ticket, { identity, until: core.now() + TICKET_LIFETIME_MS });
      return ticket;
    },
    redeemTicket(ticket) {
      const found = tickets.get(ticket);
      tickets.delete(ticket);
      if (found === undefined || found.until <= core.now())
        throw unauthenticated('The ticket is unknown, used or older than 30 s.');
      return checkCurrent(found.identity);
    },
    authenticateServer(secret) {
      if (secret.length === 0 || secret.length > MAX_TOKEN_LENGTH) throw unauthenticated('A valid Api-Token is needed.');
      const hash = hashSecret(secret);
      let match: ApiToken | undefined;
      // Every token is compared, whether one has matched or not: the time tells nothing.
      for (const token of allTokens()) if (sameHash(token.hash, hash)) match = token;
      if (match === undefined) throw unauthenticated('A valid Api-Token is needed.');
      const { name, scopes, namespace } = match;
      return { name, scopes, ...(namespace !== undefined && { namespace }) };
    },
    async saveApiToken({ name, scopes, namespace }, by) {
      if (!TOKEN_NAME.test(name))
        throw new ChatError('invalid_argument', 'name: has 1 to 64 letters, digits, dots, dashes or underscores');
      const unknown = scopes.find((scope) => !SCOPES.some((known) => known === scope));
      if (unknown !== undefined) throw new ChatError('invalid_argument', `scopes: ${unknown} is not one of ${SCOPES.join(', ')}`);
      if (configured.some((token) => token.name === name)) {
        throw new ChatError('already_exists', `name: ${name} is a token of the configuration`);
      }
      if (stored.has(name))
        throw new ChatError('already_exists', `name: there is a token named ${name}`, { fields: { name: 'is taken' } });
      const secret = randomBytes(32).toString('base64url');
      const token: ApiToken = {
        name,
        hash: hashSecret(secret),
        scopes,
        ...(namespace !== undefined && { namespace }),
        createdAt: core.now(),
      };
      // Taken before it is stored, so that of two who ask for one name at once only one is answered.
      stored.set(name, token);
      try {
        await core.committer.commit({
          type: 'api-token',
          token,
          ...(by && auditOf(by, { action: 'api-token.created', subject: name, reason: scopes.join(' ') })),
        });
      } catch (cause) {
        stored.delete(name);
        throw cause;
      }
      return { token, secret };
    },
    async deleteApiToken(name, by) {
      const audit = by && auditOf(by, { action: 'api-token.deleted', subject: name });
      const outcome = await core.committer.commit({ type: 'api-token-delete', name, ...audit });
      if (outcome === 'stale' || !outcome.deleted)
        throw new ChatError('not_found', `There is no stored Api-Token named ${name}.`);
      stored.delete(name);
    },
    apiTokens: allTokens,
  };
}

/** Throws `permission_denied` unless the back end's token has the scope. */
export function checkScope(server: Server, scope: Scope): void {
  if (server.scopes.includes('admin') || server.scopes.includes(scope)) return;
  throw new ChatError('permission_denied', `The Api-Token ${server.name} lacks the scope ${scope}.`);
}

/** What a request says of itself besides who makes it. */
export interface CallerRequest {
  /** `traceparent`, as it came. */
  readonly trace?: string | undefined;
  /** The network address it came from. */
  readonly address?: string | undefined;
}

/** The user behind an identity, acting through a door. A trace that is no W3C `traceparent` is left out: it would be stored with every message. */
export function actorOf(identity: Identity, door: string, session: Id, request: CallerRequest = {}): Actor {
  const { namespace, user, role, source } = identity;
  const { trace, address = '' } = request;
  return {
    namespace,
    user,
    role,
    server: false,
    door,
    session,
    ...(source !== undefined && { source }),
    ...(trace !== undefined && TRACEPARENT.test(trace) && { trace }),
    ...(address !== '' && { address: networkOf(address) }),
  };
}

/** A back end acting for a user, or for nobody (user 0). */
export function serverActor(namespace: string, user: Id, door: string, role: Role = 'user'): Actor {
  return { namespace, user, role, server: true, door, session: 0 };
}

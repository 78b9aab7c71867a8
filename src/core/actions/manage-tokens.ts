/** Mint and revoke user tokens. */
import { auditOf } from '../audit.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Id, Millis } from '../model.ts';
import type { TokenRequest } from '../ports.ts';

/** A token that never ends cannot be taken back by forgetting it: its revocation is kept this long. */
const KEEP_REVOCATION_MS = 10 * 365 * 24 * 3_600_000;

/** Life of a minted token at the most: a year. */
const MAX_TTL_MS = 366 * 24 * 3_600_000;

export async function mintToken(core: Core, request: TokenRequest): Promise<string> {
  if (!(request.ttl > 0 && request.ttl <= MAX_TTL_MS)) {
    throw new ChatError('invalid_argument', `ttlSeconds: must be from 1 to ${MAX_TTL_MS / 1000}`);
  }
  return core.tokens.mint(request);
}

export interface RevokeOptions {
  /** When the token ends by itself. */
  readonly until?: Millis | undefined;
  /** Noted as who does it, where it is a back end. */
  readonly by?: Actor;
}

/** Revokes one token by its `jti`, or all of the user's issued up to now. Live sessions under them end within a second. */
export async function revokeTokens(
  core: Core,
  namespace: string,
  user: Id,
  token?: string,
  { until, by }: RevokeOptions = {},
): Promise<void> {
  await core.committer.commit({
    type: 'revoke',
    namespace,
    user,
    ...(token !== undefined && { token }),
    until: until ?? core.now() + KEEP_REVOCATION_MS,
    ...(by && auditOf({ ...by, namespace }, { action: 'tokens.revoked', user, subject: token ?? '' })),
  });
}

/** Tokens signed by an identity provider: its public keys are fetched when first needed, and again for a key not seen before. */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { CryptoKey, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { ChatError } from '../core/index.ts';
import type { Log, Millis } from '../core/index.ts';

/** An unknown key makes us look again, and anyone can name one: at most this often. */
const COOLDOWN_MS = 30_000;

/** Keys are looked at again after this: one the provider has withdrawn is not trusted for longer. */
const MAX_AGE_MS = 600_000;

/** A provider that does not answer: the client waits meanwhile. */
const TIMEOUT_MS = 5_000;

/** A token without `kid` is tried with each key that fits; an honest set has one or two of a kind. */
const MAX_TRIED_KEYS = 8;

/** A provider that is down is told in the log, but not once per client that tries. */
const LOG_EVERY_MS = 30_000;

export interface Jwks {
  /** Rejects as `jwtVerify` does, or with `unavailable` while the keys cannot be had. */
  verify(token: string, checks: JWTVerifyOptions): Promise<JWTPayload>;
}

export function createJwks(deps: { url: string; log: Pick<Log, 'warn'> | undefined; cooldown?: Millis | undefined }): Jwks {
  const { url, log, cooldown = COOLDOWN_MS } = deps;
  const remote = createRemoteJWKSet(new URL(url), {
    cooldownDuration: cooldown,
    cacheMaxAge: MAX_AGE_MS,
    timeoutDuration: TIMEOUT_MS,
  });
  let loggedAt = -Infinity;

  const keyOf: JWTVerifyGetKey = async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (performance.now() - loggedAt > LOG_EVERY_MS) {
        loggedAt = performance.now();
        log?.warn({ err: error, url }, 'the keys of the identity provider cannot be had; its tokens are refused meanwhile');
      }
      throw new ChatError('unavailable', 'The token cannot be checked just now. Try again shortly.', {
        cause: error,
        retryAfter: 1_000,
      });
    }
  };

  return {
    async verify(token, checks) {
      try {
        return (await jwtVerify(token, keyOf, checks)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
        return tryEach(error, token, checks);
      }
    },
  };
}

async function tryEach(keys: AsyncIterable<CryptoKey>, token: string, checks: JWTVerifyOptions): Promise<JWTPayload> {
  let tried = 0;
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, checks)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
    tried += 1;
    if (tried === MAX_TRIED_KEYS) break;
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/**
 * User tokens: JSON Web Tokens (RFC 7519), signed with the server's own secret (HS256) or by an identity provider whose public keys are at
 * an address (RFC 7517). The kind of key decides which algorithms it may be used with, so a public key is never taken for a secret
 * (RFC 8725, section 2.1).
 */
import { randomUUID } from 'node:crypto';
import { SignJWT, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import { ChatError } from '../core/index.ts';
import type { Log, Millis, TokenRequest, Tokens } from '../core/index.ts';
import { toClaims } from './claims.ts';
import { createJwks } from './jwks.ts';
import { CLOCK_TOLERANCE_MS, reasonOf, refused } from './refusals.ts';

/** A longer token is refused unread: no honest one comes near. */
const MAX_TOKEN_LENGTH = 8_192;

export interface TokenOptions {
  /** The key of HS… algorithms; its UTF-8 bytes are used. */
  readonly secret: string;
  readonly jwksUrl?: string | undefined;
  readonly issuer?: string | undefined;
  /** A token must name one of them. */
  readonly audience?: readonly string[] | undefined;
  /** Only these are accepted: HS… with the secret, all others with the keys of `jwksUrl`. */
  readonly algorithms: readonly string[];
  /** Hears that the identity provider cannot be reached. */
  readonly log?: Pick<Log, 'warn'>;
  readonly now?: () => Millis;
  /** How soon after one look at `jwksUrl` an unknown key may cause another. */
  readonly jwksCooldown?: Millis;
}

export function createTokens(options: TokenOptions): Tokens {
  const { issuer, audience, algorithms, jwksUrl, log } = options;
  const now = options.now ?? Date.now;
  const secret = new TextEncoder().encode(options.secret);
  if (secret.length === 0) throw new RangeError('The secret of tokens is empty.');
  const ownAlgorithms = algorithms.filter((algorithm) => algorithm.startsWith('HS'));
  const jwks = jwksUrl === undefined ? undefined : createJwks({ url: jwksUrl, log, cooldown: options.jwksCooldown });
  const jwksAlgorithms = jwks === undefined ? [] : algorithms.filter((algorithm) => !algorithm.startsWith('HS'));

  function checks(allowed: readonly string[]): JWTVerifyOptions {
    return {
      algorithms: [...allowed],
      clockTolerance: CLOCK_TOLERANCE_MS / 1000,
      currentDate: new Date(now()),
      requiredClaims: ['sub'],
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience: [...audience] }),
    };
  }

  async function verified(token: string): Promise<JWTPayload> {
    const algorithm = algorithmOf(token);
    if (ownAlgorithms.includes(algorithm)) return (await jwtVerify(token, secret, checks(ownAlgorithms))).payload;
    if (jwks !== undefined && jwksAlgorithms.includes(algorithm)) return jwks.verify(token, checks(jwksAlgorithms));
    throw refused('The algorithm of the token is not accepted here.');
  }

  return {
    async verify(token) {
      if (token.length > MAX_TOKEN_LENGTH) throw refused('The token is too long.');
      try {
        return toClaims(await verified(token), now());
      } catch (error) {
        throw error instanceof ChatError ? error : refused(reasonOf(error));
      }
    },
    async mint(request) {
      const [alg] = ownAlgorithms;
      if (alg === undefined)
        throw new ChatError('failed_precondition', 'This server issues no tokens: jwt-algorithms allows no HS algorithm.');
      const payload = {
        ...payloadOf(request, now()),
        ...(issuer !== undefined && { iss: issuer }),
        ...(audience !== undefined && { aud: audience[0] }),
      };
      return new SignJWT(payload).setProtectedHeader({ alg, typ: 'JWT' }).sign(secret);
    },
  };
}

/** `iat` keeps its milliseconds, so that revoking all tokens up to now does not reach one issued later in the same second. */
function payloadOf({ subject, namespace, role, name, source, ttl }: TokenRequest, now: Millis): JWTPayload {
  return {
    sub: subject,
    ns: namespace,
    role,
    ...(name !== undefined && { name }),
    ...(source !== undefined && { widget_source: source }),
    jti: randomUUID(),
    iat: now / 1000,
    exp: (now + ttl) / 1000,
  };
}

function algorithmOf(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? '';
  } catch {
    throw refused('The token is not a JSON Web Token.');
  }
}

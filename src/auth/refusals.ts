/** Why a token is refused, in words for whoever sent it. Nothing of the token itself is repeated: answers and logs travel. */
import { errors } from 'jose';
import { ChatError } from '../core/index.ts';
import type { Millis } from '../core/index.ts';

/** Clocks of two machines differ: a token is taken this long before its `nbf` and `iat` and after its `exp`. */
export const CLOCK_TOLERANCE_MS: Millis = 5_000;

export function refused(reason: string): ChatError {
  return new ChatError('unauthenticated', reason);
}

const CLAIMS: Readonly<Record<string, string>> = {
  sub: 'The token has no subject (sub).',
  iss: 'The token is from another issuer (iss) than this server accepts.',
  aud: 'The token is for another audience (aud) than this server.',
  nbf: 'The token is not valid yet (nbf).',
  exp: 'The expiry of the token (exp) is not a number.',
  iat: 'The time of issue of the token (iat) is not a number.',
};

/** The reason behind an error of the JOSE library. Rethrows what is none: that is a fault of ours, not of the token. */
export function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf' && error.reason === 'invalid') return 'The start of the token (nbf) is not a number.';
    return CLAIMS[error.claim] ?? 'The token has a claim this server does not accept.';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature of the token is wrong.';
  if (error instanceof errors.JWKSNoMatchingKey) return 'The token is signed with a key that is not known here.';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'The algorithm of the token is not accepted here.';
  if (error instanceof errors.JOSEError) return 'The token is not a JSON Web Token.';
  throw error;
}

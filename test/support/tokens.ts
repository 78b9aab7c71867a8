/** JSON Web Tokens made by hand (RFC 7515), good ones and bad ones: nothing of the server's own signing is used. */
import { createHmac } from 'node:crypto';

/** The key of every test server. */
export const SECRET = 'a secret for tests that is long enough to be one';

export interface TokenParts {
  readonly header?: object;
  readonly secret?: string;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with these claims; signed with HS256 and the servers' key unless told otherwise. */
export function signToken(claims: object, { header = { alg: 'HS256', typ: 'JWT' }, secret = SECRET }: TokenParts = {}): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** A user's token, valid for an hour. */
export function tokenFor(user: number | string, claims: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  return signToken({ sub: String(user), iat: now - 1, exp: now + 3_600, ...claims });
}

import { createHmac, randomBytes } from 'node:crypto';

const LIFETIME_SECONDS = 3600;

/** The secrets of one server under test. */
export interface Secrets {
  readonly jwt: string;
  readonly api: string;
}

export function createSecrets(): Secrets {
  return { jwt: randomBytes(32).toString('hex'), api: randomBytes(24).toString('hex') };
}

/** A token for a user id (JWT, HS256), good for an hour. */
export function signToken(secret: string, user: number, role = 'user'): string {
  const now = Math.floor(Date.now() / 1000);
  const head = encode({ alg: 'HS256', typ: 'JWT' });
  const body = encode({ sub: String(user), role, iat: now, exp: now + LIFETIME_SECONDS });
  return `${head}.${body}.${createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

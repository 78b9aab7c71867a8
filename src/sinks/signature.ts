/** Signatures of webhooks (standardwebhooks.com, 1.0.0): whoever knows a secret can tell that a request is ours, whole and not an old one. */
import { createHmac } from 'node:crypto';

/** How the standard marks a key that is written in Base64. */
const PREFIX = 'whsec_';

/** The bytes of a secret: what follows `whsec_` is Base64 (any library of the standard reads it so), everything else is the text's own UTF-8. */
export function keyOf(secret: string): Buffer {
  return secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret);
}

/** The value of `webhook-signature`: one signature per key, with spaces between, so that a receiver may know the old key or the new one. `timestamp` in seconds. */
export function signatureOf(keys: readonly Buffer[], id: string, timestamp: number, body: string): string {
  return keys.map((key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`).join(' ');
}

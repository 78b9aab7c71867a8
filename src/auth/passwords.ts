/**
 * Passwords, hashed with Argon2id as OWASP's password storage sheet asks: 19 MiB, 2 passes, 1 lane; about 50 ms of one processor each.
 */
import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { ChatError } from '../core/index.ts';
import type { Passwords } from '../core/index.ts';

const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes under way: they share the four threads of Node's pool with the disk. */
const MAX_RUNNING = 2;

/** Hashes waiting: about two seconds of work; a client would not wait longer and an attacker shall not fill the memory. */
const MAX_WAITING = 64;

export function createPasswords(options: { maxRunning?: number; maxWaiting?: number } = {}): Passwords {
  const { maxRunning = MAX_RUNNING, maxWaiting = MAX_WAITING } = options;
  const waiting: (() => void)[] = [];
  let running = 0;
  // The hash of a password nobody has: checking against it costs what a real one costs. Made at once, so that the first use is no slower.
  const decoy = hash(randomBytes(32), COST);
  decoy.catch(() => undefined);

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= maxRunning) {
      if (waiting.length >= maxWaiting) {
        throw new ChatError('unavailable', 'Too many people are signing in. Try again shortly.', { retryAfter: 2_000 });
      }
      // Whoever ends hands its place over: `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return {
    hash: (password) => inTurn(() => hash(normalized(password), COST)),
    async verify(stored, password) {
      const matches = await inTurn(async () => verify(stored ?? (await decoy), normalized(password)));
      return stored !== undefined && matches;
    },
  };
}

/** The same characters, however a keyboard composed them (RFC 8265, section 4.2.2). */
function normalized(password: string): string {
  return password.normalize('NFC');
}

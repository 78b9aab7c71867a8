/**
 * Idempotency keys of the last 24 hours, per user.
 *
 * A user's keys are read into memory with the first keyed send and looked up there; new ones are written behind in chunks of (hash, message id)
 * pairs. A hash that matches is confirmed by the key in the message's own row, so a collision of hashes costs one look, never a
 * message.
 */
import { firstIdAt } from '../../core/index.ts';
import type { Database } from './database.ts';
import { decodeNumbers, encodeNumbers } from './sequences.ts';
import { query, statement } from './statements.ts';
import type { Unwritten, WriteBehind } from './write-behind.ts';

/** How long a key stands for its message (wire.md section 1). */
export const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Keys of one user in memory: a day at the default rate limit. Beyond it the oldest are forgotten before their day is over. */
const MAX_KEYS_PER_USER = 1_000_000;

/** Users whose keys are in memory; the rest are read again with their next keyed send. */
const MAX_USERS = 20_000;

/** Keys of all users in memory: some 200 MB. Beyond it users are forgotten and read again with their next keyed send. */
const MAX_KEYS = 2_000_000;

const CHUNK_PAIRS = 64;

interface UserKeys extends Unwritten {
  /** Hash of a key → id of the newest message sent with it. */
  readonly ids: Map<number, number>;
  /** Pairs of the open chunk: hash, id, hash, id … */
  open: number[];
}

export interface SentKeys {
  /** Id of the message that may have been sent with a key of this hash (`hashKey`): to be confirmed by its row. */
  find(namespace: number, user: number, hash: number, now: number): number | undefined;
  /** Remembers that a message in the log was sent with a key of this hash. */
  add(namespace: number, user: number, hash: number, id: number, now: number): void;
  /** Removes chunks older than the lifetime, and makes room in memory; inside a transaction. */
  prune(now: number): void;
  /** Forgets all keys of a user, inside a transaction. */
  forget(namespace: number, user: number): void;
  reset(): void;
}

export function createSentKeys(deps: { db: Database; behind: WriteBehind; maxKeys?: number }): SentKeys {
  const { db, behind, maxKeys = MAX_KEYS } = deps;
  const readChunks = query<{ pairs: Uint8Array }>(
    db,
    'SELECT pairs FROM key_chunk WHERE namespace = ? AND user = ? AND last_id >= ? ORDER BY first_id',
  );
  const writeChunk = statement(
    db,
    'INSERT OR REPLACE INTO key_chunk (first_id, namespace, user, last_id, pairs) VALUES (?, ?, ?, ?, ?)',
  );
  const dropChunks = statement(db, 'DELETE FROM key_chunk WHERE first_id < ? AND last_id < ?');
  const dropUser = statement(db, 'DELETE FROM key_chunk WHERE namespace = ? AND user = ?');
  const users = new Map<string, UserKeys>();
  /** Keys in memory, of all users. */
  let remembered = 0;

  function load(namespace: number, user: number, now: number): UserKeys {
    if (users.size >= MAX_USERS) forgetWritten();
    const ids = new Map<number, number>();
    let open: number[] = [];
    for (const { pairs } of readChunks.all(namespace, user, firstIdAt(now - KEY_LIFETIME_MS))) {
      open = decodeNumbers(pairs);
      for (let at = 0; at + 1 < open.length; at += 2) ids.set(open[at] ?? 0, open[at + 1] ?? 0);
    }
    if (open.length >= CHUNK_PAIRS * 2) open = [];
    const keys: UserKeys = { ids, open, unwritten: false, write: () => write(namespace, user, keys) };
    users.set(userKey(namespace, user), keys);
    remembered += ids.size;
    return keys;
  }

  function forgetWritten(): void {
    for (const [user, keys] of users) {
      if (users.size < MAX_USERS * 0.9 && remembered < maxKeys * 0.9) return;
      if (keys.unwritten) continue;
      users.delete(user);
      remembered -= keys.ids.size;
    }
  }

  function write(namespace: number, user: number, keys: UserKeys): void {
    const { open } = keys;
    for (let at = 0; at < open.length; at += CHUNK_PAIRS * 2) {
      const pairs = open.slice(at, at + CHUNK_PAIRS * 2);
      writeChunk.run(pairs[1] ?? 0, namespace, user, pairs.at(-1) ?? 0, encodeNumbers(pairs));
    }
    keys.open = open.slice(open.length - (open.length % (CHUNK_PAIRS * 2)));
  }

  function of(namespace: number, user: number, now: number): UserKeys {
    return users.get(userKey(namespace, user)) ?? load(namespace, user, now);
  }

  return {
    find(namespace, user, hash, now) {
      const id = of(namespace, user, now).ids.get(hash);
      return id === undefined || id < firstIdAt(now - KEY_LIFETIME_MS) ? undefined : id;
    },
    add(namespace, user, hash, id, now) {
      const keys = of(namespace, user, now);
      const before = keys.ids.size;
      if (keys.ids.size >= MAX_KEYS_PER_USER) {
        for (const oldest of keys.ids.keys()) {
          keys.ids.delete(oldest);
          break;
        }
      }
      keys.ids.set(hash, id);
      remembered += keys.ids.size - before;
      keys.open.push(hash, id);
      behind.add(keys, id);
    },
    prune(now) {
      const cutoff = firstIdAt(now - KEY_LIFETIME_MS);
      dropChunks.run(cutoff, cutoff);
      if (remembered > maxKeys) forgetWritten();
    },
    forget(namespace, user) {
      dropUser.run(namespace, user);
      const keys = users.get(userKey(namespace, user));
      if (keys === undefined) return;
      remembered -= keys.ids.size;
      // It may be waiting to be written: then with nothing in it.
      keys.ids.clear();
      keys.open = [];
      users.delete(userKey(namespace, user));
    },
    reset() {
      users.clear();
      remembered = 0;
    },
  };
}

function userKey(namespace: number, user: number): string {
  return `${user}/${namespace}`;
}

/** 52 bits of two interleaved multiplicative hashes: equal keys are equal, different keys almost always differ. */
export function hashKey(key: string): number {
  let one = 0x811c9dc5;
  let two = 0x9747b28c;
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    one = Math.imul(one ^ code, 0x01000193);
    two = Math.imul(two ^ code, 0x5bd1e995);
    two ^= two >>> 15;
  }
  return (one >>> 6) * 2 ** 26 + (two >>> 6);
}

/**
 * Bytes of files, between the store, which knows which are needed, and the media, which has them. Whatever moment the process ends at: bytes that
 * a file has are there, and bytes that no file has are found and removed.
 */
import type { Committer } from './committer.ts';
import { ChatError } from './errors.ts';
import type { Id, StoredFile } from './model.ts';
import type { Media, SaveFile, Store, Upload } from './ports.ts';

/** Hashes whose bytes are removed in one go: they are held for so long. */
const REMOVE_AT_ONCE = 100;

export interface Uploads {
  /** Takes one of the user's places for uploads under way; the caller gives it back by calling what is returned. Throws `rate_limited`. */
  begin(namespace: string, user: Id): () => void;
  /** Keeps the bytes, then the file. When it rejects, no file was made. */
  save(upload: Upload, file: Pick<SaveFile, 'namespace' | 'owner' | 'name'>): Promise<StoredFile>;
  /** Removes all bytes that no file has. */
  removeUnused(): Promise<void>;
}

export function createUploads(deps: {
  store: Pick<Store, 'unusedBlobs'>;
  committer: Committer;
  media: Pick<Media, 'remove'>;
  /** Uploads of one user at a time. */
  maxPerUser: number;
}): Uploads {
  const { store, committer, media, maxPerUser } = deps;
  const underWay = new Map<string, number>();
  /** Hashes that somebody is keeping or removing, until then. */
  const held = new Map<string, Promise<void>>();

  /** All of them in one turn, so that nobody waits for somebody who waits for them. */
  async function hold(hashes: readonly string[]): Promise<() => void> {
    for (let busy = busyOf(hashes); busy !== undefined; busy = busyOf(hashes)) await busy;
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const hash of hashes) held.set(hash, promise);
    return () => {
      for (const hash of hashes) held.delete(hash);
      resolve();
    };
  }

  function busyOf(hashes: readonly string[]): Promise<void> | undefined {
    for (const hash of hashes) {
      const busy = held.get(hash);
      if (busy !== undefined) return busy;
    }
    return undefined;
  }

  /** Returns how many were looked at and how many removed. */
  async function removeSome(): Promise<{ readonly found: number; readonly removed: number }> {
    const found = await store.unusedBlobs(REMOVE_AT_ONCE);
    const free = found.filter((hash) => !held.has(hash));
    if (free.length === 0) return { found: found.length, removed: 0 };
    const release = await hold(free);
    const removed: string[] = [];
    try {
      // An upload of the same bytes may have ended since.
      const unused = new Set(await store.unusedBlobs(REMOVE_AT_ONCE));
      for (const hash of free) {
        if (!unused.has(hash)) continue;
        await media.remove(hash);
        removed.push(hash);
      }
    } finally {
      // Held until it is on disk: else a new upload of the same bytes could be forgotten before it is saved.
      if (removed.length > 0) await committer.commit({ type: 'forget-blobs', hashes: removed }).finally(release);
      else release();
    }
    return { found: found.length, removed: removed.length };
  }

  return {
    begin(namespace, user) {
      const key = `${namespace}\0${user}`;
      const count = underWay.get(key) ?? 0;
      if (count >= maxPerUser) {
        throw new ChatError('rate_limited', `No more than ${maxPerUser} uploads at a time.`, { retryAfter: 1_000 });
      }
      underWay.set(key, count + 1);
      return () => {
        const left = (underWay.get(key) ?? 1) - 1;
        if (left === 0) underWay.delete(key);
        else underWay.set(key, left);
      };
    },
    async save(upload, file) {
      const { info } = upload;
      const hashes = info.preview === undefined ? [info.hash] : [info.hash, info.preview];
      const release = await hold(hashes);
      try {
        await committer.commit({ type: 'expect-blobs', hashes });
        await upload.keep();
        const outcome = await committer.commit({ type: 'file', ...file, ...info });
        if (outcome === 'stale') throw new ChatError('unavailable', 'The file could not be stored. Try again.');
        return outcome.file;
      } finally {
        release();
      }
    },
    async removeUnused() {
      for (let some = await removeSome(); some.removed > 0 && some.found >= REMOVE_AT_ONCE;) some = await removeSome();
    },
  };
}

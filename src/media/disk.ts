/** Bytes in files: `ab/cd/abcd…` below one folder, readable by the server's user only. */
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ChatError } from '../core/index.ts';
import type { Blobs } from './blobs.ts';

const HASH = /^[0-9a-f]{64}$/;

export function createDiskBlobs({ folder }: { folder: string }): Blobs {
  function pathOf(hash: string): string {
    // The only way from a text to a path.
    if (!HASH.test(hash)) throw new RangeError('not a SHA-256 in hex');
    return join(folder, hash.slice(0, 2), hash.slice(2, 4), hash);
  }

  return {
    async put(hash, path) {
      const target = pathOf(hash);
      await chmod(path, 0o600);
      await syncFile(path);
      const made = await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      // In place of bytes that are there already: those may have been damaged.
      await rename(path, target);
      await syncFolder(dirname(target));
      if (made === undefined) return;
      // New folders are entries of theirs above.
      await syncFolder(dirname(dirname(target)));
      await syncFolder(folder);
    },
    async size(hash) {
      try {
        return (await stat(pathOf(hash))).size;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async read(hash, range) {
      try {
        const file = await open(pathOf(hash), 'r');
        return file.createReadStream(range && { start: range.first, end: range.last });
      } catch (error) {
        throw isMissing(error) ? new ChatError('not_found', 'These bytes are not there.') : error;
      }
    },
    async remove(hash) {
      await rm(pathOf(hash), { force: true });
    },
  };
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders; its file systems keep a journal of names.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

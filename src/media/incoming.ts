/** Uploads on their way in: one file each in a folder that is emptied at the start, so that none outlives the process it was sent to. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ChatError } from '../core/index.ts';
import { HEAD_BYTES } from './media-type.ts';

/** A file that was written whole. */
export interface Arrived {
  readonly path: string;
  readonly size: number;
  readonly hash: string;
  readonly head: Buffer;
}

export interface Incoming {
  /** A path of its own for something that is about to be written. */
  place(): string;
  /** Writes bytes to their end. Rejects with `too_large` beyond `maxBytes`; nothing is left when it rejects. */
  write(bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Arrived>;
  remove(path: string): Promise<void>;
}

/** `folder` is the server's alone. */
export async function openIncoming({ folder }: { folder: string }): Promise<Incoming> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const place = (): string => join(folder, randomUUID());
  const remove = (path: string): Promise<void> => rm(path, { force: true });

  return {
    place,
    remove,
    async write(bytes, maxBytes) {
      const path = place();
      const file = await open(path, 'wx', 0o600);
      const hash = createHash('sha256');
      const head: Uint8Array[] = [];
      let size = 0;
      try {
        for await (const chunk of bytes) {
          if (size < HEAD_BYTES) head.push(chunk.subarray(0, HEAD_BYTES - size));
          size += chunk.length;
          if (size > maxBytes) throw tooLarge(maxBytes);
          hash.update(chunk);
          await file.writeFile(chunk);
        }
      } catch (error) {
        await file.close();
        await remove(path);
        throw error;
      }
      await file.close();
      return { path, size, hash: hash.digest('hex'), head: Buffer.concat(head) };
    },
  };
}

/** Size and hash of a file that somebody else wrote. */
export async function measure(path: string): Promise<{ readonly size: number; readonly hash: string }> {
  const hash = createHash('sha256');
  let size = 0;
  const bytes: AsyncIterable<Uint8Array> = createReadStream(path);
  for await (const chunk of bytes) {
    size += chunk.length;
    hash.update(chunk);
  }
  return { size, hash: hash.digest('hex') };
}

function tooLarge(maxBytes: number): ChatError {
  const problem = `must not be larger than ${maxBytes} bytes`;
  return new ChatError('too_large', `file: ${problem}`, { fields: { file: problem } });
}

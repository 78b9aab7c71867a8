/** Media in memory, for tests of what stands above it: every upload is bytes, and its hash is the real one. */
import { createHash } from 'node:crypto';
import { ChatError } from '../../src/core/index.ts';
import type { Media } from '../../src/core/index.ts';

export interface MemoryMedia extends Media {
  /** What is kept, by hash. */
  readonly kept: ReadonlyMap<string, Buffer>;
}

export function memoryMedia(): MemoryMedia {
  const kept = new Map<string, Buffer>();
  return {
    kept,
    async receive(bytes, maxBytes) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) chunks.push(chunk);
      const whole = Buffer.concat(chunks);
      if (whole.length > maxBytes) throw new ChatError('too_large', 'file: too large');
      const hash = createHash('sha256').update(whole).digest('hex');
      return {
        info: { mediaType: 'application/octet-stream', size: whole.length, hash },
        keep: () => Promise.resolve(void kept.set(hash, whole)),
        discard: () => Promise.resolve(),
      };
    },
    size: (hash) => Promise.resolve(kept.get(hash)?.length),
    read(hash, range) {
      const whole = kept.get(hash);
      if (whole === undefined) return Promise.reject(new ChatError('not_found', 'not there'));
      return Promise.resolve(stream(range === undefined ? whole : whole.subarray(range.first, range.last + 1)));
    },
    remove: (hash) => Promise.resolve(void kept.delete(hash)),
  };
}

async function* stream(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** What an upload is read from. */
export async function* bytesOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** Where bytes are kept, by their SHA-256: the seam of the media room, with one contract suite (test/contracts/blobs.contract.ts). */
import type { ByteRange } from '../core/index.ts';

export interface Blobs {
  /** Keeps the file at a path, which is gone afterwards or left to the caller. Resolves when the bytes would outlive a power cut. */
  put(hash: string, path: string): Promise<void>;
  /** undefined when they are not there. */
  size(hash: string): Promise<number | undefined>;
  /** Rejects with `not_found` when they are not there. */
  read(hash: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array>>;
  /** What is not there is removed. */
  remove(hash: string): Promise<void>;
}

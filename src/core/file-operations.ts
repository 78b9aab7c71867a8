/** What a store can be asked about files: part of `Operation` (operations.ts). */
import type { FileInfo, Id, Millis, StoredFile } from './model.ts';

/** Bytes of these hashes are about to be kept: those that no file has stand as unused until one has, so that nothing is left for ever of an upload that never ends. */
export interface ExpectBlobs {
  readonly type: 'expect-blobs';
  readonly hashes: readonly string[];
}

export interface BlobsExpected {
  readonly type: 'expect-blobs';
}

/** Keep what was received of a file: from now on its id may be used in messages and as a picture. */
export interface SaveFile extends FileInfo {
  readonly type: 'file';
  readonly namespace: string;
  readonly owner: Id;
  readonly name: string;
}

export interface FileSaved {
  readonly type: 'file';
  readonly file: StoredFile;
}

/** Forget files that were saved before a moment and were never used, `limit` at most. A file that was used goes with its last use. */
export interface DropFiles {
  readonly type: 'drop-files';
  readonly before: Millis;
  readonly limit: number;
}

export interface FilesDropped {
  readonly type: 'drop-files';
  readonly files: readonly StoredFile[];
  /** More are unused than the limit let through. */
  readonly more: boolean;
}

/** The bytes of these hashes are gone from the blob store: they need not be removed again. */
export interface ForgetBlobs {
  readonly type: 'forget-blobs';
  readonly hashes: readonly string[];
}

export interface BlobsForgotten {
  readonly type: 'forget-blobs';
}

/** What every place for bytes must do (src/media/blobs.ts). */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Blobs } from '../../src/media/blobs.ts';
import { refusalOf } from '../support/core.ts';

/** An empty place for bytes, with its end. */
export type BlobsSubject = () => Promise<{ readonly blobs: Blobs; close(): Promise<void> }>;

export async function wholeOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function blobsContract(name: string, subject: BlobsSubject): void {
  describe(`${name}: the contract of blobs`, () => {
    let blobs: Blobs;
    let close: () => Promise<void>;
    let folder: string;
    beforeAll(async () => {
      ({ blobs, close } = await subject());
      folder = await mkdtemp(join(tmpdir(), 'switchboard-test-'));
    });
    afterAll(async () => {
      await close();
      await rm(folder, { recursive: true, force: true });
    });

    async function put(bytes: Buffer): Promise<string> {
      const hash = createHash('sha256').update(bytes).digest('hex');
      const path = join(folder, `${hash}-incoming`);
      await writeFile(path, bytes);
      await blobs.put(hash, path);
      return hash;
    }

    test('what was put is read, whole and in part, and has its size', async () => {
      const bytes = randomBytes(300_000);
      const hash = await put(bytes);
      expect(await blobs.size(hash)).toBe(300_000);
      expect((await wholeOf(await blobs.read(hash))).equals(bytes)).toBe(true);
      for (const [first, last] of [
        [0, 0],
        [0, 299_999],
        [1, 70_000],
        [299_999, 299_999],
      ] as const) {
        const part = await wholeOf(await blobs.read(hash, { first, last }));
        expect(part.equals(bytes.subarray(first, last + 1))).toBe(true);
      }
    });

    test('putting the same again is no error and changes nothing', async () => {
      const bytes = Buffer.from('the same');
      const hash = await put(bytes);
      expect(await put(bytes)).toBe(hash);
      expect((await wholeOf(await blobs.read(hash))).toString()).toBe('the same');
    });

    test('what is removed is gone, and may be removed again and put again', async () => {
      const hash = await put(Buffer.from('to be removed'));
      await blobs.remove(hash);
      await blobs.remove(hash);
      expect(await blobs.size(hash)).toBeUndefined();
      expect(await refusalOf(blobs.read(hash))).toBe('not_found');
      await put(Buffer.from('to be removed'));
      expect(await blobs.size(hash)).toBe(13);
    });

    test('what never was there is missing', async () => {
      const hash = '0'.repeat(64);
      expect(await blobs.size(hash)).toBeUndefined();
      expect(await refusalOf(blobs.read(hash))).toBe('not_found');
      expect(await refusalOf(blobs.read(hash, { first: 0, last: 1 }))).toBe('not_found');
    });

    test('a reader that stops early leaves the rest in peace', async () => {
      const hash = await put(randomBytes(2_000_000));
      for (let time = 0; time < 3; time++) {
        for await (const chunk of await blobs.read(hash)) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }
      expect((await wholeOf(await blobs.read(hash))).length).toBe(2_000_000);
    });
  });
}

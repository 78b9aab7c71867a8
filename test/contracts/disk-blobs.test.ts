import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDiskBlobs } from '../../src/media/disk.ts';
import { blobsContract } from './blobs.contract.ts';

async function onDisk() {
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-test-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { blobs: createDiskBlobs({ folder }), folder, close };
}

blobsContract('disk', onDisk);

test('bytes on disk lie where their hash says, for the owner alone, and nothing else does', async () => {
  const { blobs, folder, close } = await onDisk();
  const hash = 'ab'.repeat(32);
  await writeFile(join(folder, 'given'), 'bytes', { mode: 0o644 });
  await blobs.put(hash, join(folder, 'given'));
  expect(await readdir(folder)).toEqual(['ab']);
  expect((await stat(join(folder, 'ab', 'ab', hash))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'ab'))).mode & 0o777).toBe(0o700);
  for (const name of ['../given', '', 'AB'.repeat(32), `${hash}/..`]) {
    await expect(blobs.size(name)).rejects.toThrow('not a SHA-256');
  }
  await close();
});

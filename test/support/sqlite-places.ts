/** Where the embedded store keeps the data of a test: in memory, or in a folder of its own. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import type { Place } from '../contracts/store.contract.ts';

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'switchboard-store-'));
}

/** What the disk holds at this moment of a folder in use: what an abrupt stop leaves. */
export function copyFolder(from: string): string {
  const to = newFolder();
  for (const name of ['switchboard.db', 'switchboard.db-wal']) {
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
  return to;
}

export function memoryPlace(): Promise<Place> {
  return Promise.resolve({
    open: (now) => openSqliteStore({ folder: ':memory:', now }),
    crash: () => Promise.reject(new Error('data in memory does not outlive its store')),
    remove: () => Promise.resolve(),
  });
}

export function folderPlace(): Promise<Place> {
  let folder = newFolder();
  return Promise.resolve({
    open: (now) => openSqliteStore({ folder, now }),
    async crash(running, now) {
      const left = copyFolder(folder);
      await running.close();
      rmSync(folder, { recursive: true });
      folder = left;
      return openSqliteStore({ folder, now });
    },
    remove() {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  });
}

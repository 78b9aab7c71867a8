import { join } from 'node:path';
import { pinned } from '../pinning.ts';
import type { WorkDeps } from './work.ts';

const SYNCS = 300;

/** Milliseconds that one fdatasync of an appended 4 KB page takes in the folder that holds the servers' data. */
export async function measureDisk({
  children,
  folder,
  programs,
}: Pick<WorkDeps, 'children' | 'folder' | 'programs'>): Promise<{ p50: number; p99: number }> {
  const child = children.start(pinned(1, [programs.sync, join(folder, 'sync-probe'), String(SYNCS)]));
  return JSON.parse(await child.readLine()) as { p50: number; p99: number };
}

/**
 * A store on a disk that takes its time, as the port allows it: what is committed is visible to reads at once, neither the commit nor a read that may
 * contain it resolves before the sync, and a long read answers some time after it looked. Between these moments lies everything that is told in the
 * wrong order, twice or never by mistake.
 */
import { setTimeout } from 'node:timers/promises';
import type { Store } from '../../src/core/index.ts';

const SYNC_MS = 3;
const READ_MS = 2;

export function slowDisk(store: Store): Store {
  let syncing: Promise<unknown> = Promise.resolve();

  function slowed(name: string, work: (...args: unknown[]) => unknown): (...args: unknown[]) => Promise<unknown> {
    if (name === 'close') return async (...args) => work(...args);
    return async (...args) => {
      const value = await work(...args);
      if (name === 'commit') syncing = setTimeout(SYNC_MS);
      await syncing;
      if (name === 'resume') await setTimeout(READ_MS);
      return value;
    };
  }

  const entries = Object.entries(store).map(([name, member]) => [name, slowed(name, member as (...args: unknown[]) => unknown)]);
  return Object.fromEntries(entries) as Store;
}

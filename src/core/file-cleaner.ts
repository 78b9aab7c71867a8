/** Files that were uploaded and never used go after a while, and bytes that no file has any more go at once. */
import type { Core } from './core.ts';
import type { Millis } from './model.ts';

/** How often bytes that no file has are looked for. */
const REMOVE_EVERY: Millis = 1_000;

/** How often unused files are looked for at most: each time is a transaction. */
const DROP_EVERY: Millis = 60_000;

/** Files dropped in one transaction. */
const DROP_AT_ONCE = 500;

export interface FileCleaner {
  /** Stops; resolves when what was under way has ended. */
  close(): Promise<void>;
}

export function startFileCleaner(core: Core): FileCleaner {
  const { unusedFileLifetime } = core.limits;
  const dropEvery = Math.min(DROP_EVERY, unusedFileLifetime);
  let dropped = core.now();
  let underWay: Promise<void> | undefined;

  async function dropFiles(): Promise<void> {
    for (let more = true; more;) {
      const before = core.now() - unusedFileLifetime;
      const outcome = await core.committer.commit({ type: 'drop-files', before, limit: DROP_AT_ONCE });
      more = outcome !== 'stale' && outcome.more;
    }
  }

  async function clean(): Promise<void> {
    if (core.now() - dropped >= dropEvery) {
      dropped = core.now();
      await dropFiles();
    }
    await core.uploads.removeUnused();
  }

  const timer = setInterval(() => {
    underWay ??= clean()
      .catch((cause: unknown) => core.log.error({ err: cause }, 'unused files could not be removed; it will be tried again'))
      .finally(() => {
        underWay = undefined;
      });
  }, REMOVE_EVERY);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await underWay;
    },
  };
}

/** Work that comes due by the clock: messages expire, tokens end, rooms forget. */
import type { Core } from './core.ts';
import { checkSession } from './revocations.ts';
import type { Revocations } from './revocations.ts';

/** How often due work is looked for: an ended token ends its sessions within this time. Milliseconds. */
const SWEEP_EVERY_MS = 1_000;

/** Messages expired in one transaction. */
const EXPIRE_AT_ONCE = 500;

export interface Sweeper {
  close(): void;
}

export function startSweeper(deps: { core: Core; revocations: Revocations }): Sweeper {
  const { core, revocations } = deps;
  let busy = false;

  async function expireMessages(): Promise<void> {
    for (let more = true; more;) {
      const outcome = await core.committer.commit({ type: 'expire', now: core.now(), limit: EXPIRE_AT_ONCE });
      more = outcome !== 'stale' && outcome.more;
    }
  }

  function endSessions(): void {
    revocations.prune(core.now());
    core.restrictions.prune();
    for (const session of core.hub.sessions()) {
      const reason = checkSession(session, revocations, core.now());
      if (reason !== undefined) session.end(reason);
    }
  }

  async function sweep(): Promise<void> {
    endSessions();
    if (await core.store.hasDueExpiry(core.now())) await expireMessages();
  }

  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    sweep()
      .catch((cause: unknown) => core.log.error({ err: cause }, 'the sweep failed; it will be tried again'))
      .finally(() => {
        busy = false;
      });
  }, SWEEP_EVERY_MS);
  timer.unref();
  return { close: () => clearInterval(timer) };
}

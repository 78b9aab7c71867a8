/** Long work in the background, in short transactions: what retention no longer keeps, facts that nobody asks for any more, and people who are erased. It goes on after a restart. */
import type { Core } from './core.ts';
import { carryOnIdentifying } from './desk/visitors.ts';
import { carryOn } from './erasing.ts';
import { firstIdAt } from './ids.ts';
import { breath, cutsOf, findOverdue, removeOverdue } from './retention.ts';

/** How often erasures that are under way are looked for. Milliseconds. */
const LOOK_EVERY_MS = 500;

/** How often conversations are looked through for what is too old: ages are days, not minutes. Milliseconds. */
const RETENTION_EVERY_MS = 600_000;

/** Facts, and notes of who did what, forgotten in one transaction. */
const FORGET_AT_ONCE = 500;

export interface Caretaker {
  /** Looks through all conversations now; resolves when what was too old is gone. */
  applyRetention(): Promise<void>;
  /** Carries on what there is to erase; resolves when all of it is done. */
  erase(): Promise<void>;
  /** Begins nothing more; what is under way stops after its transaction, and `close` resolves. */
  close(): Promise<void>;
}

export function startCaretaker(core: Core): Caretaker {
  let closed = false;
  let applying: Promise<void> | undefined;
  let erasing: Promise<void> | undefined;
  let trimming: Promise<void> | undefined;
  let nextRetention = 0;
  const stopped = (): boolean => closed;

  async function applyAll(): Promise<void> {
    for await (const overdue of findOverdue(core, cutsOf(core.limits.retention, core.now()), stopped)) {
      if (closed) return;
      await removeOverdue(core, overdue, stopped);
    }
  }

  async function eraseAll(): Promise<void> {
    // First, so that nothing becomes a person's who is erased.
    for (const one of await core.store.identifications()) await carryOnIdentifying(core, one, undefined, stopped).catch(complain);
    for (const erasure of await core.store.erasures()) {
      if (closed) return;
      // One that cannot go on holds up none of the others.
      await carryOn(core, erasure, stopped).catch(complain);
    }
  }

  async function trimFeed(): Promise<void> {
    const before = firstIdAt(core.now() - core.limits.eventsRetention) - 1;
    for (let more = before > 0; more && !closed;) {
      const outcome = await core.committer.commit({ type: 'trim-feed', before, limit: FORGET_AT_ONCE });
      more = outcome !== 'stale' && outcome.more;
      if (more) await breath();
    }
  }

  async function trimAudit(): Promise<void> {
    const before = core.now() - core.limits.auditRetention;
    for (let more = true; more && !closed;) {
      const outcome = await core.committer.commit({ type: 'trim-audit', before, limit: FORGET_AT_ONCE });
      more = outcome !== 'stale' && outcome.more;
      if (more) await breath();
    }
  }

  function applyRetention(): Promise<void> {
    return (applying ??= applyAll().finally(() => {
      applying = undefined;
    }));
  }

  function erase(): Promise<void> {
    return (erasing ??= eraseAll().finally(() => {
      erasing = undefined;
    }));
  }

  function complain(cause: unknown): void {
    if (!closed) core.log.error({ err: cause }, 'retention or an erasure could not go on; it will be tried again');
  }

  const timer = setInterval(() => {
    erase().catch(complain);
    if (performance.now() < nextRetention) return;
    nextRetention = performance.now() + RETENTION_EVERY_MS;
    trimming = trimFeed().then(trimAudit).catch(complain);
    if (core.limits.retention.length > 0) applyRetention().catch(complain);
  }, LOOK_EVERY_MS);
  timer.unref();

  return {
    applyRetention,
    erase,
    async close() {
      closed = true;
      clearInterval(timer);
      await Promise.allSettled([applying, erasing, trimming]);
    },
  };
}

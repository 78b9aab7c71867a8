/** Who did what: the notes that administrative acts leave (`Audited`). */
import type { Core } from './core.ts';
import type { Actor } from './model.ts';
import type { AuditAction, AuditNote, Doer } from './ports.ts';

export function doerOf({ server, backEnd, user }: Actor): Doer {
  return { ...(server && { apiToken: backEnd ?? '' }), user };
}

/** What a note says besides who acts where. */
export interface Act {
  readonly action: AuditAction;
  readonly user?: number;
  readonly subject?: string;
  readonly reason?: string;
}

export function noteOf(actor: Actor, { action, user = 0, subject = '', reason = '' }: Act): AuditNote {
  return { namespace: actor.namespace, by: doerOf(actor), action, user, subject, reason };
}

/** The note of what a back end does; users who do the same with what is theirs leave none. */
export function auditOf(actor: Actor, act: Act): { readonly audit?: AuditNote } {
  return actor.server ? { audit: noteOf(actor, act) } : {};
}

/** Notes what is stored nowhere else. Nobody waits for it: what is to be done now is done when the disk is full, too. */
export function recordAct({ committer, log }: Pick<Core, 'committer' | 'log'>, audit: AuditNote): void {
  committer.commit({ type: 'audit', audit }).catch((cause: unknown) => {
    const { action, by, user, subject } = audit;
    log.error({ err: cause, action, by, user, subject }, 'what was done could not be noted');
  });
}

/** Mute and ban users, for a time or until it is lifted; and read who did what. Only back ends do. */
import { doerOf, noteOf } from '../audit.ts';
import { checkName } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Id, Millis } from '../model.ts';
import { notFound } from '../policy.ts';
import { RESTRICTION_KINDS } from '../ports.ts';
import type { AuditAction, AuditEntry, Restriction, RestrictionKind } from '../ports.ts';

/** Characters of a reason: what fits where it is told. */
export const MAX_REASON_LENGTH = 500;

/** The longest time: what is meant for longer is meant for ever. Ten years. */
export const MAX_RESTRICTION_MS: Millis = 315_360_000_000;

const BEGUN: Readonly<Record<RestrictionKind, AuditAction>> = { mute: 'user.muted', ban: 'user.banned' };
const OVER: Readonly<Record<RestrictionKind, AuditAction>> = { mute: 'user.unmuted', ban: 'user.unbanned' };

export interface RestrictUser {
  readonly user: Id;
  readonly kind: RestrictionKind;
  /** How long; absent: until it is lifted. */
  readonly lasts?: Millis;
  readonly reason?: string;
}

/** Restricts a user from now on, in place of an earlier restriction of the kind. The sessions of who is banned have ended when it resolves. */
export async function restrictUser(
  core: Core,
  actor: Actor,
  { user, kind, lasts, reason = '' }: RestrictUser,
): Promise<Restriction> {
  checkBackEnd(actor);
  checkName('reason', reason, MAX_REASON_LENGTH);
  if (lasts !== undefined && !(lasts > 0 && lasts <= MAX_RESTRICTION_MS)) {
    const problem = `must be above 0 and at most ${MAX_RESTRICTION_MS / 1000}`;
    throw new ChatError('invalid_argument', `seconds: ${problem}`, { fields: { seconds: problem } });
  }
  const { namespace } = actor;
  const known = await core.directory.user(namespace, user);
  if (known === undefined || known.erasedAt !== undefined) throw notFound();
  const at = core.now();
  const until = lasts === undefined ? {} : { until: at + lasts };
  const restriction: Restriction = { namespace, user, kind, ...until, reason, by: doerOf(actor), at };
  const audit = noteOf(actor, { action: BEGUN[kind], user, reason });
  await core.committer.commit({ type: 'restrict', restriction, audit });
  return restriction;
}

/** Lifts a restriction of a user, or all; one that is not there is lifted. */
export async function liftRestriction(core: Core, actor: Actor, user: Id, only?: RestrictionKind, reason = ''): Promise<void> {
  checkBackEnd(actor);
  checkName('reason', reason, MAX_REASON_LENGTH);
  const { namespace } = actor;
  for (const kind of only === undefined ? RESTRICTION_KINDS : [only]) {
    const audit = noteOf(actor, { action: OVER[kind], user, reason });
    await core.committer.commit({ type: 'lift', namespace, user, kind, audit });
  }
}

/** What a user is restricted by now. */
export function findRestrictions(core: Core, actor: Actor, user: Id): readonly Restriction[] {
  checkBackEnd(actor);
  return core.restrictions.of(actor.namespace, user);
}

/** Who is restricted, by user: those with an id above `after`. */
export function listRestrictions(core: Core, actor: Actor, after: Id, limit: number): readonly Restriction[] {
  checkBackEnd(actor);
  return core.restrictions.list(actor.namespace, after, Math.min(limit, core.limits.maxPage));
}

/** Who did what in the actor's namespace, newest first; of what is older than `before`. */
export async function readAudit(core: Core, actor: Actor, before: Id, limit: number): Promise<readonly AuditEntry[]> {
  checkBackEnd(actor);
  return core.store.audit(actor.namespace, before, Math.min(limit, core.limits.maxPage));
}

function checkBackEnd({ server }: Actor): void {
  if (!server) throw new ChatError('permission_denied', 'Only back ends with an Api-Token may do this.');
}

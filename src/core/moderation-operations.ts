/** What a store can be asked to keep of those who look after a chat: restrictions of users, revoked tokens, and who did what: part of `Operation` (operations.ts). */
import type { Id, Millis } from './model.ts';

/** `mute`: says nothing. `ban`: is not let in. */
export const RESTRICTION_KINDS = ['mute', 'ban'] as const;
export type RestrictionKind = (typeof RESTRICTION_KINDS)[number];

/** Who acts on others: a back end by the name of its Api-Token, a user, or a back end on behalf of a user. */
export interface Doer {
  readonly apiToken?: string;
  /** 0: nobody in particular. */
  readonly user: Id;
}

/** What somebody may not do, until when and why. A user has one of each kind at the most. */
export interface Restriction {
  readonly namespace: string;
  readonly user: Id;
  readonly kind: RestrictionKind;
  /** Absent: until it is lifted. */
  readonly until?: Millis;
  /** Told to the user; may be empty. */
  readonly reason: string;
  readonly by: Doer;
  readonly at: Millis;
}

export type AuditAction =
  | 'user.muted'
  | 'user.unmuted'
  | 'user.banned'
  | 'user.unbanned'
  | 'user.erased'
  | 'user.exported'
  | 'tokens.revoked'
  | 'api-token.created'
  | 'api-token.deleted'
  | 'session.ended'
  | 'conversation.deleted'
  | 'retention.applied';

/** Who did what to whom, and why. */
export interface AuditNote {
  /** In which it was done. */
  readonly namespace: string;
  readonly by: Doer;
  readonly action: AuditAction;
  /** The user it was done to; 0: none. */
  readonly user: Id;
  /** What else it was done to: the id of a session or conversation, the name of an Api-Token, the `jti` of a token; may be empty. */
  readonly subject: string;
  /** May be empty. */
  readonly reason: string;
}

/** A note as it is kept; ids grow. */
export interface AuditEntry extends AuditNote {
  readonly id: Id;
  readonly at: Millis;
}

/** An operation that leaves a note in the same transaction, if it takes effect. */
export interface Audited {
  readonly audit?: AuditNote;
}

/** Leave a note of what nothing else is stored of. */
export interface RecordAct {
  readonly type: 'audit';
  readonly audit: AuditNote;
}

export interface ActRecorded {
  readonly type: 'audit';
}

/** Forget notes from before a moment, `limit` at most. */
export interface TrimAudit {
  readonly type: 'trim-audit';
  readonly before: Millis;
  readonly limit: number;
}

export interface AuditTrimmed {
  readonly type: 'trim-audit';
  readonly more: boolean;
}

/** From now on a user is restricted; in place of an earlier restriction of the kind. */
export interface Restrict extends Audited {
  readonly type: 'restrict';
  readonly restriction: Restriction;
}

export interface Restricted {
  readonly type: 'restrict';
  readonly restriction: Restriction;
}

/** A restriction is over before its time. */
export interface LiftRestriction extends Audited {
  readonly type: 'lift';
  readonly namespace: string;
  readonly user: Id;
  readonly kind: RestrictionKind;
}

export interface RestrictionLifted {
  readonly type: 'lift';
  readonly namespace: string;
  readonly user: Id;
  readonly kind: RestrictionKind;
  /** False: there was none. */
  readonly lifted: boolean;
}

/** From now on a token is worth nothing: one token by its `jti`, or all of a user's issued up to now. */
export interface RevokeTokens extends Audited {
  readonly type: 'revoke';
  readonly namespace: string;
  readonly user: Id;
  readonly token?: string;
  /** When the last of the revoked tokens would have expired: the entry is kept until then. */
  readonly until: Millis;
}

export interface TokensRevoked {
  readonly type: 'revoke';
  readonly revocation: Revocation;
}

export interface Revocation {
  readonly namespace: string;
  readonly user: Id;
  readonly token?: string;
  /** Tokens issued at or before this moment are revoked. */
  readonly before: Millis;
  readonly until: Millis;
}

export type ModerationOperation = Restrict | LiftRestriction | RevokeTokens | RecordAct | TrimAudit;

export interface ModerationOutcomes {
  restrict: Restricted;
  lift: RestrictionLifted;
  revoke: TokensRevoked;
  audit: ActRecorded;
  'trim-audit': AuditTrimmed;
}

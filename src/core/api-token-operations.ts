/** What a store can be asked about tokens of back ends: part of `Operation` (operations.ts). */
import type { Millis } from './model.ts';
import type { Audited } from './moderation-operations.ts';

/** A token for back ends: only the SHA-256 of its secret is kept. */
export interface ApiToken {
  readonly name: string;
  readonly hash: string;
  readonly scopes: readonly string[];
  /** The only namespace it may act in; absent = all. */
  readonly namespace?: string;
  readonly createdAt: Millis;
}

export interface SaveApiToken extends Audited {
  readonly type: 'api-token';
  readonly token: ApiToken;
}

export interface ApiTokenSaved {
  readonly type: 'api-token';
  readonly token: ApiToken;
}

export interface DeleteApiToken extends Audited {
  readonly type: 'api-token-delete';
  readonly name: string;
}

export interface ApiTokenDeleted {
  readonly type: 'api-token-delete';
  readonly name: string;
  readonly deleted: boolean;
}

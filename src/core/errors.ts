/**
 * The closed list of reasons a request may be refused, and of reasons a session may be ended.
 * Each door has one table that turns them into its own form; an unknown failure becomes `internal`.
 */

export type ErrorCode =
  | 'invalid_argument'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'already_exists'
  | 'failed_precondition'
  | 'too_large'
  | 'rate_limited'
  | 'unavailable'
  | 'not_supported'
  | 'internal';

export interface ErrorDetails {
  /** Which field of the input is wrong, and how. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Milliseconds after which the same request may succeed. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** A request failed; the connection it came on lives on. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
  readonly code: ErrorCode;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.fields = details.fields;
    this.retryAfter = details.retryAfter;
  }
}

/** Any thrown value as a ChatError; what is not ours becomes `internal` with the cause kept for the log. */
export function toChatError(thrown: unknown): ChatError {
  if (thrown instanceof ChatError) return thrown;
  return new ChatError('internal', 'Something went wrong on the server. It has been logged.', { cause: thrown });
}

/**
 * Why the server ends a session.
 * - `shutdown`: come back to another node or later
 * - `token_expired`, `token_revoked`: sign in again
 * - `banned`: the user is banned
 * - `kicked`: ended by an operator or a back end
 * - `slow`: the client did not read what was sent; it may resume
 * - `policy`: it broke a limit of the protocol
 * - `internal`: our fault
 */
export type DisconnectReason =
  | 'shutdown'
  | 'token_expired'
  | 'token_revoked'
  | 'banned'
  | 'kicked'
  | 'slow'
  | 'policy'
  | 'internal';

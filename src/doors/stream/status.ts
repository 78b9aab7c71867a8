/** The core's errors in this door's three forms: gRPC status, HTTP status, WebSocket close code (wire.md section 1). */
import { ChatError, toChatError } from '../../core/index.ts';
import type { DisconnectReason, ErrorCode } from '../../core/index.ts';
import { GrpcError, GrpcStatus } from '../../grpc/index.ts';
import type { GrpcStatusCode } from '../../grpc/index.ts';
import { DecodeError } from './wire.ts';

interface StatusRow {
  readonly grpc: GrpcStatusCode;
  readonly http: number;
  readonly close: number;
}

export const STATUS: Readonly<Record<ErrorCode, StatusRow>> = {
  invalid_argument: { grpc: GrpcStatus.INVALID_ARGUMENT, http: 400, close: 1007 },
  unauthenticated: { grpc: GrpcStatus.UNAUTHENTICATED, http: 401, close: 4401 },
  permission_denied: { grpc: GrpcStatus.PERMISSION_DENIED, http: 403, close: 4403 },
  not_found: { grpc: GrpcStatus.NOT_FOUND, http: 404, close: 1008 },
  already_exists: { grpc: GrpcStatus.ALREADY_EXISTS, http: 409, close: 1008 },
  failed_precondition: { grpc: GrpcStatus.FAILED_PRECONDITION, http: 400, close: 1008 },
  too_large: { grpc: GrpcStatus.INVALID_ARGUMENT, http: 400, close: 1009 },
  rate_limited: { grpc: GrpcStatus.RESOURCE_EXHAUSTED, http: 429, close: 1008 },
  unavailable: { grpc: GrpcStatus.UNAVAILABLE, http: 503, close: 1011 },
  not_supported: { grpc: GrpcStatus.UNIMPLEMENTED, http: 501, close: 1008 },
  internal: { grpc: GrpcStatus.INTERNAL, http: 500, close: 1011 },
};

interface EndRow {
  readonly close: number;
  readonly grpc: GrpcStatusCode;
  readonly message: string;
}

/** How a connection is told why the server ends it. */
export const END: Readonly<Record<DisconnectReason, EndRow>> = {
  shutdown: { close: 1001, grpc: GrpcStatus.UNAVAILABLE, message: 'the server is shutting down; connect again' },
  token_expired: { close: 4401, grpc: GrpcStatus.UNAUTHENTICATED, message: 'the token has expired' },
  token_revoked: { close: 4401, grpc: GrpcStatus.UNAUTHENTICATED, message: 'the token has been revoked' },
  banned: { close: 4403, grpc: GrpcStatus.PERMISSION_DENIED, message: 'the user is banned' },
  kicked: { close: 1008, grpc: GrpcStatus.ABORTED, message: 'the connection was ended by the server' },
  slow: { close: 1008, grpc: GrpcStatus.RESOURCE_EXHAUSTED, message: 'too much was left unread; connect again and resume' },
  policy: { close: 1008, grpc: GrpcStatus.FAILED_PRECONDITION, message: 'a limit of the protocol was broken' },
  internal: { close: 1011, grpc: GrpcStatus.INTERNAL, message: 'something went wrong on the server' },
};

/** Anything thrown while a request of this door was handled, as an error of the core. */
export function toError(thrown: unknown): ChatError {
  return thrown instanceof DecodeError ? new ChatError('invalid_argument', thrown.message) : toChatError(thrown);
}

export function toGrpcError(error: ChatError): GrpcError {
  const metadata = error.retryAfter === undefined ? undefined : { 'retry-after-ms': String(error.retryAfter) };
  return new GrpcError(STATUS[error.code].grpc, error.message, metadata);
}

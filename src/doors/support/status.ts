/** The core's errors in this door's two forms: HTTP status and WebSocket close code (wire.md sections 1 and 4). */
import type { DisconnectReason, ErrorCode } from '../../core/index.ts';
import type { WebSocketEnding } from '../websocket-link.ts';

export const STATUS: Readonly<Record<ErrorCode, { readonly http: number; readonly close: number }>> = {
  invalid_argument: { http: 422, close: 1007 },
  unauthenticated: { http: 401, close: 4401 },
  permission_denied: { http: 403, close: 4403 },
  not_found: { http: 404, close: 1008 },
  already_exists: { http: 422, close: 1008 },
  failed_precondition: { http: 422, close: 1008 },
  too_large: { http: 413, close: 1009 },
  rate_limited: { http: 429, close: 1008 },
  unavailable: { http: 503, close: 1011 },
  not_supported: { http: 422, close: 1008 },
  internal: { http: 500, close: 1011 },
};

/** How a connection is told why the server ends it. */
export const END: Readonly<Record<DisconnectReason, WebSocketEnding>> = {
  shutdown: { close: 1001, message: 'the server is shutting down; connect again' },
  token_expired: { close: 4401, message: 'the token has expired' },
  token_revoked: { close: 4401, message: 'the token has been revoked' },
  banned: { close: 4403, message: 'the user is banned' },
  kicked: { close: 1008, message: 'the connection was ended by the server' },
  slow: { close: 1008, message: 'too much was left unread; connect again and resume' },
  policy: { close: 1008, message: 'a limit of the protocol was broken' },
  internal: { close: 1011, message: 'something went wrong on the server' },
};

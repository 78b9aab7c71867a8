/** What the server tells of itself, for metrics. */
import type { GrpcStatusCode } from './status.ts';

/** `path` is a registered one or `unknown`, so that it may be a metric's label. */
export type GrpcObservation =
  | { readonly kind: 'connection_opened' }
  | { readonly kind: 'connection_closed' }
  /** We closed a connection because of what its client did or failed to do. */
  | { readonly kind: 'connection_refused'; readonly reason: GrpcRefusal }
  | { readonly kind: 'call_started'; readonly path: string }
  | { readonly kind: 'call_ended'; readonly path: string; readonly code: GrpcStatusCode; readonly durationMs: number }
  /** A call was cut off because its client did not read. */
  | { readonly kind: 'slow_reader'; readonly path: string; readonly bufferedBytes: number };

/** The limit that a refused connection broke; each is named in `GrpcLimits`, but for `protocol_error`: HTTP/2 itself was broken. */
export type GrpcRefusal =
  | 'handshake_timeout'
  | 'no_request'
  | 'idle'
  | 'keepalive_timeout'
  | 'reset_flood'
  | 'ping_flood'
  | 'settings_flood'
  | 'slow_reader'
  | 'protocol_error';

/**
 * From the headers of a stream to a call, or to the refusal that fits.
 * Source: "gRPC over HTTP2", Requests; "HTTP to gRPC Status Code Mapping" for those that do not speak gRPC at all.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ByteBudget } from './budget.ts';
import { RESPONSE_HEADERS, respondOnce } from './call.ts';
import type { Call, CallInit, CallServices } from './call.ts';
import type { GrpcMethod } from './method.ts';
import { GrpcStatus, statusTrailers } from './status.ts';
import type { GrpcStatusCode, GrpcStatusInfo } from './status.ts';
import { StreamCall } from './stream-call.ts';
import { parseTimeout } from './timeout.ts';
import { UnaryCall } from './unary-call.ts';

export interface OpenCallDeps {
  readonly services: CallServices;
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly budget: ByteBudget;
  readonly remoteAddress: string;
  readonly draining: boolean;
  readonly headersTooLarge: boolean;
}

/** `+proto` names the message format, and it is the only one there is. */
const CONTENT_TYPE = /^application\/grpc(\+proto)?( *;.*)?$/i;

/** The call that these headers open; undefined when the stream has been answered with a refusal. */
export function openCall(deps: OpenCallDeps): Call | undefined {
  const { headers, stream } = deps;
  if (headers[':method'] !== 'POST') return refuseHttp(stream, { ':status': 405, allow: 'POST' });
  if (!CONTENT_TYPE.test(headers['content-type'] ?? '')) {
    return refuseHttp(stream, { ':status': 415, 'accept-post': 'application/grpc' });
  }
  const path = headers[':path'] ?? '';
  const method = deps.methods.get(path);
  if (deps.draining) return refuse(deps, method, GrpcStatus.UNAVAILABLE, 'server is shutting down');
  if (deps.headersTooLarge) return refuse(deps, method, GrpcStatus.RESOURCE_EXHAUSTED, 'metadata too large');
  if (method === undefined) return refuse(deps, method, GrpcStatus.UNIMPLEMENTED, 'unknown method');
  const encoding = headers['grpc-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    return refuse(deps, method, GrpcStatus.UNIMPLEMENTED, 'unsupported grpc-encoding');
  }
  const timeout = headers['grpc-timeout'];
  const timeoutMs = timeout === undefined ? undefined : parseTimeout(String(timeout));
  if (timeout !== undefined && timeoutMs === undefined) {
    return refuse(deps, method, GrpcStatus.INVALID_ARGUMENT, 'malformed grpc-timeout');
  }
  const init: CallInit = {
    services: deps.services,
    stream,
    headers,
    path,
    budget: deps.budget,
    remoteAddress: deps.remoteAddress,
    deadline: timeoutMs === undefined ? undefined : Date.now() + timeoutMs,
    compressed: encoding === 'gzip',
  };
  return method.kind === 'unary' ? new UnaryCall(init, method) : new StreamCall(init, method);
}

function refuseHttp(stream: ServerHttp2Stream, headers: Record<string, string | number>): undefined {
  respondOnce(stream, headers);
}

function refuse(deps: OpenCallDeps, method: GrpcMethod | undefined, code: GrpcStatusCode, message: string): undefined {
  const status: GrpcStatusInfo = { code, message };
  const path = method === undefined ? 'unknown' : (deps.headers[':path'] ?? 'unknown');
  deps.services.observe({ kind: 'call_started', path });
  respondOnce(deps.stream, { ...RESPONSE_HEADERS, ...statusTrailers(status) });
  deps.services.observe({ kind: 'call_ended', path, code, durationMs: 0 });
}

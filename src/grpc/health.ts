/** grpc.health.v1.Health: what load balancers and orchestrators ask. Source: the gRPC document "GRPC Health Checking Protocol". */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { HealthCheckRequestSchema, HealthCheckResponseSchema, ServingStatus } from '../protobuf/index.ts';
import { frameMessage } from './framing.ts';
import type { GrpcStreamCall, GrpcStreamHandler } from './method.ts';
import type { GrpcServer } from './server.ts';
import { GrpcError, GrpcStatus } from './status.ts';

export type GrpcHealthStatus = 'SERVING' | 'NOT_SERVING';

export interface GrpcHealth {
  /** Sets the status of a service (`pkg.Service`, or '' for the server as a whole) and tells its watchers. */
  setHealth(service: string, status: GrpcHealthStatus): void;
  /** Every service becomes NOT_SERVING and stays so. */
  shutdown(): void;
}

/** Registers the health service on a server. The server as a whole starts as SERVING. */
export function registerHealth(server: GrpcServer): GrpcHealth {
  const statuses = new Map<string, GrpcHealthStatus>([['', 'SERVING']]);
  /** By the service they asked for, which need not exist (yet). */
  const watchers = new Map<string, Set<GrpcStreamCall>>();
  let isShutDown = false;

  const set = (service: string, status: GrpcHealthStatus): void => {
    if (statuses.get(service) === status) return;
    statuses.set(service, status);
    const framed = frameMessage(encodeStatus(status));
    for (const call of watchers.get(service) ?? []) call.writeFramed(framed);
  };

  const watch = (service: string, call: GrpcStreamCall): (() => void) => {
    const calls = watchers.get(service) ?? new Set();
    watchers.set(service, calls.add(call));
    call.write(encodeStatus(statuses.get(service)));
    return () => {
      calls.delete(call);
      if (calls.size === 0) watchers.delete(service);
    };
  };

  server.register('/grpc.health.v1.Health/Check', {
    kind: 'unary',
    handle(_call, request) {
      const status = statuses.get(readService(request));
      if (status === undefined) throw new GrpcError(GrpcStatus.NOT_FOUND, 'unknown service');
      return encodeStatus(status);
    },
  });
  server.register('/grpc.health.v1.Health/Watch', { kind: 'stream', open: (call) => createWatch(call, watch) });

  return {
    setHealth(service, status) {
      if (!isShutDown) set(service, status);
    },
    shutdown() {
      isShutDown = true;
      for (const service of statuses.keys()) set(service, 'NOT_SERVING');
    },
  };
}

/** One Watch: a single request, then answers for as long as the client listens. */
function createWatch(call: GrpcStreamCall, watch: (service: string, call: GrpcStreamCall) => () => void): GrpcStreamHandler {
  let unwatch: (() => void) | undefined;
  return {
    message(bytes) {
      if (unwatch !== undefined) throw new GrpcError(GrpcStatus.INVALID_ARGUMENT, 'Watch takes one request');
      unwatch = watch(readService(bytes), call);
    },
    halfClose() {
      if (unwatch === undefined) throw new GrpcError(GrpcStatus.INVALID_ARGUMENT, 'Watch needs a request');
    },
    closed() {
      unwatch?.();
    },
  };
}

function readService(request: Buffer): string {
  try {
    return fromBinary(HealthCheckRequestSchema, request).service;
  } catch {
    throw new GrpcError(GrpcStatus.INVALID_ARGUMENT, 'not a HealthCheckRequest');
  }
}

/** An unset status is answered as SERVICE_UNKNOWN, which only Watch may say. */
function encodeStatus(status: GrpcHealthStatus | undefined): Uint8Array {
  const value = status === undefined ? ServingStatus.SERVICE_UNKNOWN : ServingStatus[status];
  return toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status: value }));
}

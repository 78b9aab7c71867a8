/** The server: methods by path, connections by socket, and how both come to an end. */
import type { Socket } from 'node:net';
import type { CallServices } from './call.ts';
import { Connection, sessionOptions } from './connection.ts';
import { createInflater } from './inflater.ts';
import { DEFAULT_GRPC_LIMITS } from './limits.ts';
import type { GrpcLimits } from './limits.ts';
import type { GrpcMethod } from './method.ts';
import type { GrpcObservation } from './observe.ts';

export interface GrpcServerOptions {
  readonly limits?: Partial<GrpcLimits> | undefined;
  /** Told what happens, for metrics. Must not throw. */
  readonly observe?: ((event: GrpcObservation) => void) | undefined;
  /** Told the cause of every INTERNAL that a method's failure became, for the log. Must not throw. */
  readonly onError?: ((error: unknown, path: string) => void) | undefined;
}

export interface GrpcServer {
  /** Adds a method under `/pkg.Service/Method`. Throws TypeError when the path is malformed or taken. */
  register(path: string, method: GrpcMethod): void;
  /** Takes a connected socket (h2c, or TLS with `h2` agreed on) whose first bytes have not been consumed (or were put back). */
  accept(socket: Socket): void;
  /** Tells every client to go elsewhere (GOAWAY) and answers new calls with UNAVAILABLE; open calls go on. */
  drain(): void;
  /**
   * Drains, ends open streams with UNAVAILABLE, lets unary calls finish for at most `graceMs`, then cuts what is left.
   * Resolves when every connection is gone.
   */
  close(graceMs: number): Promise<void>;
  readonly connectionCount: number;
  readonly callCount: number;
}

const PATH = /^\/[A-Za-z_][\w.]*\/[A-Za-z_]\w*$/;

export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  const limits: GrpcLimits = { ...DEFAULT_GRPC_LIMITS, ...options.limits };
  const services: CallServices = {
    limits,
    inflater: createInflater(limits.maxMessageBytes, limits.maxConcurrentInflations),
    observe: options.observe ?? (() => {}),
    onError: options.onError ?? (() => {}),
  };
  const http2Options = sessionOptions(limits);
  const methods = new Map<string, GrpcMethod>();
  const connections = new Set<Connection>();
  let sweeper: NodeJS.Timeout | undefined;
  let draining = false;
  const allGone = Promise.withResolvers<void>();
  let closing = false;

  const sweep = (): void => {
    const now = performance.now();
    for (const connection of connections) connection.sweep(now);
  };

  const forget = (connection: Connection): void => {
    connections.delete(connection);
    if (connections.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
    if (closing) allGone.resolve();
  };

  const drain = (): void => {
    draining = true;
    for (const connection of connections) connection.drain();
  };

  return {
    register(path, method) {
      if (!PATH.test(path)) throw new TypeError(`not a gRPC method path: ${path}`);
      if (methods.has(path)) throw new TypeError(`registered twice: ${path}`);
      methods.set(path, method);
    },
    accept(socket) {
      if (closing) socket.destroy();
      if (socket.destroyed) return;
      const connection = new Connection({
        socket,
        http2Options,
        services,
        methods,
        isDraining: () => draining,
        onClosed: forget,
      });
      connections.add(connection);
      sweeper ??= setInterval(sweep, sweepInterval(limits)).unref();
    },
    drain,
    async close(graceMs) {
      closing = true;
      drain();
      if (connections.size === 0) return;
      for (const connection of connections) connection.endStreams();
      const timer = setTimeout(() => {
        for (const connection of connections) connection.destroy();
      }, graceMs);
      await allGone.promise;
      clearTimeout(timer);
    },
    get connectionCount() {
      return connections.size;
    },
    get callCount() {
      let count = 0;
      for (const connection of connections) count += connection.callCount;
      return count;
    },
  };
}

/** Once a second, or more often when a time limit is so short that a second would be late by a lot. */
function sweepInterval(limits: GrpcLimits): number {
  const shortest = Math.min(
    limits.handshakeTimeoutMs,
    limits.firstRequestTimeoutMs,
    limits.requestTimeoutMs,
    limits.finishTimeoutMs,
    limits.idleTimeoutMs,
    limits.keepaliveIntervalMs,
    limits.keepaliveTimeoutMs,
  );
  return Math.max(10, Math.min(1000, shortest / 4));
}

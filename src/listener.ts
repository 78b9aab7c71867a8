/**
 * The one port: HTTP/1.1 routes, WebSocket upgrades and gRPC (h2c), told apart by their first bytes; health, readiness and metrics.
 */
import { createServer as createHttpServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Carriers, Refusal, UpgradeHandler } from './doors/door.ts';
import { createGrpcServer, registerHealth, registerReflection, routeConnections } from './grpc/index.ts';
import type { GrpcHealth, GrpcServer, SharedPort } from './grpc/index.ts';
import {
  MALFORMED_ADDRESS,
  PARSED_HEADER_BYTES,
  createRefusals,
  pathInPacket,
  pathOf,
  refusalOf,
  refusalOfHead,
} from './listener/refusals.ts';
import type { Refusals } from './listener/refusals.ts';
import type { Metrics } from './metrics.ts';

/** A request's headers must be complete by then: a byte a second is no client. Milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;

/** How often requests that take too long are looked for. Milliseconds. */
const TIMEOUTS_CHECKED_EVERY_MS = 2_000;

/** A whole request must be there by then, but for an upload. Milliseconds. */
const REQUEST_TIMEOUT_MS = 60_000;

/** A whole upload must be there by then: the largest file over a slow line. Milliseconds. */
const UPLOAD_TIMEOUT_MS = 3_600_000;

/** A new connection says something by then. Milliseconds. */
const FIRST_BYTE_TIMEOUT_MS = 10_000;

/** How often a closing server looks for connections whose last answer has left. Milliseconds. */
const IDLE_CHECKED_EVERY_MS = 20;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes bodies that come in for longer than other requests may. */
    slowBody?: boolean;
  }
}

export interface ListenerOptions {
  readonly maxBodyBytes: number;
  readonly maxFrameBytes: number;
  readonly maxBufferedBytes: number;
  readonly metrics: Metrics;
  readonly onError: (error: unknown, where: string) => void;
  /** Whether the parts behind the doors can work: answered by /readyz. */
  readonly ready: () => Promise<Readonly<Record<string, boolean>>>;
}

/** It carries everything but `/api`, which is put together from what it carries. */
export interface Listener extends Omit<Carriers, 'api'> {
  /** Listens; resolves with the port. Rejects when it is taken. */
  listen(port: number, host: string): Promise<number>;
  /** No longer ready, no new connections; those that are open go on. */
  drain(): void;
  /** Ends what is open: requests under way have until the grace is over. */
  close(graceMs: number): Promise<void>;
}

export async function createListener(options: ListenerOptions): Promise<Listener> {
  const { metrics } = options;
  const grpc: GrpcServer = createGrpcServer({
    limits: { maxMessageBytes: options.maxFrameBytes, maxBufferedBytes: options.maxBufferedBytes * 2 },
    observe: metrics.observeGrpc,
    onError: options.onError,
  });
  const health: GrpcHealth = registerHealth(grpc);
  const reflection = registerReflection(grpc);
  const server: HttpServer = createHttpServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: UPLOAD_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUTS_CHECKED_EVERY_MS,
    // Clients that offer another protocol (`Upgrade: h2c`) are answered in this one (RFC 9110, section 7.8).
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    maxHeaderSize: PARSED_HEADER_BYTES,
    // Looked at by us, so that its absence is answered and counted as every refusal is.
    requireHostHeader: false,
    noDelay: true,
  });
  const refusals = createRefusals({ meter: metrics.meter });
  const http = createRoutes(server, options, refusals);
  const shared: SharedPort = routeConnections({
    http: server,
    grpc,
    firstByteTimeoutMs: FIRST_BYTE_TIMEOUT_MS,
    onSilence: () => refusals.count('timeout'),
  });
  const upgrades = new Map<string, UpgradeHandler>();
  let draining = false;
  const allClosed = new Promise<void>((resolve) => shared.once('close', () => resolve()));

  server.on('upgrade', (request, socket, head) => {
    const path = pathOf(request.url);
    const handler = upgrades.get(path);
    const refusal = draining ? DRAINING : refusalOfHead(request);
    if (refusal !== undefined) refusals.refuseSocket(socket, path, refusal);
    else if (handler === undefined) refusals.refuseSocket(socket, path, nothingAt('an upgrade of', path));
    else handler(request, socket, head);
  });
  // Load balancers ask with HEAD as well.
  http.get('/healthz', WITH_HEAD, () => ({ status: 'ok' }));
  http.get('/readyz', WITH_HEAD, async (_request, reply) => {
    const parts = { ...(await options.ready()), listening: !draining };
    const ready = Object.values(parts).every(Boolean);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', parts });
  });
  http.get('/metrics', WITH_HEAD, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.print()));

  return {
    http,
    grpc: {
      register: (path, method) => grpc.register(path, method),
      registerService(service) {
        reflection.registerService(service);
        health.setHealth(service.typeName, 'SERVING');
      },
    },
    upgrade: (path, handler) => void upgrades.set(path, handler),
    refusals: refusals.own,
    async listen(port, host) {
      await http.ready();
      await new Promise<void>((resolve, reject) => {
        shared.once('error', reject);
        shared.listen({ port, host }, () => {
          shared.off('error', reject);
          resolve();
        });
      });
      return portOf(shared.address());
    },
    drain() {
      draining = true;
      health.shutdown();
      grpc.drain();
      shared.close();
      server.closeIdleConnections();
    },
    async close(graceMs) {
      const timer = setTimeout(() => shared.closeAllConnections(), graceMs);
      // An answer under way may leave its connection idle at any moment.
      const idler = setInterval(() => server.closeIdleConnections(), IDLE_CHECKED_EVERY_MS);
      await grpc.close(graceMs);
      await allClosed;
      await http.close();
      clearInterval(idler);
      clearTimeout(timer);
    },
  };
}

function createRoutes(server: HttpServer, options: ListenerOptions, refusals: Refusals): FastifyInstance {
  const http = fastify({
    serverFactory: (handler) => server.on('request', handler),
    bodyLimit: options.maxBodyBytes,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 8_192 },
    // An address that cannot be decoded has no route.
    frameworkErrors(_error, request, reply) {
      const { status, headers, body } = refusals.refuse(pathOf(request.raw.url), MALFORMED_ADDRESS);
      reply.raw.writeHead(status, headers).end(body);
    },
    clientErrorHandler(error, socket) {
      // The client has gone: there is nobody to answer, and nothing was refused.
      if (socket.destroyed || error.code === 'ECONNRESET') return;
      const refusal = refusalOf(error);
      if (socket.writable) refusals.refuseSocket(socket, pathInPacket(error), refusal);
      else socket.destroy(error);
    },
  });

  function answer(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
    const { status, headers, body } = refusals.refuse(pathOf(request.raw.url), refusal);
    return reply.code(status).headers(headers).send(body);
  }

  http.addHook('onRequest', async (request, reply) => {
    const refusal = refusalOfHead(request.raw);
    if (refusal !== undefined) return answer(request, reply.header('connection', 'close'), refusal);
    endSlowBody(request);
  });
  http.setNotFoundHandler((request, reply) => answer(request, reply, nothingAt(request.method, pathOf(request.url))));
  // Of requests that reach no door's own handler: those for an unknown path whose body cannot be read.
  http.setErrorHandler((error, request, reply) => {
    const status = statusOf(error);
    if (status < 500)
      return answer(request, reply, {
        status,
        code: status === 413 ? 'too_large' : 'invalid_argument',
        message: 'The body cannot be read.',
      });
    options.onError(error, 'http');
    return answer(request, reply, {
      status: 500,
      code: 'internal',
      message: 'Something went wrong on the server. It has been logged.',
    });
  });
  return http;
}

function statusOf(error: unknown): number {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
}

/** Ends the connection of a body that takes too long, unless its route waits longer. */
function endSlowBody({ raw, routeOptions }: FastifyRequest): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = raw.headers;
  if ((length === '0' && encoding === undefined) || routeOptions.config.slowBody === true) return;
  const timer = setTimeout(() => {
    if (!raw.complete) raw.destroy();
  }, REQUEST_TIMEOUT_MS);
  raw.once('close', () => clearTimeout(timer));
}

function nothingAt(method: string, path: string): Refusal {
  return { status: 404, code: 'not_found', message: `There is nothing at ${method} ${path}.` };
}

const DRAINING: Refusal = { status: 503, code: 'unavailable', message: 'The server is shutting down; connect again.' };

const WITH_HEAD = { exposeHeadRoute: true };

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

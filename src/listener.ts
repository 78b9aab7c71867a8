/**
 * The one port: HTTP/1.1 routes, WebSocket upgrades and gRPC (h2c), told apart by their first bytes; health, readiness and metrics.
 */
import { createServer as createHttpServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import fastify from 'fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Carriers, UpgradeHandler } from './doors/door.ts';
import { createGrpcServer, registerHealth, registerReflection, routeConnections } from './grpc/index.ts';
import type { GrpcHealth, GrpcServer, SharedPort } from './grpc/index.ts';
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

/** Bytes of request headers: a token and the usual company. */
const MAX_HEADER_BYTES = 16 * 1024;

const MALFORMED_ADDRESS = JSON.stringify({ error: { code: 'invalid_argument', message: 'The address is malformed.' } });

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
    maxHeaderSize: MAX_HEADER_BYTES,
    noDelay: true,
  });
  const http = createRoutes(server, options);
  const shared: SharedPort = routeConnections({ http: server, grpc, firstByteTimeoutMs: FIRST_BYTE_TIMEOUT_MS });
  const upgrades = new Map<string, UpgradeHandler>();
  let draining = false;
  const allClosed = new Promise<void>((resolve) => shared.once('close', () => resolve()));

  server.on('upgrade', (request, socket, head) => {
    const handler = upgrades.get(pathOf(request.url));
    if (handler !== undefined && !draining) handler(request, socket, head);
    else refuseUpgrade(socket, draining ? '503 Service Unavailable' : '404 Not Found');
  });
  http.get('/healthz', () => ({ status: 'ok' }));
  http.get('/readyz', async (_request, reply) => {
    const parts = { ...(await options.ready()), listening: !draining };
    const ready = Object.values(parts).every(Boolean);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', parts });
  });
  http.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.print()));

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

function createRoutes(server: HttpServer, options: ListenerOptions): FastifyInstance {
  const http = fastify({
    serverFactory: (handler) => server.on('request', handler),
    bodyLimit: options.maxBodyBytes,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 8_192 },
    // An address that cannot be decoded has no route, and so no door whose form the answer could take.
    frameworkErrors: (_error, _request, reply) => {
      reply.raw.writeHead(400, { 'content-type': 'application/json; charset=utf-8' }).end(MALFORMED_ADDRESS);
    },
  });
  http.addHook('onRequest', (request, _reply, done) => {
    endSlowBody(request);
    done();
  });
  http.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({ error: { code: 'not_found', message: `There is nothing at ${request.method} ${pathOf(request.url)}.` } }),
  );
  return http;
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

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => undefined);
  // A client that never closes its side would keep the connection half open for ever.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function pathOf(url: string | undefined): string {
  const target = url ?? '/';
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

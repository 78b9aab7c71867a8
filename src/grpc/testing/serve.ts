/** A gRPC server on a port of its own, for tests. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { createGrpcServer } from '../index.ts';
import type { GrpcLimits, GrpcMethod, GrpcObservation, GrpcServer } from '../index.ts';

export interface TestServer extends AsyncDisposable {
  readonly grpc: GrpcServer;
  readonly port: number;
  /** Everything observed so far. */
  readonly events: readonly GrpcObservation[];
  readonly errors: readonly unknown[];
  /** The first observation that matches, past or to come. */
  observed(matches: (event: GrpcObservation) => boolean): Promise<GrpcObservation>;
}

export async function serve(
  methods: Readonly<Record<string, GrpcMethod>>,
  limits: Partial<GrpcLimits> = {},
): Promise<TestServer> {
  const events: GrpcObservation[] = [];
  const errors: unknown[] = [];
  let changed = Promise.withResolvers<void>();
  const grpc = createGrpcServer({
    limits,
    observe(event) {
      events.push(event);
      changed.resolve();
      changed = Promise.withResolvers<void>();
    },
    onError: (error) => errors.push(error),
  });
  for (const [path, method] of Object.entries(methods)) grpc.register(path, method);
  const listener = createServer((socket) => grpc.accept(socket));
  const port = await listen(listener);
  return {
    grpc,
    port,
    events,
    errors,
    async observed(matches) {
      for (;;) {
        const found = events.find(matches);
        if (found !== undefined) return found;
        await changed.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await grpc.close(0);
    },
  };
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return addressOf(server).port;
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address;
}

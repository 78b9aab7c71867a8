/** How a server begins, is observed, and ends. */
import { status as Code } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { GrpcStatus, createGrpcServer } from './index.ts';
import { TestClient } from './testing/client.ts';
import { echo, hold } from './testing/hold.ts';
import { serve } from './testing/serve.ts';

describe('the end', () => {
  test('drain lets open calls finish, sends clients away, and answers new calls UNAVAILABLE', async () => {
    const { method, call, closed } = hold();
    await using server = await serve({ '/t.T/Stream': method, '/t.T/Echo': echo });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    const held = await call;
    server.grpc.drain();
    held.write(Buffer.from('still here'));
    expect((await stream.received(1)).map(String)).toEqual(['still here']);
    using late = new TestClient(server.port);
    expect((await late.unary('/t.T/Echo', Buffer.alloc(0))).status.code).toBe(Code.UNAVAILABLE);
    held.end();
    expect((await stream.status).code).toBe(Code.OK);
    expect(await closed).toBe('ended');
  });

  test('close ends streams with UNAVAILABLE, waits for unary calls, and leaves nothing behind', async () => {
    const { method, call, closed } = hold();
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    await using server = await serve({
      '/t.T/Stream': method,
      '/t.T/Slow': {
        kind: 'unary',
        handle: async (_call, request) => {
          started.resolve();
          await finish.promise;
          return request;
        },
      },
    });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    const answer = client.unary('/t.T/Slow', Buffer.from('x'));
    await Promise.all([call, started.promise]);
    const done = server.grpc.close(60_000);
    expect((await stream.status).code).toBe(Code.UNAVAILABLE);
    expect(await closed).toBe('shutdown');
    finish.resolve();
    expect((await answer).status.code).toBe(Code.OK);
    await done;
    expect(server.grpc.connectionCount).toBe(0);
    expect(server.grpc.callCount).toBe(0);
  });

  test('close cuts what is not done in time', async () => {
    const started = Promise.withResolvers<void>();
    await using server = await serve({
      '/t.T/Never': {
        kind: 'unary',
        handle: () => {
          started.resolve();
          return new Promise(() => {});
        },
      },
    });
    using client = new TestClient(server.port);
    const answer = client.unary('/t.T/Never', Buffer.from('x'));
    await started.promise;
    await server.grpc.close(20);
    expect((await answer).status.code).not.toBe(Code.OK);
    expect(server.grpc.connectionCount).toBe(0);
  });

  test('a closed server takes no more connections', async () => {
    await using server = await serve({ '/t.T/Echo': echo });
    await server.grpc.close(0);
    using client = new TestClient(server.port);
    expect((await client.unary('/t.T/Echo', Buffer.alloc(0))).status.code).toBe(Code.UNAVAILABLE);
    expect(server.grpc.connectionCount).toBe(0);
    expect(server.events).toEqual([]);
  });

  test('close of a server without connections is done at once, also twice', async () => {
    const server = createGrpcServer();
    await server.close(60_000);
    await server.close(60_000);
    expect(server.connectionCount).toBe(0);
  });
});

test('every call and connection is observed from start to end', async () => {
  await using server = await serve({ '/t.T/Echo': echo });
  {
    using client = new TestClient(server.port);
    await client.unary('/t.T/Echo', Buffer.from('x'));
  }
  await server.observed((event) => event.kind === 'connection_closed');
  expect(server.events.map((event) => event.kind)).toEqual([
    'connection_opened',
    'call_started',
    'call_ended',
    'connection_closed',
  ]);
  expect(server.events[2]).toMatchObject({ path: '/t.T/Echo', code: GrpcStatus.OK });
});

test('a path is registered once, and only if it is one', () => {
  const server = createGrpcServer();
  server.register('/pkg.v1.Service/Method', echo);
  expect(() => server.register('/pkg.v1.Service/Method', echo)).toThrow(TypeError);
  for (const path of ['', 'Service/Method', '/Service', '/a/b/c', '/Service/', '//Method', '/Service/Method?x']) {
    expect(() => server.register(path, echo), path).toThrow(TypeError);
  }
});

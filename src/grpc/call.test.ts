/** Deadlines and cancellation, through @grpc/grpc-js. */
import { once } from 'node:events';
import { status as Code } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { GrpcStatus } from './index.ts';
import type { GrpcCall } from './index.ts';
import { TestClient } from './testing/client.ts';
import { hold } from './testing/hold.ts';
import { serve } from './testing/serve.ts';

describe('deadline and cancel', () => {
  test("a method that outlives the client's deadline is aborted and answered DEADLINE_EXCEEDED", async () => {
    const aborted = Promise.withResolvers<boolean>();
    await using server = await serve({
      '/t.T/Slow': {
        kind: 'unary',
        handle: async (call, request) => {
          await once(call.signal, 'abort');
          aborted.resolve(call.cancelled);
          return request;
        },
      },
    });
    using client = new TestClient(server.port);
    const { status } = await client.unary('/t.T/Slow', Buffer.alloc(0), { deadline: Date.now() + 50 });
    expect(status.code).toBe(Code.DEADLINE_EXCEEDED);
    expect(await aborted.promise).toBe(true);
  });

  test('the deadline ends a stream on the server', async () => {
    const { method, closed } = hold();
    await using server = await serve({ '/t.T/Stream': method });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream', { deadline: Date.now() + 50 });
    expect((await stream.status).code).toBe(Code.DEADLINE_EXCEEDED);
    expect(['deadline', 'cancelled']).toContain(await closed);
  });

  test('a cancelled unary call aborts its signal', async () => {
    const started = Promise.withResolvers<GrpcCall>();
    const aborted = Promise.withResolvers<void>();
    await using server = await serve({
      '/t.T/Slow': {
        kind: 'unary',
        handle: async (call, request) => {
          started.resolve(call);
          await once(call.signal, 'abort');
          aborted.resolve();
          return request;
        },
      },
    });
    using client = new TestClient(server.port);
    const call = client.stream('/t.T/Slow');
    call.call.write(Buffer.alloc(0));
    call.call.end();
    await started.promise;
    call.call.cancel();
    await aborted.promise;
    expect(await server.observed((event) => event.kind === 'call_ended')).toMatchObject({ code: GrpcStatus.CANCELLED });
  });

  test('a cancelled stream is closed once, and writing to it is harmless', async () => {
    const { method, call, closed } = hold();
    await using server = await serve({ '/t.T/Stream': method });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    stream.call.write(Buffer.from('x'));
    const held = await call;
    stream.call.cancel();
    expect(await closed).toBe('cancelled');
    expect(held.cancelled).toBe(true);
    expect(held.signal.aborted).toBe(true);
    expect(held.write(Buffer.from('late'))).toBe(false);
    held.pause();
    held.resume();
    held.sendHeaders();
    held.fail(new Error('late'));
    held.end();
    expect(server.errors).toEqual([]);
  });

  test('a lost connection cancels its streams', async () => {
    const { method, call, closed } = hold();
    await using server = await serve({ '/t.T/Stream': method });
    const client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    stream.call.write(Buffer.from('x'));
    await call;
    client[Symbol.dispose]();
    stream.call.cancel();
    expect(await closed).toBe('cancelled');
    expect((await stream.status).code).toBe(Code.CANCELLED);
  });
});

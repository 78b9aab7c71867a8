/** Unary calls as gRPC clients see them, through @grpc/grpc-js. */
import { compressionAlgorithms, status as Code } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { GrpcError, GrpcStatus } from './index.ts';
import type { GrpcCall } from './index.ts';
import { TestClient } from './testing/client.ts';
import { echo } from './testing/hold.ts';
import { serve } from './testing/serve.ts';

describe('unary', () => {
  test('a request and its answer, empty ones as well', async () => {
    await using server = await serve({ '/t.T/Echo': echo });
    using client = new TestClient(server.port);
    for (const request of [Buffer.from('hello'), Buffer.alloc(0)]) {
      const { response, status } = await client.unary('/t.T/Echo', request);
      expect(status.code).toBe(Code.OK);
      expect(response).toEqual(request);
    }
  });

  test('4 MiB go through in both directions; one byte more is refused', async () => {
    await using server = await serve({ '/t.T/Echo': echo });
    using client = new TestClient(server.port, { 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 });
    const largest = Buffer.alloc(4 * 1024 * 1024, 'x');
    expect((await client.unary('/t.T/Echo', largest)).response?.equals(largest)).toBe(true);
    const { status } = await client.unary('/t.T/Echo', Buffer.alloc(largest.length + 1));
    expect(status.code).toBe(Code.RESOURCE_EXHAUSTED);
  });

  test('every status code arrives, with a message in any script and metadata', async () => {
    await using server = await serve({
      '/t.T/Fail': {
        kind: 'unary',
        handle(_call, request) {
          const code = Object.values(GrpcStatus).find((value) => value === Number(request.toString())) ?? GrpcStatus.OK;
          throw new GrpcError(code, 'Grüße, 100 % 😀\n', { reason: 'test', 'detail-bin': Buffer.from([0, 255]) });
        },
      },
    });
    using client = new TestClient(server.port);
    for (const code of Object.values(GrpcStatus).filter((value) => value !== GrpcStatus.OK)) {
      const { status } = await client.unary('/t.T/Fail', Buffer.from(String(code)));
      expect(status.code).toBe(code);
      expect(status.details).toBe('Grüße, 100 % 😀\n');
      expect(status.metadata.get('reason')).toEqual(['test']);
      expect(status.metadata.get('detail-bin')).toEqual([Buffer.from([0, 255])]);
    }
  });

  test('a failure of the method is INTERNAL to the client; its cause goes to onError alone', async () => {
    const failure = new Error('the database password is hunter2');
    await using server = await serve({
      '/t.T/Throw': {
        kind: 'unary',
        handle: () => {
          throw failure;
        },
      },
      '/t.T/Reject': { kind: 'unary', handle: () => Promise.reject(failure) },
    });
    using client = new TestClient(server.port);
    for (const path of ['/t.T/Throw', '/t.T/Reject']) {
      const { status } = await client.unary(path, Buffer.alloc(0));
      expect(status.code).toBe(Code.INTERNAL);
      expect(status.details).not.toContain('hunter2');
    }
    expect(server.errors).toEqual([failure, failure]);
  });

  test('an unknown method is UNIMPLEMENTED, and its name does not become a metric label', async () => {
    await using server = await serve({});
    using client = new TestClient(server.port);
    expect((await client.unary('/t.T/Missing', Buffer.alloc(0))).status.code).toBe(Code.UNIMPLEMENTED);
    expect(server.events).toContainEqual({ kind: 'call_ended', path: 'unknown', code: GrpcStatus.UNIMPLEMENTED, durationMs: 0 });
  });

  test('the method sees metadata, authority, address and deadline', async () => {
    const seen = Promise.withResolvers<GrpcCall>();
    await using server = await serve({
      '/t.T/Echo': {
        kind: 'unary',
        handle(call, request) {
          seen.resolve(call);
          return request;
        },
      },
    });
    using client = new TestClient(server.port);
    const deadline = Date.now() + 60_000;
    await client.unary('/t.T/Echo', Buffer.alloc(0), { deadline, metadata: { token: 'abc', 'key-bin': Buffer.from([7, 8]) } });
    const call = await seen.promise;
    expect(call.path).toBe('/t.T/Echo');
    expect(call.metadata.get('Token')).toBe('abc');
    expect(call.metadata.getBinary('key-bin')).toEqual(Buffer.from([7, 8]));
    expect(call.authority).toBe(`127.0.0.1:${server.port}`);
    expect(call.remoteAddress).toBe('127.0.0.1');
    expect(Math.abs((call.deadline ?? 0) - deadline)).toBeLessThan(30_000);
    expect(call.cancelled).toBe(false);
  });

  test('a compressed request is inflated', async () => {
    await using server = await serve({ '/t.T/Echo': echo });
    using client = new TestClient(server.port, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
    const request = Buffer.alloc(100_000, 'compress me ');
    expect((await client.unary('/t.T/Echo', request)).response?.equals(request)).toBe(true);
  });

  test('a compressed request that grows above the limit is refused', async () => {
    await using server = await serve({ '/t.T/Echo': echo }, { maxMessageBytes: 10_000 });
    using client = new TestClient(server.port, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
    expect((await client.unary('/t.T/Echo', Buffer.alloc(10_000))).status.code).toBe(Code.OK);
    expect((await client.unary('/t.T/Echo', Buffer.alloc(10_001))).status.code).toBe(Code.RESOURCE_EXHAUSTED);
  });

  test('a compression that is not spoken is UNIMPLEMENTED', async () => {
    await using server = await serve({ '/t.T/Echo': echo });
    using client = new TestClient(server.port, { 'grpc.default_compression_algorithm': compressionAlgorithms.deflate });
    expect((await client.unary('/t.T/Echo', Buffer.from('x'))).status.code).toBe(Code.UNIMPLEMENTED);
  });
});

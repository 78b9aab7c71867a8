/** Streams as gRPC clients see them, through @grpc/grpc-js. */
import { compressionAlgorithms, status as Code } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { GrpcError, GrpcStatus, frameMessage } from './index.ts';
import type { GrpcCloseReason, GrpcMethod, GrpcStreamCall } from './index.ts';
import { TestClient } from './testing/client.ts';
import { hold } from './testing/hold.ts';
import { serve } from './testing/serve.ts';

/** Answers every message with itself, and ends when the client does. */
const echoStream: GrpcMethod = {
  kind: 'stream',
  open: (call) => ({
    message: (bytes) => {
      call.write(bytes);
    },
    halfClose: () => call.end(),
    closed() {},
  }),
};

describe('streams', () => {
  test('messages both ways in order, then OK', async () => {
    await using server = await serve({ '/t.T/Echo': echoStream });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Echo');
    const sent = Array.from({ length: 500 }, (_, index) => Buffer.alloc(index * 7, `${index} `));
    for (const message of sent) stream.call.write(message);
    stream.call.end();
    expect((await stream.status).code).toBe(Code.OK);
    expect(stream.inbox).toEqual(sent);
  });

  test('compressed messages keep their order', async () => {
    await using server = await serve({ '/t.T/Echo': echoStream });
    using client = new TestClient(server.port, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
    const stream = client.stream('/t.T/Echo');
    const sent = Array.from({ length: 100 }, (_, index) => Buffer.alloc((100 - index) * 500, `${index} `));
    for (const message of sent) stream.call.write(message);
    stream.call.end();
    expect((await stream.status).code).toBe(Code.OK);
    expect(stream.inbox).toEqual(sent);
  });

  test('headers with metadata leave before any message', async () => {
    const { method, call } = hold();
    await using server = await serve({ '/t.T/Stream': method });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    const held = await call;
    expect(() => held.sendHeaders({ 'grpc-status': '0' })).toThrow(TypeError);
    held.sendHeaders({ session: '42', 'key-bin': Buffer.from([1]) });
    held.sendHeaders({ session: 'too late' });
    const headers = await stream.headers;
    expect(headers.get('session')).toEqual(['42']);
    expect(headers.get('key-bin')).toEqual([Buffer.from([1])]);
    held.end({ code: GrpcStatus.OK });
    expect((await stream.status).code).toBe(Code.OK);
  });

  test('what was written goes before the status, whatever its size', async () => {
    const { method, call, closed } = hold();
    await using server = await serve({ '/t.T/Stream': method });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    const held = await call;
    for (let index = 0; index < 50; index += 1) held.write(Buffer.alloc(20_000, `${index}`));
    held.end({ code: GrpcStatus.ABORTED, message: 'enough', metadata: { resume: '50' } });
    held.end();
    const status = await stream.status;
    expect(stream.inbox.length).toBe(50);
    expect([status.code, status.details, status.metadata.get('resume')]).toEqual([Code.ABORTED, 'enough', ['50']]);
    expect(await closed).toBe('ended');
  });

  test('a status whose metadata cannot be sent is the mistake of the caller, and ends nothing', async () => {
    const { method, call } = hold();
    await using server = await serve({ '/t.T/Stream': method });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    const held = await call;
    expect(() => held.end({ code: GrpcStatus.OK, metadata: { a: 'ü' } })).toThrow(TypeError);
    held.end();
    expect((await stream.status).code).toBe(Code.OK);
  });

  test('metadata may repeat a name, also one that HTTP has once', async () => {
    const { method, call } = hold();
    await using server = await serve({ '/t.T/Stream': method });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    const held = await call;
    held.sendHeaders({ age: ['1', '2'], tag: ['a', 'b'] });
    expect((await stream.headers).get('tag').join()).toBe('a, b');
    held.end({ code: GrpcStatus.NOT_FOUND, metadata: { age: ['1', '2'] } });
    expect((await stream.status).code).toBe(Code.NOT_FOUND);
  });

  test('failures of open, message and halfClose end the call', async () => {
    const fail = (): never => {
      throw new GrpcError(GrpcStatus.PERMISSION_DENIED, 'no');
    };
    const nothing = { message() {}, halfClose() {}, closed() {} };
    const closed: GrpcCloseReason[] = [];
    await using server = await serve({
      '/t.T/Open': { kind: 'stream', open: fail },
      '/t.T/Message': { kind: 'stream', open: () => ({ ...nothing, message: fail, closed: (reason) => closed.push(reason) }) },
      '/t.T/HalfClose': {
        kind: 'stream',
        open: () => ({ ...nothing, halfClose: fail, closed: (reason) => closed.push(reason) }),
      },
    });
    using client = new TestClient(server.port);
    for (const path of ['/t.T/Open', '/t.T/Message', '/t.T/HalfClose']) {
      const stream = client.stream(path);
      stream.call.write(Buffer.from('x'));
      stream.call.end();
      expect((await stream.status).code, path).toBe(Code.PERMISSION_DENIED);
    }
    expect(closed).toEqual(['ended', 'ended']);
  });

  test('a call that is cut off while it is being opened is closed all the same', async () => {
    const closed = Promise.withResolvers<string>();
    await using server = await serve({
      '/t.T/Flood': {
        kind: 'stream',
        open(call) {
          while (!call.cancelled) call.write(Buffer.alloc(1_000_000));
          return { message() {}, halfClose() {}, closed: closed.resolve };
        },
      },
    });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Flood');
    expect((await stream.status).code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(await closed.promise).toBe('slow_reader');
  });

  test('a failure of asynchronous work ends the call through fail', async () => {
    const { method, call, closed } = hold();
    await using server = await serve({ '/t.T/Stream': method });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    const failure = new Error('secret');
    (await call).fail(failure);
    expect((await stream.status).code).toBe(Code.INTERNAL);
    expect(await closed).toBe('ended');
    expect(server.errors).toEqual([failure]);
  });

  test('pausing after every message loses nothing and keeps the order', async () => {
    await using server = await serve({
      '/t.T/Echo': {
        kind: 'stream',
        open: (call) => ({
          message(bytes) {
            call.write(bytes);
            call.pause();
            setImmediate(() => call.resume());
          },
          halfClose: () => call.end(),
          closed() {},
        }),
      },
    });
    using client = new TestClient(server.port, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
    const stream = client.stream('/t.T/Echo');
    const sent = Array.from({ length: 200 }, (_, index) => Buffer.alloc((index % 7) * 5000, `${index} `));
    for (const message of sent) stream.call.write(message);
    stream.call.end();
    expect((await stream.status).code).toBe(Code.OK);
    expect(stream.inbox).toEqual(sent);
  });

  test('one framed buffer reaches a thousand streams', async () => {
    const calls: GrpcStreamCall[] = [];
    const allOpen = Promise.withResolvers<void>();
    await using server = await serve({
      '/t.T/Stream': {
        kind: 'stream',
        open(call) {
          if (calls.push(call) === 1000) allOpen.resolve();
          return { message() {}, halfClose: () => call.end(), closed() {} };
        },
      },
    });
    using client = new TestClient(server.port);
    const streams = Array.from({ length: 1000 }, () => client.stream('/t.T/Stream'));
    await allOpen.promise;
    expect(server.grpc.callCount).toBe(1000);
    expect(server.grpc.connectionCount).toBe(1);
    const batch = Buffer.concat([frameMessage(Buffer.from('one')), frameMessage(Buffer.from('two'))]);
    for (const call of calls) call.writeFramed(batch);
    for (const stream of streams) {
      expect((await stream.received(2)).map(String)).toEqual(['one', 'two']);
      stream.call.end();
    }
    for (const stream of streams) expect((await stream.status).code).toBe(Code.OK);
    expect(server.grpc.callCount).toBe(0);
  });

  test('a write that returns false is followed by onDrain', async () => {
    const { method, call } = hold();
    await using server = await serve({ '/t.T/Stream': method });
    using client = new TestClient(server.port);
    const stream = client.stream('/t.T/Stream');
    const held = await call;
    const drained = new Promise<void>((resolve) => held.onDrain(resolve));
    let written = 1;
    while (held.write(Buffer.alloc(10_000))) written += 1;
    expect(held.bufferedBytes).toBeGreaterThan(0);
    await drained;
    expect(held.bufferedBytes).toBe(0);
    held.end();
    expect((await stream.status).code).toBe(Code.OK);
    expect(stream.inbox.length).toBe(written);
  });
});

import { status as Code } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { fromBinary, toBinary, create } from '@bufbuild/protobuf';
import { HealthCheckRequestSchema, HealthCheckResponseSchema, ServingStatus } from '../protobuf/index.ts';
import { registerHealth } from './index.ts';
import { TestClient } from './testing/client.ts';
import { serve } from './testing/serve.ts';

const CHECK = '/grpc.health.v1.Health/Check';
const WATCH = '/grpc.health.v1.Health/Watch';

const ask = (service: string): Buffer =>
  Buffer.from(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })));
const read = (bytes: Buffer | undefined): ServingStatus => fromBinary(HealthCheckResponseSchema, bytes ?? Buffer.alloc(0)).status;

describe('Check', () => {
  test('the server serves from the start; services as they are set; others are not found', async () => {
    await using server = await serve({});
    const health = registerHealth(server.grpc);
    health.setHealth('chat.Chat', 'NOT_SERVING');
    using client = new TestClient(server.port);
    expect(read((await client.unary(CHECK, ask(''))).response)).toBe(ServingStatus.SERVING);
    expect(read((await client.unary(CHECK, ask('chat.Chat'))).response)).toBe(ServingStatus.NOT_SERVING);
    for (const missing of ['chat.Missing', '__proto__', 'constructor']) {
      expect((await client.unary(CHECK, ask(missing))).status.code).toBe(Code.NOT_FOUND);
    }
  });

  test('what is not a request is refused', async () => {
    await using server = await serve({});
    registerHealth(server.grpc);
    using client = new TestClient(server.port);
    expect((await client.unary(CHECK, Buffer.from([0xff]))).status.code).toBe(Code.INVALID_ARGUMENT);
  });
});

describe('Watch', () => {
  test('tells the status now and every change, of a service that comes later as well', async () => {
    await using server = await serve({});
    const health = registerHealth(server.grpc);
    using client = new TestClient(server.port);
    const watch = client.stream(WATCH);
    watch.call.write(ask('chat.Chat'));
    await watch.received(1);
    health.setHealth('chat.Chat', 'SERVING');
    health.setHealth('chat.Chat', 'SERVING');
    health.setHealth('chat.Other', 'SERVING');
    health.shutdown();
    health.setHealth('chat.Chat', 'SERVING');
    expect((await watch.received(3)).map(read)).toEqual([
      ServingStatus.SERVICE_UNKNOWN,
      ServingStatus.SERVING,
      ServingStatus.NOT_SERVING,
    ]);
    expect(read((await client.unary(CHECK, ask('chat.Chat'))).response)).toBe(ServingStatus.NOT_SERVING);
    expect(watch.inbox.length).toBe(3);
    watch.call.cancel();
    expect((await watch.status).code).toBe(Code.CANCELLED);
  });

  test('goes on after the half-close, which all clients send; takes one request and no second', async () => {
    await using server = await serve({});
    const health = registerHealth(server.grpc);
    using client = new TestClient(server.port);
    const halfClosed = client.stream(WATCH);
    halfClosed.call.write(ask(''));
    halfClosed.call.end();
    await halfClosed.received(1);
    health.setHealth('', 'NOT_SERVING');
    expect((await halfClosed.received(2)).map(read)).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    const twice = client.stream(WATCH);
    twice.call.write(ask(''));
    twice.call.write(ask(''));
    expect((await twice.status).code).toBe(Code.INVALID_ARGUMENT);
    const empty = client.stream(WATCH);
    empty.call.end();
    expect((await empty.status).code).toBe(Code.INVALID_ARGUMENT);
  });
});

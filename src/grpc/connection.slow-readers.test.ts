/** What a client that does not read can do. */
import { describe, expect, test } from 'vitest';
import { GrpcStatus, frameMessage } from './index.ts';
import type { GrpcCloseReason, GrpcMethod, GrpcStreamCall } from './index.ts';
import { hold, isReset, refused, serveBoth } from './testing/hold.ts';
import { ErrorCode, FrameType, RawClient, frame, setting, uint32 } from './testing/raw-client.ts';
import { serve } from './testing/serve.ts';

describe('slow readers', () => {
  const zeroWindow = setting(4, 0);

  test('a client with a closed window is cut off at the limit, and told so', async () => {
    const held = hold();
    await using server = await serveBoth(held, { maxBufferedBytes: 200_000 });
    const client = await new RawClient(server.port).handshake(zeroWindow);
    client.headers(1, '/t.T/Hold');
    const call = await held.call;
    const message = Buffer.alloc(10_000);
    let written = 0;
    while (!call.cancelled) {
      call.write(message);
      written += 1;
    }
    expect(written).toBe(20);
    expect(await held.closed).toBe('slow_reader');
    await client.until(isReset(ErrorCode.ENHANCE_YOUR_CALM, 1));
    expect(await server.observed((event) => event.kind === 'slow_reader')).toMatchObject({
      path: '/t.T/Hold',
      bufferedBytes: 200_100,
    });
    await server.observed((event) => event.kind === 'call_ended' && event.code === GrpcStatus.RESOURCE_EXHAUSTED);
    expect(call.bufferedBytes).toBe(0);
    client.destroy();
  });

  test('many calls that each stay below the limit', async () => {
    const calls: GrpcStreamCall[] = [];
    const reasons: GrpcCloseReason[] = [];
    const method: GrpcMethod = {
      kind: 'stream',
      open(call) {
        calls.push(call);
        return { message() {}, halfClose() {}, closed: (reason) => reasons.push(reason) };
      },
    };
    await using server = await serve(
      { '/t.T/Hold': method },
      { maxBufferedBytes: 200_000, maxConnectionBufferedBytes: 500_000, keepaliveTimeoutMs: 100 },
    );
    const client = await new RawClient(server.port).handshake(zeroWindow);
    for (let id = 1; id < 20; id += 2) client.headers(id, '/t.T/Hold');
    await client.roundTrip();
    for (const call of calls) call.write(Buffer.alloc(100_000));
    await client.closed;
    expect(await server.observed(refused)).toEqual({ kind: 'connection_refused', reason: 'slow_reader' });
    expect(reasons).toEqual(Array.from({ length: 10 }, () => 'slow_reader'));
  });

  test('a client that does not read its socket', async () => {
    const held = hold();
    await using server = await serveBoth(held, {
      maxBufferedBytes: 100_000,
      maxConnectionBufferedBytes: 200_000,
      keepaliveTimeoutMs: 200,
    });
    const client = await new RawClient(server.port).handshake(setting(4, 2 ** 31 - 1));
    client.write(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1 - 65_535)));
    client.headers(1, '/t.T/Hold');
    const call = await held.call;
    client.socket.pause();
    while (!call.cancelled) {
      call.write(Buffer.alloc(50_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await held.closed).toBe('slow_reader');
    client.destroy();
  });

  test('the end of a call that is never taken', async () => {
    const held = hold();
    await using server = await serveBoth(held, { finishTimeoutMs: 50 });
    const client = await new RawClient(server.port).handshake(zeroWindow);
    client.headers(1, '/t.T/Hold');
    const call = await held.call;
    call.write(Buffer.from('never read'));
    call.end();
    await client.until(isReset(ErrorCode.CANCEL, 1));
    expect(await held.closed).toBe('cancelled');
    expect(server.grpc.callCount).toBe(0);
    client.destroy();
  });

  test('a window that is opened byte by byte gets its bytes one by one', async () => {
    const held = hold();
    await using server = await serveBoth(held);
    const client = await new RawClient(server.port).handshake(zeroWindow);
    client.headers(1, '/t.T/Hold');
    const message = frameMessage(Buffer.from('hello'));
    (await held.call).writeFramed(message);
    const data = () => Buffer.concat(client.frames.filter((f) => f.type === FrameType.DATA).map((f) => f.payload));
    for (let count = 1; count <= message.length; count += 1) {
      client.write(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1)));
      await client.until(() => data().length === count);
    }
    expect(data()).toEqual(message);
    client.destroy();
  });
});

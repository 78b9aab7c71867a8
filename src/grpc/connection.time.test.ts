/** What a client that takes its time can do. */
import { describe, expect, test } from 'vitest';
import { GrpcStatus, frameMessage } from './index.ts';
import { hold, isReset, refused, serveBoth } from './testing/hold.ts';
import { ErrorCode, Flag, FrameType, PREFACE, RawClient, frame, headerBlock, requestHeaders } from './testing/raw-client.ts';

describe('time limits', () => {
  test.each([
    ['says nothing', []],
    ['sends half a preface', [PREFACE.subarray(0, 10)]],
    ['sends the preface alone', [PREFACE]],
    ['never acknowledges our settings', [PREFACE, frame(FrameType.SETTINGS, 0, 0)]],
  ])('a client that %s', async (_name, parts: readonly Buffer[]) => {
    await using server = await serveBoth(hold(), { handshakeTimeoutMs: 50 });
    const client = new RawClient(server.port);
    if (parts.length > 0) client.write(...parts);
    await client.closed;
    expect(await server.observed(refused)).toEqual({ kind: 'connection_refused', reason: 'handshake_timeout' });
  });

  test('a client that makes no call', async () => {
    await using server = await serveBoth(hold(), { firstRequestTimeoutMs: 50 });
    const client = await new RawClient(server.port).handshake();
    expect(await client.goawayCode()).toBe(ErrorCode.NO_ERROR);
    expect(await server.observed(refused)).toEqual({ kind: 'connection_refused', reason: 'no_request' });
  });

  test('headers that come byte by byte', async () => {
    await using server = await serveBoth(hold(), { firstRequestTimeoutMs: 50 });
    const client = await new RawClient(server.port).handshake();
    const bytes = frame(FrameType.HEADERS, 5, 1, headerBlock(requestHeaders('/t.T/Echo', { slow: 'x'.repeat(10_000) })));
    let at = 0;
    const drip = setInterval(() => client.write(bytes.subarray(at, (at += 1))), 5);
    await client.closed;
    clearInterval(drip);
    expect(await server.observed(refused)).toEqual({ kind: 'connection_refused', reason: 'no_request' });
  });

  test('a client that is idle', async () => {
    await using server = await serveBoth(hold(), { idleTimeoutMs: 50, firstRequestTimeoutMs: 60_000 });
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Echo');
    client.data(1, frameMessage(Buffer.from('x')), true);
    expect(await client.goawayCode()).toBe(ErrorCode.NO_ERROR);
    expect(await server.observed(refused)).toEqual({ kind: 'connection_refused', reason: 'idle' });
    expect(server.events).toContainEqual(expect.objectContaining({ kind: 'call_ended', code: GrpcStatus.OK }));
  });

  test('a client that does not answer our pings', async () => {
    const held = hold();
    await using server = await serveBoth(held, { keepaliveIntervalMs: 30, keepaliveTimeoutMs: 50 });
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    await client.closed;
    expect(await server.observed(refused)).toEqual({ kind: 'connection_refused', reason: 'keepalive_timeout' });
    expect(await held.closed).toBe('cancelled');
  });

  test('a client that answers our pings stays', async () => {
    const held = hold();
    await using server = await serveBoth(held, { keepaliveIntervalMs: 20, keepaliveTimeoutMs: 5000, idleTimeoutMs: 40 });
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    for (let answered = 0; answered < 5; answered += 1) {
      const pings = () => client.frames.filter((f) => f.type === FrameType.PING && f.flags === 0);
      await client.until(() => pings().length > answered);
      client.write(frame(FrameType.PING, Flag.ACK, 0, pings()[answered]?.payload));
    }
    expect(server.events.some(refused)).toBe(false);
    client.destroy();
  });

  test('a client with an open call that is stuck inside the headers of the next', async () => {
    await using server = await serveBoth(hold(), { keepaliveIntervalMs: 30, keepaliveTimeoutMs: 50 });
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    client.write(frame(FrameType.HEADERS, 5, 3, headerBlock(requestHeaders('/t.T/Hold'))).subarray(0, 20));
    await client.closed;
    expect(await server.observed(refused)).toEqual({ kind: 'connection_refused', reason: 'keepalive_timeout' });
  });

  test.each([
    ['with an open call', false],
    ['whose call the method ends', true],
  ])('a client %s that says goodbye and then breaks HTTP/2, which leaves the session deaf', async (_name, endCall) => {
    const held = hold();
    await using server = await serveBoth(held, { keepaliveIntervalMs: 30, keepaliveTimeoutMs: 50 });
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    const call = await held.call;
    client.write(frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8)));
    await client.roundTrip();
    client.write(frame(FrameType.DATA, 0, 0, Buffer.alloc(1)));
    client.destroy();
    if (endCall) setTimeout(() => call.end(), 20);
    await held.closed;
    await server.observed((event) => event.kind === 'connection_closed');
    expect(server.grpc.callCount).toBe(0);
  });

  test('a unary request that never ends', async () => {
    await using server = await serveBoth(hold(), { requestTimeoutMs: 50 });
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Echo');
    client.data(1, frameMessage(Buffer.from('x')));
    await client.until((f) => f.type === FrameType.HEADERS && f.streamId === 1 && (f.flags & Flag.END_STREAM) !== 0);
    await client.until(isReset(ErrorCode.NO_ERROR, 1));
    expect(await server.observed((event) => event.kind === 'call_ended')).toMatchObject({ code: GrpcStatus.DEADLINE_EXCEEDED });
    client.destroy();
  });

  test("the client's deadline is kept without its help", async () => {
    const held = hold();
    await using server = await serveBoth(held);
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold', { extra: { 'grpc-timeout': '50m' } });
    await client.until((f) => f.type === FrameType.HEADERS && f.streamId === 1 && (f.flags & Flag.END_STREAM) !== 0);
    expect(await held.closed).toBe('deadline');
    await server.observed((event) => event.kind === 'call_ended' && event.code === GrpcStatus.DEADLINE_EXCEEDED);
    client.destroy();
  });
});

/** Requests as bytes of frames, whole and broken off. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { GrpcStatus, frameMessage } from './index.ts';
import { echo, hold, isReset, refused, serveBoth } from './testing/hold.ts';
import { ErrorCode, FrameType, RawClient, frame, uint32 } from './testing/raw-client.ts';
import { serve } from './testing/serve.ts';

describe('requests', () => {
  test('a message in any number of frames, and any number of messages in one frame', async () => {
    const held = hold();
    await using server = await serveBoth(held);
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    await held.call;
    for (const byte of frameMessage(Buffer.from('byte by byte'))) client.data(1, Buffer.from([byte]));
    client.data(1, Buffer.concat(['one', 'two', 'three'].map((text) => frameMessage(Buffer.from(text)))));
    await client.roundTrip();
    expect(held.inbox.map(String)).toEqual(['byte by byte', 'one', 'two', 'three']);
    client.destroy();
  });

  test('a paused call closes its window, and no other', async () => {
    const held = hold();
    await using server = await serveBoth(held);
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    const call = await held.call;
    call.pause();
    const message = frameMessage(Buffer.alloc(8000));
    const window = (): number =>
      client.frames
        .filter((f) => f.type === FrameType.WINDOW_UPDATE && f.streamId === 1)
        .reduce((sum, f) => sum + f.payload.readUInt32BE(0), 65_535);
    let sent = 0;
    while ((sent + 1) * message.length <= window() && sent < 100) {
      client.data(1, message);
      sent += 1;
      await client.roundTrip();
    }
    expect(sent * message.length).toBeLessThan(140_000);
    expect(held.inbox).toEqual([]);
    client.headers(3, '/t.T/Echo');
    client.data(3, frameMessage(Buffer.from('meanwhile')), true);
    await client.until((f) => f.streamId === 3 && f.type === FrameType.DATA);
    const before = window();
    call.resume();
    await client.until(() => window() > before);
    expect(held.inbox.length).toBe(sent);
    client.destroy();
  });

  test('a paused call whose client resets it is closed all the same', async () => {
    for (const code of [ErrorCode.CANCEL, ErrorCode.NO_ERROR]) {
      const held = hold();
      await using server = await serveBoth(held);
      const client = await new RawClient(server.port).handshake();
      client.headers(1, '/t.T/Hold');
      const call = await held.call;
      call.pause();
      client.data(1, frameMessage(Buffer.alloc(16_000)));
      client.reset(1, code);
      expect(await held.closed).toBe('cancelled');
      await server.observed((event) => event.kind === 'call_ended');
      client.destroy();
    }
  });

  test('large messages begun on many calls may not add up', async () => {
    const limits = { maxMessageBytes: 100_000, maxConnectionRequestBytes: 250_000 };
    await using server = await serve({ '/t.T/Echo': echo }, limits);
    const client = await new RawClient(server.port).handshake();
    for (let id = 1; id < 20; id += 2) {
      client.headers(id, '/t.T/Echo');
      client.data(id, frameMessage(Buffer.alloc(100_000)).subarray(0, 16_000));
      client.data(id, Buffer.alloc(10_000));
    }
    const ended = await server.observed((event) => event.kind === 'call_ended');
    expect(ended).toMatchObject({ code: GrpcStatus.RESOURCE_EXHAUSTED });
    await client.roundTrip();
    expect(server.grpc.callCount).toBeLessThan(10);
    client.destroy();
    await server.observed((event) => event.kind === 'connection_closed');
  });

  test('what was held of a request is given back with its answer', async () => {
    await using server = await serveBoth(hold(), { maxConnectionRequestBytes: 20_000 });
    const client = await new RawClient(server.port).handshake();
    const request = frameMessage(Buffer.alloc(15_000));
    for (let id = 1; id < 20; id += 2) {
      client.headers(id, '/t.T/Echo');
      client.data(id, request.subarray(0, 1000));
      client.data(id, request.subarray(1000), true);
      await client.until((f) => f.type === FrameType.DATA && f.streamId === id);
      await client.roundTrip();
      client.write(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(request.length)));
    }
    expect(server.events.filter((event) => event.kind === 'call_ended' && event.code === GrpcStatus.OK).length).toBe(10);
    client.destroy();
  });

  test('compressed bombs are refused, and inflated a few at a time', async () => {
    await using server = await serve({ '/t.T/Echo': echo }, { maxMessageBytes: 1_000_000 });
    const client = await new RawClient(server.port).handshake();
    const bomb = frameMessage(gzipSync(Buffer.alloc(10_000_000)));
    bomb[0] = 1;
    for (let id = 1; id < 40; id += 2) {
      client.headers(id, '/t.T/Echo', { extra: { 'grpc-encoding': 'gzip' } });
      client.data(id, bomb, true);
      await client.roundTrip();
    }
    const codes = () => server.events.flatMap((event) => (event.kind === 'call_ended' ? [event.code] : []));
    await server.observed(() => codes().length === 20);
    expect(new Set(codes())).toEqual(new Set([GrpcStatus.RESOURCE_EXHAUSTED]));
    client.destroy();
  });

  test('a call that is answered before its client has finished: the whole answer, then RST_STREAM with NO_ERROR', async () => {
    const held = hold();
    await using server = await serveBoth(held);
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    const call = await held.call;
    for (let index = 0; index < 3; index += 1) call.write(Buffer.alloc(16_000));
    call.end();
    await client.until(isReset(ErrorCode.NO_ERROR, 1));
    const types = client.frames.filter((f) => f.streamId === 1 && f.type !== FrameType.WINDOW_UPDATE).map((f) => f.type);
    expect(types.slice(-2)).toEqual([FrameType.HEADERS, FrameType.RST_STREAM]);
    expect(client.frames.filter((f) => f.type === FrameType.DATA).reduce((sum, f) => sum + f.payload.length, 0)).toBe(3 * 16_005);
    expect(await held.closed).toBe('ended');
    client.destroy();
  });

  test('a client that half-closes its socket is gone', async () => {
    const held = hold();
    await using server = await serveBoth(held);
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    await held.call;
    client.socket.end();
    expect(await held.closed).toBe('cancelled');
    await client.closed;
    expect(server.grpc.connectionCount).toBe(0);
  });

  test('a client whose socket breaks', async () => {
    const held = hold();
    await using server = await serveBoth(held);
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    await held.call;
    client.socket.resetAndDestroy();
    expect(await held.closed).toBe('cancelled');
    await server.observed((event) => event.kind === 'connection_closed');
    expect(server.events.some(refused)).toBe(false);
  });
});

/** What a client that floods its connection can do: frames written by hand against every limit. */
import { describe, expect, test } from 'vitest';
import { GrpcStatus, frameMessage } from './index.ts';
import { callsStarted, hold, isReset, refused, serveBoth } from './testing/hold.ts';
import {
  ErrorCode,
  Flag,
  FrameType,
  PREFACE,
  RawClient,
  frame,
  headerBlock,
  requestHeaders,
  setting,
  uint32,
} from './testing/raw-client.ts';

/** Does the same on call after call, at most 20 of them ahead of the server, until the connection closes or there have been 1000. */
async function flood(client: RawClient, misbehave: (streamId: number) => void): Promise<void> {
  for (let call = 0; call < 1000; call += 1) {
    client.headers(2 * call + 1, '/t.T/Hold');
    misbehave(2 * call + 1);
    if (call % 20 === 0 && !(await stillOpen(client))) return;
  }
}

async function stillOpen(client: RawClient): Promise<boolean> {
  return client.roundTrip().then(
    () => true,
    () => false,
  );
}

describe('floods', () => {
  const slowly = { resetBurst: 50, resetsPerSecond: 1, pingBurst: 1000 };

  test.each([ErrorCode.CANCEL, ErrorCode.NO_ERROR])('rapid reset: calls opened and reset at once, with code %i', async (code) => {
    await using server = await serveBoth(hold(), slowly);
    const client = await new RawClient(server.port).handshake();
    await flood(client, (id) => client.reset(id, code));
    await client.closed;
    await server.observed(refused);
    expect(callsStarted(server)).toBeLessThan(100);
  });

  test.each([
    ['WINDOW_UPDATE of nothing', (id: number) => frame(FrameType.WINDOW_UPDATE, 0, id, uint32(0))],
    ['WINDOW_UPDATE beyond the maximum', (id: number) => frame(FrameType.WINDOW_UPDATE, 0, id, uint32(2 ** 31 - 1))],
    ['headers in the middle', (id: number) => frame(FrameType.HEADERS, Flag.END_HEADERS, id, headerBlock({ a: 'b' }))],
    [
      'DATA after the end',
      (id: number) => Buffer.concat([frame(FrameType.DATA, 1, id), frame(FrameType.DATA, 0, id, Buffer.alloc(1))]),
    ],
  ])('made you reset, by %s', async (_name, provoke) => {
    await using server = await serveBoth(hold(), slowly);
    const client = await new RawClient(server.port).handshake();
    await flood(client, (id) => client.write(provoke(id)));
    await client.closed;
    await server.observed(refused);
    expect(callsStarted(server)).toBeLessThan(100);
  });

  test('a client may cancel as many calls as the burst allows', async () => {
    await using server = await serveBoth(hold(), slowly);
    const client = await new RawClient(server.port).handshake();
    for (let id = 1; id < 2 * slowly.resetBurst; id += 2) {
      client.headers(id, '/t.T/Hold');
      client.reset(id);
    }
    await client.roundTrip();
    expect(callsStarted(server)).toBe(slowly.resetBurst);
    expect(server.events.some(refused)).toBe(false);
    client.destroy();
  });

  test('calls that are refused and reset at the same time', async () => {
    await using server = await serveBoth(hold());
    const client = await new RawClient(server.port).handshake();
    for (let id = 1; id < 40; id += 2) {
      client.headers(id, '/t.T/Missing');
      client.reset(id, ErrorCode.PROTOCOL_ERROR);
    }
    await client.roundTrip();
    expect(server.grpc.callCount).toBe(0);
    expect(server.events.some(refused)).toBe(false);
    client.destroy();
  });

  test('headers that break HTTP/2 in every call', async () => {
    await using server = await serveBoth(hold());
    const client = await new RawClient(server.port).handshake();
    for (let id = 1; id < 6000; id += 2) client.headers(id, '/t.T/Echo', { extra: { Upper: 'case' }, endStream: true });
    await client.closed;
    expect(await server.observed(refused)).toMatchObject({ reason: 'protocol_error' });
  });

  test('CONTINUATION without end', async () => {
    await using server = await serveBoth(hold());
    const client = await new RawClient(server.port).handshake();
    client.write(frame(FrameType.HEADERS, Flag.END_STREAM, 1, headerBlock(requestHeaders('/t.T/Echo'))));
    for (let index = 0; index < 100; index += 1) client.write(frame(FrameType.CONTINUATION, 0, 1, headerBlock({ a: 'b' })));
    await client.closed;
    expect(await server.observed(refused)).toMatchObject({ reason: 'protocol_error' });
    expect(callsStarted(server)).toBe(0);
  });

  test('pings with nothing in between', async () => {
    await using server = await serveBoth(hold(), { pingBurst: 20, pingsPerSecond: 1 });
    const client = await new RawClient(server.port).handshake();
    for (let index = 0; index < 40; index += 1) client.write(frame(FrameType.PING, 0, 0, Buffer.alloc(8)));
    expect(await client.goawayCode()).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(await server.observed(refused)).toMatchObject({ reason: 'ping_flood' });
  });

  test('pings between answers are how clients measure the line', async () => {
    await using server = await serveBoth(hold(), { pingBurst: 5, pingsPerSecond: 0 });
    const client = await new RawClient(server.port).handshake();
    for (let id = 1; id < 100; id += 2) {
      client.headers(id, '/t.T/Echo');
      client.data(id, frameMessage(Buffer.from('x')), true);
      await client.until((f) => f.streamId === id && f.type === FrameType.HEADERS && (f.flags & Flag.END_STREAM) !== 0);
      await client.roundTrip();
    }
    expect(server.events.some(refused)).toBe(false);
    client.destroy();
  });

  test('settings again and again', async () => {
    await using server = await serveBoth(hold(), { settingsBurst: 20, settingsPerSecond: 1 });
    const client = await new RawClient(server.port).handshake();
    for (let index = 0; index < 40; index += 1) client.write(frame(FrameType.SETTINGS, 0, 0, setting(4, 65_535)));
    expect(await client.goawayCode()).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(await server.observed(refused)).toMatchObject({ reason: 'settings_flood' });
  });

  test('pings whose answers are never read do not pile up', async () => {
    await using server = await serveBoth(hold(), { pingBurst: 1e9 });
    const client = await new RawClient(server.port).handshake();
    client.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(FrameType.PING, 0, 0, Buffer.alloc(8))));
    for (let index = 0; index < 100; index += 1) client.write(pings);
    await server.observed((event) => event.kind === 'connection_closed');
    expect(await server.observed(refused)).toMatchObject({ reason: 'protocol_error' });
    client.destroy();
  });

  test.each([
    ['empty DATA', (client: RawClient) => client.write(frame(FrameType.DATA, 0, 1))],
    [
      'PRIORITY',
      (client: RawClient, index: number) =>
        client.write(frame(FrameType.PRIORITY, 0, 2 * index + 3, Buffer.from([0, 0, 0, 0, 1]))),
    ],
    ['frames of an unknown type', (client: RawClient) => client.write(frame(0x42, 0, 0, Buffer.alloc(8)))],
  ])('%s without end', async (_name, send) => {
    await using server = await serveBoth(hold());
    const client = await new RawClient(server.port).handshake();
    client.headers(1, '/t.T/Hold');
    for (let index = 0; index < 20_000; index += 1) send(client, index);
    await client.closed;
    expect(await server.observed(refused)).toMatchObject({ reason: 'protocol_error' });
  });

  test('more calls at one time than are allowed', async () => {
    await using server = await serveBoth(hold(), { maxConcurrentStreams: 10 });
    const client = await new RawClient(server.port).handshake();
    for (let id = 1; id < 100; id += 2) client.headers(id, '/t.T/Hold');
    await client.closed;
    expect(callsStarted(server)).toBe(10);
  });

  test('more calls than are allowed, by a client that has not acknowledged the limit', async () => {
    await using server = await serveBoth(hold(), { maxConcurrentStreams: 10 });
    const client = new RawClient(server.port);
    client.write(PREFACE, frame(FrameType.SETTINGS, 0, 0));
    for (let id = 1; id < 100; id += 2) client.headers(id, '/t.T/Hold');
    await client.until((f) => f.type === FrameType.RST_STREAM && f.streamId === 99);
    expect(server.grpc.callCount).toBe(10);
    client.destroy();
  });
});

describe('headers', () => {
  test('too many bytes', async () => {
    await using server = await serveBoth(hold());
    const client = await new RawClient(server.port).handshake();
    const block = headerBlock(requestHeaders('/t.T/Echo', { big: 'x'.repeat(17_000) }));
    client.write(frame(FrameType.HEADERS, Flag.END_STREAM, 1, block.subarray(0, 10_000)));
    client.write(frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, block.subarray(10_000)));
    await client.until(isReset(ErrorCode.ENHANCE_YOUR_CALM, 1));
    expect(callsStarted(server)).toBe(0);
    client.destroy();
  });

  test('too many bytes, from a client that has not acknowledged the limit', async () => {
    await using server = await serveBoth(hold());
    const client = new RawClient(server.port);
    client.write(PREFACE, frame(FrameType.SETTINGS, 0, 0));
    const block = headerBlock(requestHeaders('/t.T/Echo', { big: 'x'.repeat(17_000) }));
    client.write(frame(FrameType.HEADERS, Flag.END_STREAM, 1, block.subarray(0, 10_000)));
    client.write(frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, block.subarray(10_000)));
    await client.until((f) => f.type === FrameType.HEADERS && f.streamId === 1);
    expect(await server.observed((event) => event.kind === 'call_ended')).toMatchObject({ code: GrpcStatus.RESOURCE_EXHAUSTED });
    client.destroy();
  });

  test('too many of them, each of nothing', async () => {
    await using server = await serveBoth(hold());
    const client = await new RawClient(server.port).handshake();
    const extra = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`a${index}`, '']));
    client.headers(1, '/t.T/Echo', { extra, endStream: true });
    await client.until(isReset(ErrorCode.ENHANCE_YOUR_CALM, 1));
    expect(callsStarted(server)).toBe(0);
    client.destroy();
  });

  test('a few bytes that unpack to many', async () => {
    await using server = await serveBoth(hold());
    const client = await new RawClient(server.port).handshake();
    // One entry of 3,000 bytes into the compression table, then a hundred references to it, one byte each.
    const entry = Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0xb9, 0x16]), Buffer.alloc(3000, 'x')]);
    client.write(frame(FrameType.HEADERS, 5, 1, Buffer.concat([headerBlock(requestHeaders('/t.T/Echo')), entry])));
    client.write(
      frame(FrameType.HEADERS, 5, 3, Buffer.concat([headerBlock(requestHeaders('/t.T/Echo')), Buffer.alloc(100, 0x80 + 62)])),
    );
    await client.until(isReset(ErrorCode.ENHANCE_YOUR_CALM, 3));
    expect(callsStarted(server)).toBe(1);
    client.destroy();
  });
});

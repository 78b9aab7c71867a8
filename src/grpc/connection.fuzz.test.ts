/** Random frames, legal and not: whatever a client sends, it leaves nothing behind and disturbs nobody. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameMessage } from './index.ts';
import type { GrpcMethod } from './index.ts';
import { TestClient } from './testing/client.ts';
import { echo } from './testing/hold.ts';
import {
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
import { serve } from './testing/serve.ts';

/** Six calls are opened before anything random happens. */
const OPENED = [1, 3, 5, 7, 9, 11];
const openId = fc.constantFrom(...OPENED);
const bytes = fc.uint8Array({ maxLength: 40 });
const flags = fc.constantFrom(0, 0, 0, Flag.END_STREAM);

const legal = fc.oneof(
  fc.tuple(openId, fc.nat(5000)).map(([id, size]) => frame(FrameType.DATA, 0, id, frameMessage(Buffer.alloc(size)))),
  fc.tuple(openId, bytes).map(([id, payload]) => frame(FrameType.DATA, 0, id, payload)),
  fc.tuple(openId, fc.integer({ min: 1, max: 100_000 })).map(([id, size]) => frame(FrameType.WINDOW_UPDATE, 0, id, uint32(size))),
  fc.constant(frame(FrameType.PING, 0, 0, Buffer.alloc(8))),
);

const doubtful = fc.oneof(
  fc
    .tuple(openId, flags, fc.nat(5000))
    .map(([id, flag, size]) => frame(FrameType.DATA, flag, id, frameMessage(Buffer.alloc(size)))),
  fc.tuple(openId, fc.nat(13)).map(([id, code]) => frame(FrameType.RST_STREAM, 0, id, uint32(code))),
  fc.tuple(fc.constantFrom(1, 4, 5), fc.nat(100_000)).map(([id, value]) => frame(FrameType.SETTINGS, 0, 0, setting(id, value))),
  fc.constant(frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8))),
);

const wrong = fc.oneof(
  openId.map((id) => frame(FrameType.HEADERS, Flag.END_HEADERS, id, headerBlock(requestHeaders('/t.T/Echo')))),
  fc.tuple(fc.nat(12), fc.nat(255), fc.nat(20), bytes).map(([type, flag, id, payload]) => frame(type, flag, id, payload)),
);

const anyFrame = fc.oneof({ weight: 30, arbitrary: legal }, { weight: 5, arbitrary: doubtful }, { weight: 1, arbitrary: wrong });
const opening = fc.array(
  fc.record({
    path: fc.constantFrom('/t.T/Wild', '/t.T/Wild', '/t.T/Echo', '/t.T/Missing'),
    extra: fc.constantFrom<Record<string, string>>({}, {}, { 'grpc-encoding': 'gzip' }, { 'grpc-timeout': '5m' }),
  }),
  { minLength: OPENED.length, maxLength: OPENED.length },
);

test('random clients', async () => {
  let opened = 0;
  let closed = 0;
  // Answers, pauses, fails and ends in an order that depends on what it is sent.
  const wild: GrpcMethod = {
    kind: 'stream',
    open(call) {
      opened += 1;
      call.onDrain(() => call.resume());
      return {
        message(message) {
          if (!call.write(Buffer.alloc(message.length * 20))) call.pause();
          if (message.length % 7 === 0) setImmediate(() => call.resume());
          if (message.length % 11 === 0) call.pause();
          if (message.length % 13 === 0) throw new Error('unlucky');
          if (message.length % 17 === 0) call.end();
        },
        halfClose: () => call.end(),
        closed: () => (closed += 1),
      };
    },
  };
  await using server = await serve(
    { '/t.T/Echo': echo, '/t.T/Wild': wild },
    { keepaliveIntervalMs: 20, keepaliveTimeoutMs: 20, finishTimeoutMs: 20, maxBufferedBytes: 70_000 },
  );
  await fc.assert(
    fc.asyncProperty(
      opening,
      fc.array(anyFrame, { maxLength: 60 }),
      fc.constantFrom('destroy', 'reset', 'end'),
      async (calls, frames, ending) => {
        const client = new RawClient(server.port);
        client.write(PREFACE, frame(FrameType.SETTINGS, 0, 0), frame(FrameType.SETTINGS, Flag.ACK, 0));
        calls.forEach((call, index) => client.headers(2 * index + 1, call.path, { extra: call.extra }));
        for (const each of frames) client.write(each);
        await client.roundTrip().catch(() => undefined);
        if (ending === 'reset') client.socket.resetAndDestroy();
        else if (ending === 'end') client.socket.end();
        else client.destroy();
        await client.closed;
        client.destroy();
      },
    ),
    { numRuns: 150 },
  );
  const ends = (): number => server.events.filter((event) => event.kind === 'connection_closed').length;
  await server.observed(() => ends() === 150);
  expect(server.grpc.callCount).toBe(0);
  expect(server.grpc.connectionCount).toBe(0);
  expect(opened).toBeGreaterThan(150);
  expect(closed).toBe(opened);
  // Whether one of a client's messages is unlucky is up to chance; nothing else may go wrong.
  expect(server.errors.map(String).filter((error) => error !== 'Error: unlucky')).toEqual([]);
  using client = new TestClient(server.port);
  expect((await client.unary('/t.T/Echo', Buffer.from('still here'))).response?.toString()).toBe('still here');
});

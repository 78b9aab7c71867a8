/** gRPC as hostile clients speak it, against the real port: the status for each, and that nobody else notices. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorCode, Flag, FrameType, RawClient, frame, headerBlock, requestHeaders } from '../../src/grpc/testing/raw-client.ts';
import { Http2Client } from '../../src/grpc/testing/http2-client.ts';
import { PostSchema } from '../../src/protobuf/gen/appootb/message/chat_pb.js';
import { GrpcClient } from '../support/clients/grpc.ts';
import { Category, encodeMessage, encodeStream } from '../support/clients/stream-frame.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { textPost } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';
import { createWitness } from '../support/witness.ts';
import type { Witness } from '../support/witness.ts';

let server: TestServer;
let witness: Witness;
beforeAll(async () => {
  server = await startServer();
  witness = await createWitness(server);
});
afterAll(async () => {
  await witness.untouched();
  await server.close();
});

const SEND = '/appootb.message.Chat/Send';
const INTERACT = '/appootb.message.Chat/Interact';

function prefixed(message: Uint8Array, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

const badPost = (): Buffer => encodeMessage(PostSchema, textPost({ group: witness.group }, witness.one, 'bad'));

/** The status of one exchange on a connection of its own; undefined when the server spoke no gRPC. */
async function statusOf(headers: Record<string, string>, body: Uint8Array): Promise<number | undefined> {
  using client = new Http2Client(server.port);
  const { headers: answer, trailers } = await client.exchange({ ':path': SEND, token: tokenFor(witness.one), ...headers }, body);
  const status = trailers['grpc-status'] ?? answer['grpc-status'];
  return status === undefined ? undefined : Number(status);
}

describe.each([SEND, INTERACT])('requests to %s', (path) => {
  const cases: [string, number, () => Record<string, string>, () => Uint8Array][] = [
    ['noise for a message', 3, () => ({}), () => prefixed(Buffer.alloc(50, 0xff))],
    ['a prefix that is none', 13, () => ({}), () => prefixed(badPost(), 7)],
    ['a length over the limit', 8, () => ({}), () => prefixed(Buffer.alloc(10), 0, 524_289)],
    ['a length of 4 GiB', 8, () => ({}), () => prefixed(Buffer.alloc(10), 0, 0xffff_ffff)],
    ['a message one byte over the limit', 8, () => ({}), () => prefixed(Buffer.alloc(524_289))],
    ['half a message', 13, () => ({}), () => prefixed(badPost()).subarray(0, -1)],
    ['compressed, but no encoding was named', 13, () => ({}), () => prefixed(gzipSync(badPost()), 1)],
    ['gzip that is none', 13, () => ({ 'grpc-encoding': 'gzip' }), () => prefixed(badPost(), 1)],
    ['a gzip bomb', 8, () => ({ 'grpc-encoding': 'gzip' }), () => prefixed(gzipSync(Buffer.alloc(100_000_000)), 1)],
    ['an encoding we do not have', 12, () => ({ 'grpc-encoding': 'br' }), () => prefixed(badPost())],
    ['a deadline that is none', 3, () => ({ 'grpc-timeout': 'soon' }), () => prefixed(badPost())],
  ];

  test.each(cases)('%s', async (_name, status, headers, body) => {
    const ended = (): Promise<number> => server.metric('switchboard_grpc_calls_total', { path, code: String(status) });
    const before = await ended();
    expect(await statusOf({ ':path': path, ...headers() }, body())).toBe(status);
    expect(await ended()).toBe(before + 1);
    await witness.unharmed();
  });
});

test('a gzip message that fits is read', async () => {
  const [user] = await server.newUsers(1);
  const post = encodeMessage(PostSchema, textPost({ peer: user }, user, 'x'.repeat(60_000)));
  const headers = { 'grpc-encoding': 'gzip', token: tokenFor(user) };
  expect(await statusOf(headers, prefixed(gzipSync(post), 1))).toBe(0);
});

test('methods and services that are not there', async () => {
  for (const path of [
    '/appootb.message.Chat/send',
    '/appootb.message.Chat',
    '/Chat/Send',
    '/',
    '//',
    `${SEND}/`,
    `/${SEND}`,
    `/x${SEND}`,
    `/${'x'.repeat(5_000)}/Y`,
  ]) {
    expect(await statusOf({ ':path': path }, prefixed(badPost()))).toBe(12);
  }
  expect(await server.metric('switchboard_grpc_calls_total', { path: 'unknown', code: '12' })).toBe(9);
});

test('HTTP/2 that is no gRPC', async () => {
  using client = new Http2Client(server.port);
  const get = await client.exchange({ ':method': 'GET', ':path': SEND });
  const json = await client.exchange({ ':path': SEND, 'content-type': 'application/json' }, badPost());
  expect([get.headers[':status'], json.headers[':status']]).toEqual([405, 415]);
});

test('two messages to a method that takes one, and none', async () => {
  const two = Buffer.concat([prefixed(badPost()), prefixed(badPost())]);
  expect(await statusOf({}, two)).toBe(12);
  expect(await statusOf({}, Buffer.alloc(0))).toBe(12);
});

test('frames before the token is checked wait, and are lost with a bad one', async () => {
  using client = new GrpcClient(server.port);
  const good = client.stream(INTERACT, { token: tokenFor(witness.two) });
  for (let at = 0; at < 300; at += 1) good.call.write(encodeStream({ sn: `${at}`, type: 2, postbox: {} }));
  expect(await good.messages.take(300)).toHaveLength(300);
  good.call.cancel();
  const bad = client.stream(INTERACT, { token: 'bad' });
  const frameOfPost = encodeStream({
    sn: 's',
    type: 2,
    postbox: { posts: [textPost({ group: witness.group }, witness.one, 'bad')] },
  });
  for (let at = 0; at < 1_000; at += 1) bad.call.write(frameOfPost);
  expect((await bad.status).code).toBe(16);
  await witness.unharmed();
});

test('a client that has said all it wants goes on listening', async () => {
  using client = new GrpcClient(server.port);
  const stream = client.stream(INTERACT, { token: tokenFor(witness.two) });
  stream.call.write(encodeStream({ sn: 's', type: 1, local: { ids: [{ category: Category.CHANNEL }] } }));
  stream.call.end();
  await stream.messages.next();
  await witness.unharmed();
  await stream.messages.next();
  stream.call.cancel();
});

test('a thousand calls on one connection', async () => {
  using client = new GrpcClient(server.port);
  const [user] = await server.newUsers(1);
  const post = encodeMessage(PostSchema, textPost({ peer: user }, user, 'one of many'));
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => client.unary(SEND, post, { token: tokenFor(user) })));
  expect(answers.filter(({ code }) => code !== 0)).toEqual([]);
});

describe('floods on the HTTP/2 connection', () => {
  test('rapid reset', async () => {
    const client = await new RawClient(server.port).handshake();
    const block = headerBlock(requestHeaders(SEND, { token: tokenFor(witness.one) }));
    for (let id = 1; id < 20_000 && client.socket.writable; id += 2) {
      client.write(
        frame(FrameType.HEADERS, Flag.END_HEADERS, id, block),
        frame(FrameType.RST_STREAM, 0, id, Buffer.from([0, 0, 0, 8])),
      );
    }
    await client.closed;
    expect(client.frames.some(({ type }) => type === FrameType.GOAWAY)).toBe(true);
    await witness.unharmed();
  });

  test('CONTINUATION without end', async () => {
    const client = await new RawClient(server.port).handshake();
    client.write(frame(FrameType.HEADERS, 0, 1, headerBlock(requestHeaders(SEND))));
    const block = headerBlock({ 'x-more': 'x'.repeat(1_000) });
    for (let at = 0; at < 5_000 && client.socket.writable; at += 1) client.write(frame(FrameType.CONTINUATION, 0, 1, block));
    await client.closed;
    expect(client.frames.some(({ type }) => type === FrameType.HEADERS)).toBe(false);
    await witness.unharmed();
  });

  test('empty CONTINUATION without end', async () => {
    const client = await new RawClient(server.port).handshake();
    client.write(frame(FrameType.HEADERS, 0, 1, headerBlock(requestHeaders(SEND))));
    for (let at = 0; at < 20_000 && client.socket.writable; at += 1) client.write(frame(FrameType.CONTINUATION, 0, 1));
    await client.closed;
    await witness.unharmed();
  });

  test('header lists over the limit', async () => {
    const client = await new RawClient(server.port).handshake();
    client.headers(1, SEND, { extra: { token: 'x'.repeat(17_000) }, endStream: true });
    await Promise.race([client.closed, client.until(({ streamId }) => streamId === 1)]);
    expect(client.frames.filter(({ type, streamId }) => type === FrameType.DATA && streamId === 1)).toEqual([]);
    client.destroy();
    await witness.unharmed();
  });

  test('frames of a stream that was never opened, of stream 0, of unknown types', async () => {
    const ends = [];
    for (const bad of [
      frame(FrameType.DATA, 0, 7, prefixed(badPost())),
      frame(FrameType.DATA, 0, 0, prefixed(badPost())),
      frame(FrameType.HEADERS, Flag.END_HEADERS, 2, headerBlock(requestHeaders(SEND))),
      frame(FrameType.RST_STREAM, 0, 0, Buffer.alloc(4)),
      frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(5)),
      frame(FrameType.WINDOW_UPDATE, 0, 0, Buffer.alloc(4)),
      frame(FrameType.PING, 0, 0, Buffer.alloc(7)),
      frame(FrameType.HEADERS, Flag.END_HEADERS, 1, Buffer.alloc(100, 0xff)),
    ]) {
      const client = await new RawClient(server.port).handshake();
      client.write(bad);
      await client.closed;
      ends.push(client.frames.some(({ type }) => type === FrameType.GOAWAY));
    }
    expect(ends).toEqual(ends.map(() => true));
    const ignored = await new RawClient(server.port).handshake();
    ignored.write(frame(0xfa, 0xff, 0, Buffer.alloc(100)));
    await ignored.roundTrip();
    ignored.reset(1, ErrorCode.CANCEL);
    await ignored.closed;
    await witness.unharmed();
  });
});

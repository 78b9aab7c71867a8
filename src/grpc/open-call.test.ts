/** What a stream's headers open, or how they are refused. */
import { describe, expect, test } from 'vitest';
import { GrpcStatus, frameMessage } from './index.ts';
import type { GrpcMethod } from './index.ts';
import { Http2Client } from './testing/http2-client.ts';
import { serve } from './testing/serve.ts';

const echo: GrpcMethod = { kind: 'unary', handle: (_call, request) => request };
const message = frameMessage(Buffer.from('hello'));

describe('requests', () => {
  test.each([undefined, 'identity', 'gzip'])('grpc-encoding %s is spoken, and said to be', async (encoding) => {
    await using server = await serve({ '/t.T/Echo': echo });
    using client = new Http2Client(server.port);
    const extra = encoding === undefined ? {} : { 'grpc-encoding': encoding };
    const { headers, trailers, body } = await client.exchange({ ':path': '/t.T/Echo', ...extra }, message);
    expect(headers).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-accept-encoding': 'identity,gzip',
    });
    expect(headers['grpc-status']).toBeUndefined();
    expect(body).toEqual(message);
    expect(trailers).toMatchObject({ 'grpc-status': '0' });
  });

  test.each(['application/grpc', 'application/grpc+proto', 'application/grpc; charset=utf-8', 'Application/GRPC'])(
    'content type %s is gRPC',
    async (type) => {
      await using server = await serve({ '/t.T/Echo': echo });
      using client = new Http2Client(server.port);
      const { trailers } = await client.exchange({ ':path': '/t.T/Echo', 'content-type': type }, message);
      expect(trailers['grpc-status']).toBe('0');
    },
  );
});

describe('refusals', () => {
  test.each(['application/json', 'application/grpc-web', 'application/grpc+json', 'text/plain', ''])(
    'content type %j is answered 415',
    async (type) => {
      await using server = await serve({ '/t.T/Echo': echo });
      using client = new Http2Client(server.port);
      const { headers } = await client.exchange({ ':path': '/t.T/Echo', 'content-type': type }, message);
      expect(headers[':status']).toBe(415);
      expect(headers['grpc-status']).toBeUndefined();
    },
  );

  test.each(['GET', 'PUT', 'HEAD', 'OPTIONS'])('%s is answered 405', async (method) => {
    await using server = await serve({ '/t.T/Echo': echo });
    using client = new Http2Client(server.port);
    const { headers } = await client.exchange({ ':path': '/t.T/Echo', ':method': method });
    expect(headers[':status']).toBe(405);
    expect(headers.allow).toBe('POST');
  });

  test.each([
    [{ ':path': '/t.T/Missing' }, GrpcStatus.UNIMPLEMENTED],
    [{ ':path': '/t.T/Echo?x=1' }, GrpcStatus.UNIMPLEMENTED],
    [{ ':path': '/__proto__' }, GrpcStatus.UNIMPLEMENTED],
    [{ ':path': '/t.T/Echo', 'grpc-encoding': 'br' }, GrpcStatus.UNIMPLEMENTED],
    [{ ':path': '/t.T/Echo', 'grpc-timeout': '1 S' }, GrpcStatus.INVALID_ARGUMENT],
    [{ ':path': '/t.T/Echo', 'grpc-timeout': '' }, GrpcStatus.INVALID_ARGUMENT],
  ])('%j is refused by headers alone', async (headers, code) => {
    await using server = await serve({ '/t.T/Echo': echo });
    using client = new Http2Client(server.port);
    const answer = await client.exchange(headers, message);
    expect(answer.headers[':status']).toBe(200);
    expect(answer.headers['content-type']).toBe('application/grpc');
    expect(answer.headers['grpc-status']).toBe(String(code));
    expect(answer.body.length).toBe(0);
    expect(answer.trailers).toEqual({});
  });

  test('a refused client that goes on sending is stopped, and the refusal still arrives', async () => {
    await using server = await serve({ '/t.T/Echo': echo });
    using client = new Http2Client(server.port);
    const answer = await client.exchange({ ':path': '/t.T/Missing' }, Buffer.alloc(10_000_000), false);
    expect(answer.headers['grpc-status']).toBe(String(GrpcStatus.UNIMPLEMENTED));
  });
});

describe('broken requests', () => {
  test.each([
    ['no message', Buffer.alloc(0), {}, GrpcStatus.UNIMPLEMENTED],
    ['two messages', Buffer.concat([message, message]), {}, GrpcStatus.UNIMPLEMENTED],
    ['half a prefix', message.subarray(0, 3), {}, GrpcStatus.INTERNAL],
    ['half a message', message.subarray(0, 7), {}, GrpcStatus.INTERNAL],
    ['an unknown flag', Buffer.from([7, 0, 0, 0, 0]), {}, GrpcStatus.INTERNAL],
    ['a length above the limit', Buffer.from([0, 255, 255, 255, 255]), {}, GrpcStatus.RESOURCE_EXHAUSTED],
    ['a compressed message without grpc-encoding', Buffer.from([1, 0, 0, 0, 1, 0]), {}, GrpcStatus.INTERNAL],
    ['a compressed message with identity', Buffer.from([1, 0, 0, 0, 1, 0]), { 'grpc-encoding': 'identity' }, GrpcStatus.INTERNAL],
    ['something that is not gzip', Buffer.from([1, 0, 0, 0, 1, 0]), { 'grpc-encoding': 'gzip' }, GrpcStatus.INTERNAL],
  ])('%s', async (_name, body, extra, code) => {
    await using server = await serve({ '/t.T/Echo': echo });
    using client = new Http2Client(server.port);
    const answer = await client.exchange({ ':path': '/t.T/Echo', ...extra }, body);
    expect(answer.headers['grpc-status'] ?? answer.trailers['grpc-status']).toBe(String(code));
    expect(server.errors).toEqual([]);
  });
});

/** One port for two protocols, and clients that speak neither. */
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createGrpcServer, routeConnections } from './index.ts';
import type { GrpcServer, SharedPort } from './index.ts';
import { TestClient } from './testing/client.ts';
import { PREFACE, RawClient } from './testing/raw-client.ts';
import { listen } from './testing/serve.ts';

interface Setup {
  readonly http: HttpServer;
  readonly grpc: GrpcServer;
  readonly shared: SharedPort;
  readonly port: number;
}

/** HTTP answers with its method and path, or with what was posted; gRPC echoes. */
async function start(options: { firstByteTimeoutMs?: number; http?: HttpServer } = {}): Promise<Setup> {
  const http = options.http ?? createServer();
  http.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.end(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`));
  });
  const grpc = createGrpcServer();
  grpc.register('/t.T/Echo', { kind: 'unary', handle: (_call, request) => request });
  const shared = routeConnections({ http, grpc, firstByteTimeoutMs: options.firstByteTimeoutMs ?? 60_000 });
  const port = await listen(shared);
  onTestFinished(async () => {
    shared.closeAllConnections();
    shared.close();
    http.close();
    await grpc.close(0);
  });
  return { http, grpc, shared, port };
}

function open(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  socket.on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks).toString();
}

async function fetchText(port: number, path: string): Promise<string> {
  const [response]: IncomingMessage[] = await once(get({ port, host: '127.0.0.1', path, agent: false }), 'response');
  if (response === undefined) throw new Error('no response');
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(response, 'end');
  return text;
}

describe('both protocols', () => {
  test('HTTP/1.1, WebSocket and gRPC on one port', async () => {
    const { http, port } = await start();
    const webSockets = new WebSocketServer({ server: http });
    webSockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    expect(await fetchText(port, '/hello')).toBe('GET /hello ');
    using client = new TestClient(port);
    expect((await client.unary('/t.T/Echo', Buffer.from('over h2c'))).response?.toString()).toBe('over h2c');
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}/`);
    await once(webSocket, 'open');
    webSocket.send('over WebSocket');
    const [echoed] = await once(webSocket, 'message');
    expect(String(echoed)).toBe('over WebSocket');
    webSocket.close();
    await once(webSocket, 'close');
  });

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'PROPFIND'])('%s is not taken for HTTP/2, even byte by byte', async (method) => {
    const { port } = await start();
    const socket = open(port);
    await once(socket, 'connect');
    for (const byte of `${method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`) {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answer = await readAll(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200/);
    expect(answer).toContain(`${method} /x`);
  });

  test('a body that arrives with and after the first chunk is whole', async () => {
    const { port } = await start();
    const socket = open(port);
    const body = 'x'.repeat(500_000);
    socket.write(
      `POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 1000)}`,
    );
    socket.write(body.slice(1000));
    expect((await readAll(socket)).endsWith(body)).toBe(true);
  });

  test('an HTTP/2 preface byte by byte', async () => {
    const { port } = await start();
    const client = new RawClient(port);
    for (const byte of PREFACE) {
      client.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    await client.until((frame) => frame.type === 4);
    await expect(client.roundTrip()).resolves.toBeUndefined();
    client.destroy();
  });

  test('a client that sends its request and half-closes reads its answer', async () => {
    const { port } = await start();
    const socket = open(port);
    socket.end('GET /half HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await readAll(socket)).toContain('GET /half');
  });
});

describe('clients that are neither', () => {
  test.each([
    ['nothing', ''],
    ['the beginning of a preface', 'PR'],
  ])('one that sends %s is closed', async (_name, text) => {
    const { port, shared } = await start({ firstByteTimeoutMs: 50 });
    const socket = open(port);
    if (text !== '') socket.write(text);
    await readAll(socket);
    expect(await countOf(shared)).toBe(0);
  });

  test.each([
    ['after nothing', ''],
    ['after two bytes', 'PR'],
  ])('one that half-closes %s is closed', async (_name, text) => {
    const { port, shared } = await start();
    const socket = open(port);
    socket.end(text);
    expect(await readAll(socket)).toBe('');
    expect(await countOf(shared)).toBe(0);
  });

  test.each(['', 'PR', 'GET /x', 'PRI * HTTP/2.0\r\n'])('one that breaks off after %j', async (text) => {
    const { port, shared } = await start();
    const accepted = once(shared, 'connection');
    const socket = open(port);
    if (text !== '') socket.write(text);
    const [serverSide] = await accepted;
    const gone = new Promise((resolve) => serverSide.once('close', resolve));
    socket.resetAndDestroy();
    await gone;
    expect(await fetchText(port, '/alive')).toBe('GET /alive ');
  });

  test('one that breaks off before it is looked at', async () => {
    const { port, shared } = await start();
    shared.prependListener('connection', (socket: Socket) => {
      if (socket.remotePort === first.localPort) socket.destroy(new Error('gone'));
    });
    const first = open(port);
    await readAll(first);
    expect(await fetchText(port, '/alive')).toBe('GET /alive ');
  });

  test('rubbish is answered by HTTP', async () => {
    const { port } = await start();
    const socket = open(port);
    socket.write('\x16\x03\x01\x02\x00');
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400/);
  });

  test('the time limit for HTTP headers is kept, though the HTTP server does not listen', async () => {
    const http = createServer({ headersTimeout: 60, requestTimeout: 100, connectionsCheckingInterval: 20 });
    const { port } = await start({ http });
    const socket = open(port);
    socket.write('GET /slow HTTP/1.1\r\nHost:');
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408/);
  });
});

test('closeAllConnections ends connections of both kinds and those not decided', async () => {
  const { port, shared } = await start();
  const silent = open(port);
  const http1 = open(port);
  http1.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  const http2 = await new RawClient(port).handshake();
  await once(http1, 'data');
  expect(await countOf(shared)).toBe(3);
  const closed = Promise.all([readAll(silent), readAll(http1), http2.closed]);
  shared.closeAllConnections();
  await closed;
  await new Promise((resolve) => shared.close(resolve));
});

function countOf(server: SharedPort): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

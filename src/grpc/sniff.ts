/**
 * One port for HTTP/1.1 (upgrades included) and HTTP/2 without TLS: the first bytes of a connection decide.
 * Source: RFC 9113, section 3.4: an HTTP/2 client opens with `PRI * HTTP/2.0`, and no HTTP/1.1 method is `PRI`.
 */
import type { Server as HttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

export interface SharedPortOptions {
  /** Takes everything that is not HTTP/2. It must not listen itself; its time limits are kept all the same. */
  readonly http: HttpServer;
  /** Takes the connections that open with the HTTP/2 preface. */
  readonly grpc: { accept(socket: Socket): void };
  /** Milliseconds for a client's first bytes: one that says nothing holds a file descriptor and nobody's attention. */
  readonly firstByteTimeoutMs: number;
  /** Told of each client that said nothing in that time. */
  readonly onSilence?: () => void;
}

/** A server that listens for both; ordinary `listen` and `close`. */
export interface SharedPort extends Server {
  /** Destroys every open connection, whichever server has it. */
  closeAllConnections(): void;
}

const PREFACE_START = Buffer.from('PRI');

export function routeConnections(options: SharedPortOptions): SharedPort {
  const sockets = new Set<Socket>();
  // Half-open sockets are as node:http has them: a client may send its request, half-close, and read the answer.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', forget);
    decide(socket, options);
  });
  /** One function for all sockets: it stays with each of them to its end. */
  function forget(this: Socket): void {
    sockets.delete(this);
  }
  // An http server starts the clock of its headersTimeout and requestTimeout when it listens, and ours never does.
  server.on('listening', () => options.http.emit('listening'));
  return Object.assign(server, {
    closeAllConnections() {
      for (const socket of sockets) socket.destroy();
    },
  });
}

/** Outlives the decision, so it must not hold on to it: at a hundred thousand connections that would be megabytes. */
function ignore(): void {}

/** For who has taken a socket over for good, and listens for its errors to its end: our listener is not needed any more. */
export function takeErrors(socket: Socket): void {
  socket.off('error', ignore);
}

/** Waits for as many bytes as it takes, puts them back, and hands the socket over with no listener of ours but for errors. */
function decide(socket: Socket, options: SharedPortOptions): void {
  let seen: Buffer | undefined;

  const timer = setTimeout(() => {
    options.onSilence?.();
    socket.destroy();
  }, options.firstByteTimeoutMs);
  const stopWaiting = (): void => {
    clearTimeout(timer);
    socket.off('readable', read);
    socket.off('end', giveUp);
    socket.off('close', stopWaiting);
  };
  const giveUp = (): void => {
    stopWaiting();
    socket.destroy();
  };
  const read = (): void => {
    const chunk: unknown = socket.read();
    if (!Buffer.isBuffer(chunk)) return;
    seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
    const compared = Math.min(seen.length, PREFACE_START.length);
    const isPrefix = PREFACE_START.compare(seen, 0, compared, 0, compared) === 0;
    if (isPrefix && seen.length < PREFACE_START.length) return;
    stopWaiting();
    socket.unshift(seen);
    if (isPrefix) options.grpc.accept(socket);
    else options.http.emit('connection', socket);
  };

  socket.on('error', ignore);
  socket.on('readable', read);
  socket.on('end', giveUp);
  socket.on('close', stopWaiting);
}

/**
 * One HTTP/2 connection: its session, the calls on it, and what its client is held to. Most floods end in nghttp2 itself;
 * what it counts too generously, or not at all, is counted here.
 */
import { constants, performServerHandshake } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream, ServerOptions } from 'node:http2';
import type { Socket } from 'node:net';
import { Allowance, ByteBudget } from './budget.ts';
import type { Call, CallServices } from './call.ts';
import type { GrpcLimits } from './limits.ts';
import type { GrpcMethod } from './method.ts';
import type { GrpcRefusal } from './observe.ts';
import { openCall } from './open-call.ts';
import { GrpcStatus } from './status.ts';
import { StreamCall } from './stream-call.ts';

export interface ConnectionDeps {
  readonly socket: Socket;
  readonly http2Options: ServerOptions;
  readonly services: CallServices;
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly isDraining: () => boolean;
  readonly onClosed: (connection: Connection) => void;
}

/** What node:http2 and nghttp2 enforce by themselves. `maxHeaderListSize` only binds a client that has acknowledged it. */
export function sessionOptions(limits: GrpcLimits): ServerOptions {
  return {
    settings: {
      maxConcurrentStreams: limits.maxConcurrentStreams,
      maxHeaderListSize: limits.maxHeaderListBytes,
      enablePush: false,
    },
    maxHeaderListPairs: limits.maxHeaderPairs,
    maxSessionMemory: limits.maxSessionMemoryMiB,
    streamResetBurst: limits.resetBurst,
    streamResetRate: limits.resetsPerSecond,
    // Metadata may repeat any name, also one that HTTP itself would have once.
    strictSingleValueFields: false,
  };
}

/** Milliseconds for the last bytes to leave after we have closed a connection: a client that reads nothing would hold its socket for ever. */
const LINGER_MS = 1000;
/** A PING acknowledgement is 17 bytes; more than that since the last PING means that we sent something of our own. */
const PING_ANSWER_BYTES = 17;

export class Connection {
  readonly #deps: ConnectionDeps;
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #remoteAddress: string;
  readonly #calls = new Set<Call>();
  readonly #budget: ByteBudget;
  readonly #resets: Allowance;
  readonly #pings: Allowance;
  readonly #settings: Allowance;
  readonly #openedAt = performance.now();
  #handshakeDone = false;
  #requested = false;
  /** Since when no call has been open. */
  #idleSince = this.#openedAt;
  #bytesAtLastPing = 0;
  #pingedAt = this.#openedAt;
  #pingAnswered = true;
  #refused = false;
  /** Since when the session has been over while its socket is not. */
  #overSince: number | undefined;

  constructor(deps: ConnectionDeps) {
    const { limits } = deps.services;
    this.#deps = deps;
    this.#socket = deps.socket;
    this.#remoteAddress = deps.socket.remoteAddress ?? '';
    this.#budget = new ByteBudget(limits.maxConnectionRequestBytes);
    this.#resets = new Allowance(limits.resetBurst, limits.resetsPerSecond);
    this.#pings = new Allowance(limits.pingBurst, limits.pingsPerSecond);
    this.#settings = new Allowance(limits.settingsBurst, limits.settingsPerSecond);
    // A client that half-closes its socket can no longer send what HTTP/2 needs: the connection ends.
    this.#socket.allowHalfOpen = false;
    this.#session = performServerHandshake(this.#socket, deps.http2Options);
    this.#listen();
    deps.services.observe({ kind: 'connection_opened' });
  }

  get callCount(): number {
    return this.#calls.size;
  }

  drain(): void {
    if (!this.#session.closed) this.#session.close();
  }

  /** Ends every open stream with UNAVAILABLE; unary calls go on. */
  endStreams(): void {
    for (const call of this.#calls) {
      if (call instanceof StreamCall)
        call.finish({ code: GrpcStatus.UNAVAILABLE, message: 'server is shutting down' }, 'shutdown');
    }
  }

  destroy(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }

  /** Applies the limits that are a matter of time. `now` is monotonic, in milliseconds. */
  sweep(now: number): void {
    const { limits } = this.#deps.services;
    if (this.#refused || this.#session.destroyed) {
      this.#overSince ??= now;
      if (now - this.#overSince > LINGER_MS) this.#socket.destroy();
    } else if (!this.#handshakeDone && now - this.#openedAt > limits.handshakeTimeoutMs) {
      this.#refuse('handshake_timeout');
    } else if (this.#calls.size > 0) {
      this.#sweepCalls(now);
      this.#keepAlive(now);
    } else if (!this.#requested && now - this.#openedAt > limits.firstRequestTimeoutMs) {
      this.#refuse('no_request', constants.NGHTTP2_NO_ERROR);
    } else if (now - this.#idleSince > limits.idleTimeoutMs) {
      this.#refuse('idle', constants.NGHTTP2_NO_ERROR);
    }
  }

  #listen(): void {
    const session = this.#session;
    const { services } = this.#deps;
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
      this.#open(stream, headers, rawHeaders);
    });
    session.on('localSettings', () => {
      this.#handshakeDone = true;
    });
    session.on('remoteSettings', () => {
      if (!this.#settings.take(performance.now())) this.#refuse('settings_flood');
    });
    session.on('ping', () => this.#countPing());
    session.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#refused || error.code?.startsWith('ERR_HTTP2_') !== true) return;
      services.observe({ kind: 'connection_refused', reason: 'protocol_error' });
    });
    session.on('close', () => {
      services.observe({ kind: 'connection_closed' });
      this.#deps.onClosed(this);
    });
  }

  #open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
    this.#requested = true;
    // A stream that fails is an ending like others, told by 'close'; unheard, the error would end the process.
    stream.on('error', ignore);
    stream.on('close', () => {
      const wasReset = stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR;
      if (wasReset && !this.#resets.take(performance.now())) this.#refuse('reset_flood');
    });
    if (stream.destroyed || stream.closed) return;
    const { services, methods, isDraining } = this.#deps;
    const call = openCall({
      services,
      methods,
      stream,
      headers,
      budget: this.#budget,
      remoteAddress: this.#remoteAddress,
      draining: isDraining(),
      headersTooLarge: !this.#handshakeDone && headerListBytes(rawHeaders) > services.limits.maxHeaderListBytes,
    });
    if (call === undefined) return;
    if (this.#calls.size === 0) this.#pingedAt = performance.now();
    this.#calls.add(call);
    call.start(() => {
      this.#calls.delete(call);
      if (this.#calls.size === 0) this.#idleSince = performance.now();
    });
  }

  #countPing(): void {
    const sent = this.#socket.bytesWritten;
    if (sent - this.#bytesAtLastPing > PING_ANSWER_BYTES) this.#pings.refill();
    this.#bytesAtLastPing = sent;
    if (!this.#pings.take(performance.now())) this.#refuse('ping_flood');
  }

  #sweepCalls(now: number): void {
    let buffered = 0;
    for (const call of this.#calls) {
      call.sweep(now);
      buffered += call.bufferedBytes;
    }
    if (buffered > this.#deps.services.limits.maxConnectionBufferedBytes) {
      for (const call of this.#calls) call.cut({ code: GrpcStatus.RESOURCE_EXHAUSTED }, 'slow_reader');
      this.#refuse('slow_reader');
    }
  }

  #keepAlive(now: number): void {
    const { keepaliveIntervalMs, keepaliveTimeoutMs } = this.#deps.services.limits;
    if (this.#session.destroyed) return;
    if (!this.#pingAnswered) {
      if (now - this.#pingedAt > keepaliveTimeoutMs) this.#refuse('keepalive_timeout');
    } else if (now - this.#pingedAt > keepaliveIntervalMs) {
      this.#pingedAt = now;
      this.#pingAnswered = false;
      this.#session.ping((error) => {
        if (error === null) this.#pingAnswered = true;
      });
    }
  }

  #refuse(reason: GrpcRefusal, code: number = constants.NGHTTP2_ENHANCE_YOUR_CALM): void {
    if (this.#refused || this.#session.destroyed) return;
    this.#refused = true;
    this.#deps.services.observe({ kind: 'connection_refused', reason });
    if (code === constants.NGHTTP2_NO_ERROR) this.#session.close();
    else this.#session.destroy(new Error(`connection refused: ${reason}`), code);
  }
}

function ignore(): void {}

/** The size of a header list as HTTP/2 counts it (RFC 9113, section 6.5.2). */
function headerListBytes(rawHeaders: readonly string[]): number {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length + 16;
  return bytes;
}

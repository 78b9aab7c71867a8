/**
 * The life of one call on one HTTP/2 stream, the same for unary and streaming:
 *
 *     open ──finish(status)──▶ finishing ──trailers sent, stream closed──▶ over
 *       └──────── reset by the client, connection lost ───────────────────▶ over
 *
 * Source: "gRPC over HTTP2", Responses and Errors.
 */
import { constants } from 'node:http2';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ByteBudget } from './budget.ts';
import { FrameReader } from './framing.ts';
import type { Inflater } from './inflater.ts';
import type { GrpcLimits } from './limits.ts';
import { ReceivedMetadata } from './metadata.ts';
import type { GrpcMetadata } from './metadata.ts';
import type { GrpcCall, GrpcCloseReason } from './method.ts';
import type { GrpcObservation } from './observe.ts';
import { RequestReader } from './request-reader.ts';
import type { RequestSink } from './request-reader.ts';
import { GrpcError, GrpcStatus, statusTrailers, toGrpcError } from './status.ts';
import type { GrpcStatusInfo } from './status.ts';

/** What every call of a server shares. */
export interface CallServices {
  readonly limits: GrpcLimits;
  readonly inflater: Inflater;
  readonly observe: (event: GrpcObservation) => void;
  readonly onError: (error: unknown, path: string) => void;
}

export interface CallInit {
  readonly services: CallServices;
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  /** What all calls of the connection may hold of unfinished requests. */
  readonly budget: ByteBudget;
  readonly remoteAddress: string;
  /** Milliseconds since 1970, or undefined. */
  readonly deadline: number | undefined;
  readonly compressed: boolean;
}

/** Longer timers would fire at once; a call that may take 24 days needs none. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const RESPONSE_HEADERS: OutgoingHttpHeaders = Object.freeze({
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': 'identity,gzip',
});
/** No `date`: nothing caches these, and it would be sent with every answer. */
const WITH_TRAILERS = Object.freeze({ waitForTrailers: true, sendDate: false });
const WITHOUT_BODY = Object.freeze({ endStream: true, sendDate: false });

/** Answers a stream with headers alone, and stops the client from sending more. */
export function respondOnce(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  stream.respond(headers, WITHOUT_BODY);
  closeAfterAnswer(stream);
}

/** A client that still sends is told that nobody reads it (RFC 9113, section 8.1): RST_STREAM with NO_ERROR after the whole answer. */
function closeAfterAnswer(stream: ServerHttp2Stream): void {
  setImmediate(() => {
    if (!stream.closed && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
  });
}

export abstract class Call implements GrpcCall, RequestSink {
  readonly path: string;
  readonly metadata: GrpcMetadata;
  readonly authority: string;
  readonly remoteAddress: string;
  readonly deadline: number | undefined;
  protected readonly stream: ServerHttp2Stream;
  protected readonly services: CallServices;
  protected readonly reader: RequestReader;
  readonly #startedAt = performance.now();
  #status: GrpcStatusInfo | undefined;
  /** When the status was decided; undefined while the call is open. */
  #finishedAt: number | undefined;
  #reason: GrpcCloseReason | undefined;
  #trailers: OutgoingHttpHeaders | undefined;
  #statusSent = false;
  #over = false;
  #cancelled = false;
  #abort: AbortController | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;

  constructor(init: CallInit) {
    this.services = init.services;
    this.stream = init.stream;
    this.path = init.path;
    this.metadata = new ReceivedMetadata(init.headers);
    this.authority = init.headers[':authority'] ?? init.headers.host ?? '';
    this.remoteAddress = init.remoteAddress;
    this.deadline = init.deadline;
    this.reader = new RequestReader({
      stream: init.stream,
      frames: new FrameReader(init.services.limits.maxMessageBytes, init.budget),
      inflater: init.compressed ? init.services.inflater : undefined,
      sink: this,
    });
  }

  abstract requestMessage(bytes: Buffer): void;
  abstract requestEnd(): void;
  /** The call is over, in whatever way; called once. */
  protected abstract onOver(reason: GrpcCloseReason): void;
  /** Looked at once in a while, with the monotonic time in milliseconds. */
  abstract sweep(now: number): void;

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#cancelled) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  /** Bytes written but not yet taken by the client's flow control or its socket. */
  get bufferedBytes(): number {
    return this.stream.writableLength;
  }

  get finished(): boolean {
    return this.#finishedAt !== undefined;
  }

  protected get startedAt(): number {
    return this.#startedAt;
  }

  /** Begins to read. `onGone` is called once, when nothing of the call is left. */
  start(onGone: () => void): void {
    const { stream, services, path } = this;
    services.observe({ kind: 'call_started', path });
    stream.on('aborted', () => this.#lost());
    stream.on('wantTrailers', () => this.#sendTrailers());
    stream.on('close', () => {
      clearTimeout(this.#deadlineTimer);
      this.#lost();
      const code = this.#status?.code ?? GrpcStatus.CANCELLED;
      services.observe({ kind: 'call_ended', path, code, durationMs: performance.now() - this.#startedAt });
      onGone();
    });
    if (this.deadline !== undefined) {
      const remaining = Math.max(0, this.deadline - Date.now());
      if (remaining <= MAX_TIMER_MS) this.#deadlineTimer = setTimeout(() => this.#expire(), remaining);
    }
    this.reader.start();
  }

  requestRefused(error: GrpcError): void {
    this.finish(error, 'protocol_error');
  }

  fail(thrown: unknown): void {
    if (this.finished) return;
    if (!(thrown instanceof GrpcError)) this.services.onError(thrown, this.path);
    this.finish(toGrpcError(thrown), 'ended');
  }

  /** Decides how the call ends; only the first decision counts. Throws TypeError for metadata that cannot be sent, with nothing decided. */
  finish(status: GrpcStatusInfo, reason: GrpcCloseReason): void {
    if (this.finished || this.#over) return;
    const trailers = statusTrailers(status);
    this.#decide(status, reason);
    if (this.stream.destroyed || this.stream.closed) return;
    if (this.stream.headersSent) {
      this.#trailers = trailers;
      this.stream.end();
    } else {
      this.#statusSent = true;
      this.stream.respond({ ...RESPONSE_HEADERS, ...trailers }, WITHOUT_BODY);
      if (!this.reader.ended) closeAfterAnswer(this.stream);
    }
  }

  /** Ends the call without a word that the client would have to read first: what waits for it is thrown away. */
  cut(status: GrpcStatusInfo, reason: GrpcCloseReason): void {
    if (this.#over) return;
    this.#decide(status, reason);
    // gRPC clients read this HTTP/2 code as RESOURCE_EXHAUSTED.
    this.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  protected respond(extra?: OutgoingHttpHeaders): void {
    this.stream.respond(extra === undefined ? RESPONSE_HEADERS : { ...RESPONSE_HEADERS, ...extra }, WITH_TRAILERS);
  }

  /** Cuts off a client that does not take the end of its call. */
  protected sweepFinished(now: number): void {
    if (this.#finishedAt === undefined || now - this.#finishedAt < this.services.limits.finishTimeoutMs) return;
    this.stream.close(constants.NGHTTP2_CANCEL);
  }

  #decide(status: GrpcStatusInfo, reason: GrpcCloseReason): void {
    this.#status ??= status;
    this.#reason ??= reason;
    this.#finishedAt ??= performance.now();
    this.reader.stop();
    if (reason !== 'ended') this.#end(reason);
  }

  #sendTrailers(): void {
    if (this.#trailers === undefined) return;
    this.#statusSent = true;
    this.stream.sendTrailers(this.#trailers);
    if (!this.reader.ended) closeAfterAnswer(this.stream);
  }

  #expire(): void {
    this.finish({ code: GrpcStatus.DEADLINE_EXCEEDED, message: 'deadline exceeded' }, 'deadline');
  }

  /** The stream is gone: either all has been said, or the client left. */
  #lost(): void {
    if (this.#over) return;
    this.reader.stop();
    if (this.#statusSent) {
      this.#end(this.#reason ?? 'ended');
    } else {
      this.#status = { code: GrpcStatus.CANCELLED };
      this.#finishedAt ??= performance.now();
      this.#end('cancelled');
    }
  }

  #end(reason: GrpcCloseReason): void {
    if (this.#over) return;
    this.#over = true;
    if (reason !== 'ended') {
      this.#cancelled = true;
      this.#abort?.abort();
    }
    this.onOver(reason);
  }
}

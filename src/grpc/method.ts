/**
 * The seam between the gRPC machinery and the methods behind it. A method never sees HTTP/2; the machinery never sees a
 * message type: both speak in bytes of whole messages.
 *
 * The smallest method there is:
 *
 *     server.register('/demo.Echo/Say', { kind: 'unary', handle: async (call, request) => request });
 */
import type { GrpcMetadata, GrpcMetadataFields } from './metadata.ts';
import type { GrpcStatusInfo } from './status.ts';

export type GrpcMethod = GrpcUnaryMethod | GrpcStreamMethod;

/** One request, one answer. */
export interface GrpcUnaryMethod {
  readonly kind: 'unary';
  /** The answer's bytes. A thrown GrpcError is the call's status; anything else becomes INTERNAL. */
  handle(call: GrpcCall, request: Buffer): Promise<Uint8Array> | Uint8Array;
}

/** Many messages either way: bidirectional, client and server streaming alike. */
export interface GrpcStreamMethod {
  readonly kind: 'stream';
  /** Called when the headers are in, before any message. A throw ends the call as `handle`'s does; `closed` is then not called. */
  open(call: GrpcStreamCall): GrpcStreamHandler;
}

/** What a stream method gives the machinery. Calls come one at a time, in order; a throw ends the call as `fail` does. */
export interface GrpcStreamHandler {
  /** A whole message. The bytes stay valid but may be part of a larger chunk: copy what is kept for long. */
  message(bytes: Buffer): void;
  /** The client sends no more; the call stays open for writing until `end`. */
  halfClose(): void;
  /** The call is over: nothing more is read or written. Called once, last, whoever ended it. */
  closed(reason: GrpcCloseReason): void;
}

/**
 * Why a call is over:
 * - `ended`: `end` or `fail` was called, and what was written has been handed to the network
 * - `cancelled`: the client gave it up, or its connection is gone
 * - `deadline`: the client's own deadline passed
 * - `slow_reader`: more than `maxBufferedBytes` waited to be read; the client was cut off
 * - `protocol_error`: the client broke the framing or a limit; it was told the status
 * - `shutdown`: the server is closing; the client was told UNAVAILABLE
 */
export type GrpcCloseReason = 'ended' | 'cancelled' | 'deadline' | 'slow_reader' | 'protocol_error' | 'shutdown';

export interface GrpcCall {
  /** `/pkg.Service/Method` */
  readonly path: string;
  readonly metadata: GrpcMetadata;
  /** The host the client believes it speaks to; empty when it did not say. */
  readonly authority: string;
  /** The peer's address; empty when it was gone before it could be asked. */
  readonly remoteAddress: string;
  /** Milliseconds since 1970 at which the client gives up; undefined when it set no deadline. */
  readonly deadline: number | undefined;
  /** True once nobody waits for the answer: cancelled, past its deadline, or cut off. */
  readonly cancelled: boolean;
  /** Aborted when `cancelled` becomes true. Made when first asked for. */
  readonly signal: AbortSignal;
}

export interface GrpcStreamCall extends GrpcCall {
  /** Sends the response headers now. Without it they leave with the first message. Throws TypeError for metadata that cannot be sent. */
  sendHeaders(metadata?: GrpcMetadataFields): void;
  /** Frames one message and writes it. Like `writeFramed` otherwise. */
  write(message: Uint8Array): boolean;
  /**
   * Writes bytes that are already framed: one message or many, each from `frameMessage`. They are neither copied nor
   * changed, so one buffer may be written to any number of calls; do not change it afterwards.
   * False when the caller should wait for `onDrain` (the bytes are accepted all the same), or when the call is over (they are dropped).
   */
  writeFramed(bytes: Buffer): boolean;
  /** Bytes written but not yet taken by the client's flow control or its socket. */
  readonly bufferedBytes: number;
  /** Sets the one callback for "everything written has left", called each time after a write returned false. */
  onDrain(callback: () => void): void;
  /** Stops `message` and `halfClose` until `resume`; flow control then holds the client back (up to 128 KiB are on their way). */
  pause(): void;
  resume(): void;
  /** Ends the call: what was written goes first, then the status (OK by default). Later calls do nothing. Throws TypeError for metadata that cannot be sent. */
  end(status?: GrpcStatusInfo): void;
  /** Ends the call with what was thrown: a GrpcError's status, or INTERNAL with the cause given to `onError`. For failures in asynchronous work. */
  fail(thrown: unknown): void;
}

/** From the bytes of a stream to whole, decompressed messages in order, at the pace of who takes them. */
import type { ServerHttp2Stream } from 'node:http2';
import type { FrameReader } from './framing.ts';
import type { InflateJob, Inflater } from './inflater.ts';
import { GrpcError, GrpcStatus } from './status.ts';

/** Who takes the messages. None of these may throw. */
export interface RequestSink {
  requestMessage(bytes: Buffer): void;
  /** The client has half-closed, after a whole message. */
  requestEnd(): void;
  /** The client broke the framing; nothing more comes. */
  requestRefused(error: GrpcError): void;
}

export interface RequestReaderDeps {
  readonly stream: ServerHttp2Stream;
  readonly frames: FrameReader;
  /** Undefined when the client named no compression. */
  readonly inflater: Inflater | undefined;
  readonly sink: RequestSink;
}

export class RequestReader {
  readonly #stream: ServerHttp2Stream;
  readonly #frames: FrameReader;
  readonly #inflater: Inflater | undefined;
  readonly #sink: RequestSink;
  /** Set while a message is being inflated: those behind it wait, so that the order is kept. */
  #job: InflateJob | undefined;
  /** An inflated message that came while paused. */
  #inflated: Buffer | undefined;
  #paused = false;
  #pumping = false;
  #ended = false;
  #endTold = false;
  #stopped = false;

  constructor(deps: RequestReaderDeps) {
    this.#stream = deps.stream;
    this.#frames = deps.frames;
    this.#inflater = deps.inflater;
    this.#sink = deps.sink;
  }

  /** True once the client has sent everything it will. */
  get ended(): boolean {
    return this.#ended;
  }

  start(): void {
    this.#stream.on('data', (chunk: Buffer) => {
      if (this.#stopped) return;
      this.#frames.push(chunk);
      this.#pump();
    });
    this.#stream.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
  }

  /** Reads on and drops what comes, so that flow control lets the stream end. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#job?.cancel();
    this.#inflated = undefined;
    this.#frames.discard();
    if (!this.#stream.destroyed) this.#stream.resume();
  }

  get #held(): boolean {
    return this.#paused || this.#job !== undefined;
  }

  #pump(): void {
    if (this.#pumping || this.#stopped) return;
    this.#pumping = true;
    try {
      this.#deliver();
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      this.stop();
      this.#sink.requestRefused(error);
    } finally {
      this.#pumping = false;
    }
    if (!this.#held && this.#stream.isPaused() && !this.#stream.destroyed) this.#stream.resume();
  }

  #deliver(): void {
    while (!this.#held && !this.#stopped) {
      const message = this.#inflated ?? this.#frames.next();
      if (message === undefined) break;
      if (this.#inflated === undefined && this.#frames.compressed) {
        this.#inflate(message);
      } else {
        this.#inflated = undefined;
        this.#sink.requestMessage(message);
      }
    }
    if (!this.#ended || this.#held || this.#stopped || this.#endTold) return;
    if (this.#frames.partial) throw new GrpcError(GrpcStatus.INTERNAL, 'request ended inside a message');
    this.#endTold = true;
    this.#sink.requestEnd();
  }

  #inflate(message: Buffer): void {
    if (this.#inflater === undefined) {
      throw new GrpcError(GrpcStatus.INTERNAL, 'compressed message, but no grpc-encoding was named');
    }
    this.#stream.pause();
    this.#job = this.#inflater.inflate(message, (result) => {
      this.#job = undefined;
      if (result instanceof GrpcError) {
        this.stop();
        this.#sink.requestRefused(result);
        return;
      }
      this.#inflated = result;
      this.#pump();
    });
  }
}

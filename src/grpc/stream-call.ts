/** Messages both ways for as long as both sides like: the side of a stream that its method holds. */
import { Call } from './call.ts';
import type { CallInit } from './call.ts';
import { frameMessage } from './framing.ts';
import { encodeMetadata } from './metadata.ts';
import type { GrpcMetadataFields } from './metadata.ts';
import type { GrpcCloseReason, GrpcStreamCall, GrpcStreamHandler, GrpcStreamMethod } from './method.ts';
import { GrpcStatus } from './status.ts';
import type { GrpcStatusInfo } from './status.ts';

export class StreamCall extends Call implements GrpcStreamCall {
  readonly #method: GrpcStreamMethod;
  readonly #maxBufferedBytes: number;
  #handler: GrpcStreamHandler | undefined;
  /** Why the call was over before its method had returned a handler. */
  #closedEarly: GrpcCloseReason | undefined;
  #drained: (() => void) | undefined;

  constructor(init: CallInit, method: GrpcStreamMethod) {
    super(init);
    this.#method = method;
    this.#maxBufferedBytes = init.services.limits.maxBufferedBytes;
  }

  override start(onGone: () => void): void {
    super.start(onGone);
    try {
      const handler = this.#method.open(this);
      if (this.#closedEarly === undefined) this.#handler = handler;
      else handler.closed(this.#closedEarly);
    } catch (error) {
      this.fail(error);
    }
  }

  requestMessage(bytes: Buffer): void {
    try {
      this.#handler?.message(bytes);
    } catch (error) {
      this.fail(error);
    }
  }

  requestEnd(): void {
    try {
      this.#handler?.halfClose();
    } catch (error) {
      this.fail(error);
    }
  }

  sendHeaders(metadata?: GrpcMetadataFields): void {
    if (this.finished || this.stream.headersSent) return;
    this.respond(metadata === undefined ? undefined : encodeMetadata(metadata));
  }

  write(message: Uint8Array): boolean {
    return this.writeFramed(frameMessage(message));
  }

  writeFramed(bytes: Buffer): boolean {
    if (this.finished) return false;
    const { stream } = this;
    if (!stream.headersSent) this.respond();
    if (stream.write(bytes)) return true;
    if (stream.writableLength > this.#maxBufferedBytes) this.#cutSlowReader();
    return false;
  }

  onDrain(callback: () => void): void {
    if (this.#drained === undefined) this.stream.on('drain', () => this.#drained?.());
    this.#drained = callback;
  }

  pause(): void {
    if (!this.finished) this.reader.pause();
  }

  resume(): void {
    if (!this.finished) this.reader.resume();
  }

  end(status: GrpcStatusInfo = { code: GrpcStatus.OK }): void {
    this.finish(status, 'ended');
  }

  protected onOver(reason: GrpcCloseReason): void {
    this.#drained = undefined;
    const handler = this.#handler;
    this.#handler = undefined;
    if (handler === undefined) this.#closedEarly = reason;
    try {
      handler?.closed(reason);
    } catch (error) {
      this.services.onError(error, this.path);
    }
  }

  sweep(now: number): void {
    this.sweepFinished(now);
  }

  #cutSlowReader(): void {
    this.services.observe({ kind: 'slow_reader', path: this.path, bufferedBytes: this.bufferedBytes });
    this.cut({ code: GrpcStatus.RESOURCE_EXHAUSTED, message: 'too slow to read' }, 'slow_reader');
  }
}

/** One request in, one answer out. */
import type { ByteBudget } from './budget.ts';
import { Call } from './call.ts';
import type { CallInit } from './call.ts';
import { frameMessage } from './framing.ts';
import type { GrpcUnaryMethod } from './method.ts';
import { GrpcError, GrpcStatus } from './status.ts';

export class UnaryCall extends Call {
  readonly #method: GrpcUnaryMethod;
  readonly #budget: ByteBudget;
  #request: Buffer | undefined;
  /** Bytes of the request held against the connection's budget until the answer is given. */
  #held = 0;

  constructor(init: CallInit, method: GrpcUnaryMethod) {
    super(init);
    this.#method = method;
    this.#budget = init.budget;
  }

  requestMessage(bytes: Buffer): void {
    if (this.#request !== undefined) {
      this.requestRefused(new GrpcError(GrpcStatus.UNIMPLEMENTED, 'this method takes one request message'));
    } else if (this.#budget.take(bytes.length)) {
      this.#held = bytes.length;
      this.#request = bytes;
    } else {
      this.requestRefused(new GrpcError(GrpcStatus.RESOURCE_EXHAUSTED, 'too many unfinished requests on this connection'));
    }
  }

  requestEnd(): void {
    const request = this.#request;
    if (request === undefined) {
      this.requestRefused(new GrpcError(GrpcStatus.UNIMPLEMENTED, 'this method needs a request message'));
      return;
    }
    this.#run(request).catch((error: unknown) => this.fail(error));
  }

  async #run(request: Buffer): Promise<void> {
    const response = await this.#method.handle(this, request);
    if (this.finished) return;
    this.respond();
    this.stream.write(frameMessage(response));
    this.finish({ code: GrpcStatus.OK }, 'ended');
  }

  protected onOver(): void {
    this.#budget.give(this.#held);
    this.#held = 0;
    this.#request = undefined;
  }

  sweep(now: number): void {
    this.sweepFinished(now);
    if (!this.reader.ended && now - this.startedAt > this.services.limits.requestTimeoutMs) {
      this.finish({ code: GrpcStatus.DEADLINE_EXCEEDED, message: 'the request took too long to arrive' }, 'protocol_error');
    }
  }
}

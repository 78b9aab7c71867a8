/** A stream method that does nothing by itself, and hands its first call to the test. */
import type { GrpcCloseReason, GrpcLimits, GrpcMethod, GrpcObservation, GrpcStreamCall } from '../index.ts';
import { FrameType } from './raw-client.ts';
import type { RawFrame } from './raw-client.ts';
import { serve } from './serve.ts';
import type { TestServer } from './serve.ts';

export interface Held {
  readonly method: GrpcMethod;
  readonly call: Promise<GrpcStreamCall>;
  readonly closed: Promise<GrpcCloseReason>;
  readonly inbox: Buffer[];
}

export function hold(): Held {
  const call = Promise.withResolvers<GrpcStreamCall>();
  const closed = Promise.withResolvers<GrpcCloseReason>();
  const inbox: Buffer[] = [];
  const method: GrpcMethod = {
    kind: 'stream',
    open(opened) {
      call.resolve(opened);
      return { message: (bytes) => inbox.push(bytes), halfClose() {}, closed: (reason) => closed.resolve(reason) };
    },
  };
  return { method, call: call.promise, closed: closed.promise, inbox };
}

export const echo: GrpcMethod = { kind: 'unary', handle: (_call, request) => request };

/** `/t.T/Echo`, unary, and `/t.T/Hold`, a stream. */
export function serveBoth(held: Held, limits: Partial<GrpcLimits> = {}): Promise<TestServer> {
  return serve({ '/t.T/Echo': echo, '/t.T/Hold': held.method }, limits);
}

export const refused = (event: GrpcObservation): boolean => event.kind === 'connection_refused';

export const isReset =
  (code: number, streamId: number) =>
  (received: RawFrame): boolean =>
    received.type === FrameType.RST_STREAM && received.streamId === streamId && received.payload.readUInt32BE(0) === code;

export function callsStarted(server: TestServer): number {
  return server.events.filter((event) => event.kind === 'call_started').length;
}

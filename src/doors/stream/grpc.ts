/** The stream over gRPC: `Chat` and `Room`, each with Interact (both ways) and Send (one post). */
import type { Chat, Identity } from '../../core/index.ts';
import { ChatError, actorOf } from '../../core/index.ts';
import type { GrpcError, GrpcStreamCall, GrpcStreamHandler, GrpcStreamMethod, GrpcUnaryMethod } from '../../grpc/index.ts';
import type { Outboxes } from '../outbox.ts';
import type { StreamCodecs } from './codecs.ts';
import { StreamConnection } from './connection.ts';
import type { Ending, Link } from './connection.ts';
import { fromMetadata, identify } from './credentials.ts';
import { sendPost } from './send.ts';
import { toError, toGrpcError } from './status.ts';
import { postCodec, postmarkCodec, streamCodec } from './wire.ts';

export interface StreamGrpcOptions {
  readonly chat: Chat;
  readonly outboxes: Outboxes;
  readonly codecs: StreamCodecs;
}

export function createInteract(options: StreamGrpcOptions, roomsOnly: boolean): GrpcStreamMethod {
  return { kind: 'stream', open: (call) => new Interaction(options, call, roomsOnly) };
}

export function createSend({ chat }: StreamGrpcOptions, roomsOnly: boolean): GrpcUnaryMethod {
  const door = roomsOnly ? 'room' : 'stream';
  return {
    kind: 'unary',
    async handle(call, request) {
      try {
        const identity = await identify(chat.access, fromMetadata(call.metadata));
        const actor = actorOf(identity, door, 0, { trace: call.metadata.get('traceparent'), address: call.remoteAddress });
        const post = postCodec.decode(request);
        return postmarkCodec.encode(await sendPost(chat, actor, post, call.metadata.get('idempotency-key'), roomsOnly));
      } catch (thrown) {
        throw refuse(chat, door, thrown);
      }
    },
  };
}

/** A gRPC error for whatever was thrown, counted, and logged when it is our fault. */
export function refuse(chat: Chat, door: string, thrown: unknown): GrpcError {
  const error = toError(thrown);
  chat.meter.refused(door, error.code);
  if (error.code === 'internal') chat.log.error({ err: error.cause }, 'a call failed');
  return toGrpcError(error);
}

/** One Interact call. Nothing is read before the token is checked: flow control holds the client back. */
class Interaction implements GrpcStreamHandler {
  readonly #options: StreamGrpcOptions;
  readonly #call: GrpcStreamCall;
  readonly #link: GrpcLink;
  readonly #roomsOnly: boolean;
  #connection: StreamConnection | undefined;
  #closed = false;

  constructor(options: StreamGrpcOptions, call: GrpcStreamCall, roomsOnly: boolean) {
    this.#options = options;
    this.#call = call;
    this.#roomsOnly = roomsOnly;
    this.#link = new GrpcLink(call);
    call.pause();
    this.#open().catch((thrown: unknown) => call.fail(refuse(options.chat, this.#door, thrown)));
  }

  get #door(): string {
    return this.#roomsOnly ? 'room' : 'stream';
  }

  async #open(): Promise<void> {
    const { chat, outboxes, codecs } = this.#options;
    const { metadata, remoteAddress } = this.#call;
    const identity: Identity = await identify(chat.access, fromMetadata(metadata));
    if (identity.role === 'guest' && !this.#roomsOnly)
      throw new ChatError('permission_denied', 'Guests listen in rooms: use the Room service.');
    const trace = metadata.get('traceparent');
    const connection = new StreamConnection({
      chat,
      outboxes,
      link: this.#link,
      identity,
      codec: codecs.get('grpc', metadata.get('extensions') === '1'),
      address: remoteAddress,
      roomsOnly: this.#roomsOnly,
      ...(trace !== undefined && { trace }),
    });
    await chat.openSession(connection);
    if (this.#closed) {
      connection.closed('gone');
      return;
    }
    this.#connection = connection;
    // The headers tell the client that it is heard from here on.
    this.#call.sendHeaders();
    this.#call.resume();
  }

  message(bytes: Buffer): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    try {
      connection.receive(streamCodec.decode(bytes));
    } catch (thrown) {
      connection.fail(thrown);
    }
  }

  halfClose(): void {
    // The client has said all it wants to say and goes on listening.
  }

  closed(reason: string): void {
    this.#closed = true;
    this.#link.closed();
    this.#connection?.closed(reason);
  }
}

class GrpcLink implements Link {
  readonly #call: GrpcStreamCall;
  #waiting: (() => void)[] = [];
  #open = true;
  /** What was written last has to wait: `drain` will come, and comes only then. */
  #full = false;

  constructor(call: GrpcStreamCall) {
    this.#call = call;
    call.onDrain(() => this.#wake());
  }

  write(bytes: Buffer): boolean {
    const taken = this.#call.writeFramed(bytes);
    this.#full = !taken;
    return taken;
  }

  get bufferedBytes(): number {
    return this.#call.bufferedBytes;
  }

  drained(): Promise<void> {
    if (!this.#open || !this.#full) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  end({ grpc, message }: Ending): void {
    this.#call.end({ code: grpc, message });
  }

  closed(): void {
    this.#open = false;
    this.#wake();
  }

  #wake(): void {
    this.#full = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

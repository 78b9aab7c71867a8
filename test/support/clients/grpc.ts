/** grpc-js as a client of bytes: the tests bring their own messages, good and bad. */
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import type { ClientDuplexStream, ClientOptions, ServiceError, StatusObject } from '@grpc/grpc-js';
import { Inbox } from '../inbox.ts';

const asIs = (bytes: Buffer): Buffer => bytes;

export interface GrpcAnswer {
  readonly response: Buffer | undefined;
  readonly code: number;
  readonly details: string;
  readonly trailers: Metadata;
}

export type Fields = Readonly<Record<string, string>>;

/** One connection of its own. */
export class GrpcClient implements Disposable {
  readonly #client: Client;

  constructor(port: number, options: ClientOptions = {}) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      // Connections are otherwise shared between clients of one address.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      ...options,
    });
  }

  unary(path: string, request: Buffer, metadata: Fields = {}): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      let response: Buffer | undefined;
      const done = (_error: ServiceError | null, value?: Buffer): void => {
        response = value;
      };
      const call = this.#client.makeUnaryRequest(path, asIs, asIs, request, toMetadata(metadata), {}, done);
      call.on('status', ({ code, details, metadata: trailers }: StatusObject) => {
        setImmediate(() => resolve({ response, code, details, trailers }));
      });
    });
  }

  stream(path: string, metadata: Fields = {}): GrpcStream {
    return new GrpcStream(this.#client.makeBidiStreamRequest(path, asIs, asIs, toMetadata(metadata)));
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export class GrpcStream {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly messages = new Inbox<Buffer>();
  readonly status: Promise<StatusObject>;
  /** Resolves when the server has taken the call, or it is over. */
  readonly opened: Promise<void>;

  constructor(call: ClientDuplexStream<Buffer, Buffer>) {
    this.call = call;
    call.on('error', () => undefined);
    call.on('data', (message: Buffer) => this.messages.push(message));
    this.status = new Promise((resolve) => call.on('status', resolve));
    this.opened = new Promise((resolve) => {
      call.on('metadata', () => resolve());
      call.on('status', () => resolve());
    });
    void this.status.then(({ code, details }) => this.messages.end(new Error(`the call ended: ${code} ${details}`)));
  }
}

function toMetadata(fields: Fields): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
  return metadata;
}

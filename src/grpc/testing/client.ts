/** grpc-js as a client that sends and receives bytes, with promises. */
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import type { CallOptions, ClientDuplexStream, ClientOptions, ServiceError, StatusObject } from '@grpc/grpc-js';

const pass = (bytes: Buffer): Buffer => bytes;

export interface UnaryResult {
  readonly response: Buffer | undefined;
  readonly status: StatusObject;
}

export class TestClient implements Disposable {
  readonly client: Client;

  constructor(port: number, options: ClientOptions = {}) {
    this.client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      // A channel of its own: connections are otherwise shared between clients of the same address.
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
  }

  unary(
    path: string,
    request: Buffer,
    options: CallOptions & { metadata?: Record<string, string | Buffer> } = {},
  ): Promise<UnaryResult> {
    return new Promise((resolve) => {
      let response: Buffer | undefined;
      const call = this.client.makeUnaryRequest(
        path,
        pass,
        pass,
        request,
        metadataOf(options.metadata ?? {}),
        options,
        (_error: ServiceError | null, value?: Buffer) => {
          response = value;
        },
      );
      call.on('status', (status) => setImmediate(() => resolve({ response, status })));
    });
  }

  stream(path: string, options: CallOptions & { metadata?: Record<string, string | Buffer> } = {}): TestStream {
    return new TestStream(this.client.makeBidiStreamRequest(path, pass, pass, metadataOf(options.metadata ?? {}), options));
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}

/** A bidi call with an inbox. */
export class TestStream {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly status: Promise<StatusObject>;
  readonly headers: Promise<Metadata>;
  readonly inbox: Buffer[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(call: ClientDuplexStream<Buffer, Buffer>) {
    this.call = call;
    this.headers = new Promise((resolve) => call.on('metadata', resolve));
    this.status = new Promise((resolve) => call.on('status', resolve));
    call.on('error', () => {});
    call.on('data', (message: Buffer) => {
      this.inbox.push(message);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers<void>();
    });
  }

  /** Resolves when so many messages are in the inbox. */
  async received(count: number): Promise<Buffer[]> {
    while (this.inbox.length < count) await this.#changed.promise;
    return this.inbox;
  }
}

function metadataOf(fields: Record<string, string | Buffer>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
  return metadata;
}

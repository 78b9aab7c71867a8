/** An event handler as its authors write it: a grpc-js server with the four consumer services, which keeps what it was told. */
import { fromBinary, toJson } from '@bufbuild/protobuf';
import type { DescMessage, DescService, JsonValue } from '@bufbuild/protobuf';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServerUnaryCall, UntypedServiceImplementation, sendUnaryData } from '@grpc/grpc-js';
import {
  ChatUserChatRateLimitedService,
  ChatUserConnectedService,
  ChatUserDisconnectedService,
  PersonalChatPersonalChatSentService,
} from '../../src/protobuf/index.ts';
import { pem } from './receiver.ts';

export const SERVICES: readonly DescService[] = [
  PersonalChatPersonalChatSentService,
  ChatUserConnectedService,
  ChatUserDisconnectedService,
  ChatUserChatRateLimitedService,
];

export interface Told {
  readonly service: string;
  /** The message in the JSON mapping. */
  readonly message: JsonValue;
}

/** Answers with a status, or with nothing until it is cancelled. */
export type Verdict = { readonly code: number } | { readonly bytes: number } | 'hang';

type Call = ServerUnaryCall<JsonValue, Buffer>;

export class EventHandler implements AsyncDisposable {
  readonly told: Told[] = [];
  /** `isCancelled`: whoever called does not wait any more. */
  answer: (told: Told, isCancelled: () => boolean) => Verdict | Promise<Verdict> = () => ({ code: status.OK });
  readonly #server = new Server();
  #port = 0;
  #heard = Promise.withResolvers<void>();

  private constructor(services: readonly DescService[]) {
    for (const service of services) this.#register(service);
  }

  /** `port` 0: any free one. */
  static async plain(services = SERVICES, port = 0): Promise<EventHandler> {
    return new EventHandler(services).#listen(ServerCredentials.createInsecure(), port);
  }

  static async encrypted(certificate: 'good' | 'expired'): Promise<EventHandler> {
    const pair = { private_key: Buffer.from(pem(`${certificate}-key`)), cert_chain: Buffer.from(pem(certificate)) };
    return new EventHandler(SERVICES).#listen(ServerCredentials.createSsl(null, [pair]), 0);
  }

  get port(): number {
    return this.#port;
  }

  /** Resolves when it was told so much. */
  async wasTold(count: number): Promise<void> {
    while (this.told.length < count) await this.#heard.promise;
  }

  #register({ typeName, method }: DescService): void {
    const { onMessage } = method;
    if (onMessage === undefined) throw new Error(`${typeName} has no onMessage`);
    const definition = {
      path: `/${typeName}/${onMessage.name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: (bytes: Buffer) => readAs(onMessage.input, bytes),
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    const implementation: UntypedServiceImplementation = {
      onMessage: (call: Call, done: sendUnaryData<Buffer>) => void this.#take(typeName, call, done),
    };
    this.#server.addService({ onMessage: definition }, implementation);
  }

  async #take(service: string, call: Call, done: sendUnaryData<Buffer>): Promise<void> {
    const told = { service, message: call.request };
    this.told.push(told);
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
    const verdict = await this.answer(told, () => call.cancelled);
    if (verdict === 'hang') return;
    if ('bytes' in verdict) return done(null, emptyOf(verdict.bytes));
    if (verdict.code === 0) return done(null, Buffer.alloc(0));
    done({ code: verdict.code, details: 'a secret of the handler' });
  }

  #listen(security: ServerCredentials, port: number): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, security, (error, bound) => {
        this.#port = bound;
        if (error === null) resolve(this);
        else reject(error);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }
}

const asIs = (bytes: Buffer): Buffer => bytes;

function readAs(type: DescMessage, bytes: Buffer): JsonValue {
  return toJson(type, fromBinary(type, bytes));
}

/** An Empty message with a field that is not known, so long. */
function emptyOf(bytes: number): Buffer {
  const length = [(bytes & 127) | 128, ((bytes >> 7) & 127) | 128, ((bytes >> 14) & 127) | 128, bytes >> 21];
  return Buffer.concat([Buffer.from([10, ...length]), Buffer.alloc(bytes)]);
}

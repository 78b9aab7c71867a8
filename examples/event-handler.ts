/** An event handler over gRPC that hears messages until Ada's to Bob is told: `npx node examples/event-handler.ts "$ADA" "$BOB"` */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescService } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import * as events from '../src/protobuf/gen/accelbyte/chat/chat/v1/chat_pb.js';

const url = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080';
const server = new Server();
const empty = Buffer.from(toBinary(EmptySchema, create(EmptySchema)));

/** Implements a service that has the one method OnMessage. An error in `hear` asks for a repetition, so repetitions are to be expected. */
function handle(service: DescService, hear: (message: Buffer) => void): void {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const codec = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs };
  const path = `/${service.typeName}/OnMessage`;
  server.addService(
    { onMessage: { path, requestStream: false, responseStream: false, ...codec } },
    {
      onMessage(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        hear(call.request);
        done(null, empty);
      },
    },
  );
}

const hello = `hello to an event handler ${crypto.randomUUID()}`;
const told = Promise.withResolvers<void>();
const seen = new Set<string>();

handle(events.PersonalChatPersonalChatSentService, (bytes) => {
  const { id, name, payload } = fromBinary(events.PersonalChatSentSchema, bytes);
  if (seen.has(id) || payload?.personalChatSent?.payload !== hello) return;
  seen.add(id);
  console.log(`${name}: ${hello.slice(0, 25)}`);
  told.resolve();
});
for (const service of [
  events.ChatUserConnectedService,
  events.ChatUserDisconnectedService,
  events.ChatUserChatRateLimitedService,
]) {
  handle(service, () => undefined);
}

await new Promise<void>((resolve, reject) => {
  const address = `127.0.0.1:${process.env['EVENTS_GRPC_PORT'] ?? 50051}`;
  server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
});
const [ada, bob] = [process.argv[2], process.argv[3]].map((token = 'missing') => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
}));
// Bob is known from the first time that he shows himself.
await fetch(`${url}/api/users/me`, { headers: bob ?? {} });
const letter = { method: 'POST', headers: ada ?? {}, body: JSON.stringify({ text: hello }) };
const sent = await fetch(`${url}/api/private/2/messages`, letter);
if (sent.ok) await told.promise;
server.forceShutdown();
if (!sent.ok) throw new Error(`${sent.status} ${await sent.text()}`);

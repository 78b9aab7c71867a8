/** Ada writes to Bob, who reads what he missed and what comes, over gRPC: `npx node examples/grpc.ts "$ADA" "$BOB"` */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, Metadata, credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { Category, PayloadType, StreamSchema, Type } from '../src/protobuf/gen/appootb/message/chat_pb.js';
import type { Stream } from '../src/protobuf/gen/appootb/message/chat_pb.js';

const client = new Client(new URL(process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080').host, credentials.createInsecure());
const encode = (frame: Stream): Buffer => Buffer.from(toBinary(StreamSchema, frame));
const decode = (bytes: Buffer): Stream => fromBinary(StreamSchema, bytes);

function interact(name: string, token = '') {
  const metadata = new Metadata();
  metadata.set('token', token);
  const call = client.makeBidiStreamRequest('/appootb.message.Chat/Interact', encode, decode, metadata);
  call.on('error', (error: ServiceError) => {
    if (error.code !== status.CANCELLED) throw error;
  });
  call.on('data', ({ sn, payload }: Stream) => {
    const posts = payload.case === 'postbox' ? payload.value.posts : [];
    for (const { postmark, envelope } of posts) {
      const text = envelope.case === 'text' ? envelope.value.content : undefined;
      console.log(`${name}: #${postmark?.uniqueId}`, sn === hello.sn ? 'is stored' : text);
    }
    // The empty page ends the answer to Bob; from here on he hears what comes.
    if (posts.length === 0) ada.write(hello);
    else if (sn !== 'sync') call.cancel();
  });
  return call;
}

const [ada, bob] = [interact('Ada', process.argv[2]), interact('Bob', process.argv[3])];
const postmark = { category: Category.PRIVATE, sender: 1n, receiver: 2n };
const posts = [{ postmark, type: Type.TEXT, envelope: { case: 'text', value: { content: 'hello from gRPC' } } } as const];
// The sn is the idempotency key of what is sent: a frame repeated on a new connection is still one message.
const sn = crypto.randomUUID();
const hello = create(StreamSchema, { sn, type: PayloadType.MESSAGES, payload: { case: 'postbox', value: { posts } } });
const ids = [{ category: Category.PRIVATE }];
bob.write(create(StreamSchema, { sn: 'sync', type: PayloadType.SYNC, payload: { case: 'local', value: { ids } } }));

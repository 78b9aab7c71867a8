/** node:http2 alone with gRPC framing: one encoding of a message, written to every stream. No authentication, no storage. */
import { createServer } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { listenAndAnnounce } from './announce.ts';

const HEAD = 5;
const SN_FIELD = 0x0a;
const streams = new Set<ServerHttp2Stream>();
let pushes = 0;

/** The message's bytes after its first field, which the generator makes `sn`. */
function afterSn(message: Buffer): Buffer {
  return message.subarray(2 + (message[1] ?? 0));
}

/** A gRPC message of a Stream with this `sn` and the given other fields. */
function grpcMessage(sn: Buffer, rest: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD + 2 + sn.length + rest.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(bytes.length - HEAD, 1);
  bytes[5] = SN_FIELD;
  bytes[6] = sn.length;
  bytes.set(sn, 7);
  bytes.set(rest, 7 + sn.length);
  return bytes;
}

/** Stream.type MESSAGES and a postbox with one post with an empty postmark. */
const ACK_REST = Buffer.from([0x18, 2, 0x5a, 4, 0x0a, 2, 0x0a, 0]);

function receive(from: ServerHttp2Stream, message: Buffer): void {
  const sn = message.subarray(2, 2 + (message[1] ?? 0));
  from.write(grpcMessage(sn, ACK_REST));
  pushes += 1;
  const delivery = grpcMessage(Buffer.from(`s${pushes}`), afterSn(message));
  for (const stream of streams) if (stream !== from) stream.write(delivery);
}

const server = createServer({ settings: { maxConcurrentStreams: 4096 } });
server.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
  streams.add(stream);
  stream.on('close', () => streams.delete(stream));
  stream.on('error', () => streams.delete(stream));
  let rest: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= HEAD && bytes.length - at >= HEAD + bytes.readUInt32BE(at + 1)) {
      const end = at + HEAD + bytes.readUInt32BE(at + 1);
      receive(stream, bytes.subarray(at + HEAD, end));
      at = end;
    }
    rest = bytes.subarray(at);
  });
});
listenAndAnnounce(server);

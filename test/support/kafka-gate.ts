/**
 * Ports in front of brokers that may go away and come back elsewhere: clients keep the addresses they know. Where a broker tells addresses
 * (metadata), ours are put in place of its own. A gate can also say no in a broker's place, which the mock brokers never do.
 */
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface Gates {
  readonly ports: readonly number[];
  /** The largest produce request that is let through, in bytes; what is larger gets the error MESSAGE_TOO_LARGE. */
  maxRequestBytes: number;
  /** Cuts a connection in the middle of a produce request: so many are still let through. */
  cutAfter: number;
  /** Sizes of the produce requests seen so far. */
  readonly requests: readonly number[];
  open(behind: readonly number[]): Promise<void>;
  shut(): Promise<void>;
}

const HOST = '127.0.0.1';
const PRODUCE = 0;
const MESSAGE_TOO_LARGE = 10;

export async function openGates(behind: readonly number[]): Promise<Gates> {
  const sockets = new Set<Socket>();
  let servers: Server[] = [];
  let ports: readonly number[] = behind.map(() => 0);
  const requests: number[] = [];

  /** A broker's address, as it stands in metadata: the host as text, the port as a 32-bit integer. */
  function translated(frame: Buffer, targets: readonly number[]): Buffer {
    for (let at = frame.indexOf(HOST); at !== -1; at = frame.indexOf(HOST, at + 1)) {
      const port = ports[targets.indexOf(frame.readInt32BE(at + HOST.length))];
      if (port !== undefined) frame.writeInt32BE(port, at + HOST.length);
    }
    return frame;
  }

  function meet(client: Socket, target: number, targets: readonly number[]): void {
    const broker = createConnection(target, HOST);
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    readFrames(client, (frame) => {
      if (frame.readInt16BE(4) === PRODUCE) {
        requests.push(frame.length);
        if (frame.length > gates.maxRequestBytes) {
          client.write(refusal(frame));
          return;
        }
        if (gates.cutAfter <= 0) {
          broker.write(frame.subarray(0, frame.length / 2));
          client.destroy();
          return;
        }
        gates.cutAfter -= 1;
      }
      broker.write(frame);
    });
    readFrames(broker, (frame) => client.write(translated(frame, targets)));
  }

  const gates = {
    get ports() {
      return ports;
    },
    maxRequestBytes: Number.POSITIVE_INFINITY,
    cutAfter: Number.POSITIVE_INFINITY,
    requests,
    async open(targets: readonly number[]) {
      servers = targets.map((target) => createServer((client) => meet(client, target, targets)));
      ports = await Promise.all(servers.map((server, at) => listen(server, ports[at] ?? 0)));
    },
    async shut() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
  await gates.open(behind);
  return gates;
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, HOST, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Kafka's frames: a length of four bytes, then so many. */
function readFrames(socket: Socket, each: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  let chunks: Buffer[] = [];
  let waiting = 0;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    waiting += chunk.length;
    if (rest.length + waiting < 4 || (rest.length >= 4 && rest.length + waiting < 4 + rest.readInt32BE(0))) return;
    rest = Buffer.concat([rest, ...chunks]);
    chunks = [];
    waiting = 0;
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      each(Buffer.from(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
  });
}

/** The answer to a produce request (version 3 to 7) that takes none of its partitions. */
function refusal(request: Buffer): Buffer {
  const version = request.readInt16BE(6);
  let at = 12;
  const skipText = (): Buffer => {
    const length = Math.max(0, request.readInt16BE(at));
    const text = request.subarray(at, at + 2 + length);
    at += 2 + length;
    return text;
  };
  const number = (value: number, bytes: 2 | 4): Buffer => {
    const buffer = Buffer.alloc(bytes);
    if (bytes === 2) buffer.writeInt16BE(value);
    else buffer.writeInt32BE(value);
    return buffer;
  };
  skipText();
  skipText();
  at += 6;
  const topics = request.readInt32BE(at);
  at += 4;
  const parts: Buffer[] = [request.subarray(8, 12), number(topics, 4)];
  for (let topic = 0; topic < topics; topic++) {
    parts.push(skipText());
    const partitions = request.readInt32BE(at);
    at += 4;
    parts.push(number(partitions, 4));
    for (let partition = 0; partition < partitions; partition++) {
      parts.push(request.subarray(at, at + 4), number(MESSAGE_TOO_LARGE, 2), Buffer.alloc(16, 255));
      if (version >= 5) parts.push(Buffer.alloc(8, 255));
      at += 8 + request.readInt32BE(at + 4);
    }
  }
  const body = Buffer.concat([...parts, number(0, 4)]);
  return Buffer.concat([number(body.length, 4), body]);
}

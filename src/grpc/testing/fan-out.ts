/**
 * Measures fan-out: one prebuilt message written to a thousand streams, this server against a bare node:http2 server that
 * does the same, as deliveries per second of server CPU, and as their ratio in one run.
 *
 *     node src/grpc/testing/fan-out.ts --repeats 3 --connections 20,1000 --window 1,4,32
 *
 * The server runs in a process of its own, pinned to core 0 where `taskset` is there; this process is the clients. They
 * count DATA bytes of raw sockets and do nothing else. The window W is the rounds that are on their way at one time.
 */
import { fork, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { performServerHandshake } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { createGrpcServer, frameMessage } from '../index.ts';
import { Flag, FrameType, PREFACE, frame, headerBlock, requestHeaders, setting, uint32 } from './raw-client.ts';
import { listen } from './serve.ts';

const MESSAGE_BYTES = 200;
const FRAMED_BYTES = MESSAGE_BYTES + 5;
const STREAMS = 1000;
const PATH = '/bench.Fan/Out';
const MAX_WINDOW = 2 ** 31 - 1;

type Kind = 'bare' | 'ours';

/** Serves until its parent goes. Every byte on the second port asks for one round; the CPU time is asked for over IPC. */
async function runServer(kind: Kind): Promise<void> {
  const message = frameMessage(Buffer.alloc(MESSAGE_BYTES, 'x'));
  const writers: (() => void)[] = [];
  const port = await listen(createServer(kind === 'bare' ? bareAccept(message, writers) : ourAccept(message, writers)));
  const trigger = await listen(
    createServer((socket) => {
      socket.on('data', (bytes) => {
        for (let round = 0; round < bytes.length; round += 1) for (const write of writers) write();
      });
    }),
  );
  const report = (): Report => ({ port, trigger, open: writers.length, cpu: process.cpuUsage() });
  process.on('message', () => process.send?.(report()));
  process.on('disconnect', () => process.exit());
}

function bareAccept(message: Buffer, writers: (() => void)[]): (socket: Socket) => void {
  return (socket) => {
    const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: 1024 } });
    session.on('error', () => {});
    session.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      writers.push(() => stream.write(message));
    });
  };
}

function ourAccept(message: Buffer, writers: (() => void)[]): (socket: Socket) => void {
  const server = createGrpcServer();
  server.register(PATH, {
    kind: 'stream',
    open(call) {
      call.sendHeaders();
      writers.push(() => call.writeFramed(message));
      return { message() {}, halfClose() {}, closed() {} };
    },
  });
  return (socket) => server.accept(socket);
}

/** Opens the streams and counts the payload of DATA frames. */
async function openConnection(port: number, streams: number, onBytes: (count: number) => void): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay();
  const head = Buffer.alloc(9);
  let headFilled = 0;
  let payloadLeft = 0;
  socket.on('data', (chunk: Buffer) => {
    let at = 0;
    let counted = 0;
    while (at < chunk.length) {
      if (payloadLeft > 0) {
        const taken = Math.min(payloadLeft, chunk.length - at);
        if (head[3] === FrameType.DATA) counted += taken;
        at += taken;
        payloadLeft -= taken;
      } else {
        const taken = chunk.copy(head, headFilled, at, at + 9 - headFilled);
        at += taken;
        headFilled = (headFilled + taken) % 9;
        if (headFilled === 0) payloadLeft = head.readUIntBE(0, 3);
      }
    }
    if (counted > 0) onBytes(counted);
  });
  await once(socket, 'connect');
  socket.write(
    Buffer.concat([PREFACE, frame(FrameType.SETTINGS, 0, 0, setting(4, MAX_WINDOW)), frame(FrameType.SETTINGS, Flag.ACK, 0)]),
  );
  socket.write(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(MAX_WINDOW - 65_535)));
  const block = headerBlock(requestHeaders(PATH));
  for (let index = 0; index < streams; index += 1) socket.write(frame(FrameType.HEADERS, Flag.END_HEADERS, 2 * index + 1, block));
  return socket;
}

interface Shape {
  readonly connections: number;
  readonly window: number;
  readonly rounds: number;
}

/** Deliveries per second of server CPU. */
async function measure(kind: Kind, shape: Shape): Promise<number> {
  const server = fork(import.meta.filename, ['--serve', kind], { execArgv: ['--no-warnings'] });
  spawnSync('taskset', ['-pc', '0', String(server.pid)]);
  const { port, trigger } = await ask(server);
  let received = 0;
  let target = Infinity;
  let reached = (): void => {};
  const onBytes = (count: number): void => {
    received += count;
    while (received >= target) reached();
  };
  const sockets = await Promise.all(
    Array.from({ length: shape.connections }, () => openConnection(port, STREAMS / shape.connections, onBytes)),
  );
  const asking = connect(trigger, '127.0.0.1');
  asking.setNoDelay();
  await once(asking, 'connect');

  const run = async (rounds: number): Promise<void> => {
    received = 0;
    let asked = Math.min(shape.window, rounds);
    let done = 0;
    target = STREAMS * FRAMED_BYTES;
    asking.write(Buffer.alloc(asked));
    await new Promise<void>((resolve) => {
      reached = () => {
        done += 1;
        target = done === rounds ? Infinity : (done + 1) * STREAMS * FRAMED_BYTES;
        if (done === rounds) resolve();
        else if (asked < rounds) {
          asked += 1;
          asking.write(Buffer.alloc(1));
        }
      };
    });
  };
  while ((await ask(server)).open < STREAMS) await new Promise((resolve) => setImmediate(resolve));
  // The first rounds warm the compiler up.
  await run(Math.ceil(shape.rounds / 4));
  const before = await ask(server);
  await run(shape.rounds);
  const after = await ask(server);
  for (const socket of sockets) socket.destroy();
  asking.destroy();
  server.disconnect();
  await once(server, 'exit');
  const cpuSeconds = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1e6;
  return (shape.rounds * STREAMS) / cpuSeconds;
}

interface Report {
  readonly port: number;
  readonly trigger: number;
  /** Streams open so far. */
  readonly open: number;
  readonly cpu: NodeJS.CpuUsage;
}

/** What the server says of itself, as soon as it listens. */
function ask(server: ChildProcess): Promise<Report> {
  return new Promise((resolve) => {
    const take: (report: Report) => void = resolve;
    server.once('message', take);
    server.send({});
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

async function main(repeats: number, connectionCounts: readonly number[], windows: readonly number[]): Promise<void> {
  spawnSync('taskset', ['-pc', '1', String(process.pid)]);
  for (const connections of connectionCounts) {
    for (const window of windows) {
      const shape = { connections, window, rounds: window === 1 ? 300 : 1000 };
      const results: Record<Kind, number[]> = { bare: [], ours: [] };
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        for (const kind of repeat % 2 === 0 ? (['bare', 'ours'] as const) : (['ours', 'bare'] as const)) {
          results[kind].push(await measure(kind, shape));
        }
      }
      const [bare, ours] = [median(results.bare), median(results.ours)];
      const line = `${connections} connections x ${STREAMS / connections}, W=${window}: bare ${format(bare)}, ours ${format(ours)} deliveries per CPU second, ratio ${(ours / bare).toFixed(3)}`;
      process.stdout.write(
        `${line}  [bare ${results.bare.map(format).join(' ')} | ours ${results.ours.map(format).join(' ')}]\n`,
      );
    }
  }
}

function format(value: number): string {
  return `${(value / 1000).toFixed(0)}k`;
}

const { values } = parseArgs({
  options: {
    serve: { type: 'string' },
    repeats: { type: 'string', default: '3' },
    connections: { type: 'string', default: '20,1000' },
    window: { type: 'string', default: '1,4,32' },
  },
});
if (values.serve === 'bare' || values.serve === 'ours') await runServer(values.serve);
else await main(Number(values.repeats), values.connections.split(',').map(Number), values.window.split(',').map(Number));

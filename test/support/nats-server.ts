/** A real NATS server with JetStream on this machine, in a folder of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startProgram } from './program.ts';

export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  /** As after a power cut. */
  stop(): Promise<void>;
  /** On the same port, with what it had on disk. */
  start(): Promise<void>;
  /** It does not move until `resume`. */
  pause(): Promise<void>;
  resume(): void;
  /** Everything in a stream, in its order; nothing when there is no such stream. */
  read(stream: string): Promise<readonly StoredMessage[]>;
}

export interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  /** By which repetitions are known. */
  readonly id: string;
  readonly text: string;
}

/** Everything in a stream, in its order; nothing when there is no such stream. */
export async function readStream(url: string, stream: string): Promise<readonly StoredMessage[]> {
  const connection = await connect({ servers: url });
  try {
    const { streams } = await jetstreamManager(connection);
    const names = await streams.names().next();
    if (!names.includes(stream)) return [];
    const { state } = await streams.info(stream);
    const found: StoredMessage[] = [];
    if (state.messages === 0) return found;
    const consumer = await jetstream(connection).consumers.get(stream, { deliver_policy: DeliverPolicy.All });
    for await (const message of await consumer.consume()) {
      const { seq, subject, headers } = message;
      found.push({ seq, subject, id: headers?.get('Nats-Msg-Id') ?? '', text: message.string() });
      if (seq >= state.last_seq) break;
    }
    return found;
  } finally {
    await connection.close();
  }
}

/** `settings`: lines of its configuration file. */
export async function startNatsServer(settings = 'jetstream: enabled'): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-nats-'));
  const file = join(folder, 'nats.conf');
  await writeFile(file, settings);
  const run = (port: string) =>
    startProgram(process.env['NATS_SERVER_BIN'] ?? 'nats-server', ['-c', file, '-a', '127.0.0.1', '-p', port, '-sd', folder], {
      ready: /Listening for client connections on 127\.0\.0\.1:(\d+)[^]*Server is ready/,
    });
  let program = await run('-1');
  const port = program.told[1] ?? '';
  return {
    url: `nats://127.0.0.1:${port}`,
    stop: () => program.kill(),
    async start() {
      program = await run(port);
    },
    pause: () => program.pause(),
    read: (stream) => readStream(`nats://127.0.0.1:${port}`, stream),
    resume: () => program.resume(),
    async [Symbol.asyncDispose]() {
      await program.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

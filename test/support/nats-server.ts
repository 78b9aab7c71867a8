/** A real NATS server with JetStream on this machine, in a folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from './program.ts';

export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  /** As after a power cut. */
  stop(): Promise<void>;
  /** On the same port, with what it had on disk. */
  start(): Promise<void>;
  /** It does not move until `resume`. */
  pause(): void;
  resume(): void;
}

/** Whether the tests were given a server, which they cannot stop. */
export const GIVEN_NATS = process.env['NATS_URL'];

export async function startNatsServer(): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-nats-'));
  const run = (port: string) =>
    startProgram(process.env['NATS_SERVER_BIN'] ?? 'nats-server', ['-js', '-a', '127.0.0.1', '-p', port, '-sd', folder], {
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
    resume: () => program.resume(),
    async [Symbol.asyncDispose]() {
      await program.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

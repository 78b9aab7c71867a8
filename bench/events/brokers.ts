/** The brokers that events are brought to: on the other core, with a folder of their own. */
import { startProgram } from '../../test/support/program.ts';
import type { Program } from '../../test/support/program.ts';
import { pinned } from '../pinning.ts';

export interface Broker {
  readonly address: string;
  readonly program: Program;
}

async function start(command: readonly [string, ...string[]], ready: RegExp): Promise<Broker> {
  const [file, ...args] = pinned(1, command);
  const program = await startProgram(file, args, { ready });
  return { address: program.told[1] ?? '', program };
}

/** A NATS server with JetStream. */
export function startNats(folder: string): Promise<Broker> {
  const ready = /Listening for client connections on (127\.0\.0\.1:\d+)[^]*Server is ready/;
  return start(['nats-server', '-js', '-a', '127.0.0.1', '-p', '-1', '-sd', folder], ready);
}

/** The mock brokers of librdkafka: a client, not a server, so that its own cost says nothing about Kafka. */
export function startKafka(): Promise<Broker> {
  const args = ['-X', 'test.mock.num.brokers=1', '-d', 'mock', '-b', 'x:1', '-C', '-t', '__hold', '-q'] as const;
  return start(['kcat', ...args], /bootstrap\.servers=(127\.0\.0\.1:\d+)\n/);
}

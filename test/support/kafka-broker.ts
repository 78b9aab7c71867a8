/**
 * Kafka on this machine: the mock brokers of librdkafka, hosted by kcat. They speak the protocol over TCP and keep records in memory; they
 * are not Apache Kafka. Clients come through doors of ours (kafka-gate.ts), which keep their ports when the brokers go and come back.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openGates } from './kafka-gate.ts';
import type { Gates } from './kafka-gate.ts';
import { startProgram } from './program.ts';

export interface KafkaBroker extends AsyncDisposable {
  /** host:port, with commas between. */
  readonly brokers: string;
  /** Nobody listens, and open connections are cut; what was written stays. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Other brokers, with nothing in them, take the place of these. */
  replace(): Promise<void>;
  /** They do not move until `resume`. */
  pause(): Promise<void>;
  resume(): void;
  readonly gates: Gates;
  /** Everything in a topic, partition by partition, as kcat reads it. */
  read(topic: string): Promise<readonly KafkaRecord[]>;
}

export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string;
  readonly headers?: readonly string[];
}

const MAX_OUTPUT_BYTES = 1024 ** 3;

/** Reads a topic to its end with kcat: a client that has no line in common with ours. */
export async function readTopic(brokers: string, topic: string): Promise<readonly KafkaRecord[]> {
  const args = ['-b', brokers, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-J', '-X', 'fetch.wait.max.ms=10'];
  const { stdout } = await promisify(execFile)('kcat', args, { maxBuffer: MAX_OUTPUT_BYTES });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as KafkaRecord)
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

function startBrokers(count: number) {
  const args = ['-X', `test.mock.num.brokers=${count}`, '-d', 'mock', '-b', 'x:1', '-C', '-t', '__hold', '-q'];
  return startProgram('kcat', args, { ready: /bootstrap\.servers=([\d.:,]+)\n/ });
}

export async function startKafkaBroker(count = 1): Promise<KafkaBroker> {
  let program = await startBrokers(count);
  const behind = (): readonly number[] => (program.told[1] ?? '').split(',').map((address) => Number(address.split(':')[1]));
  const gates = await openGates(behind());
  return {
    brokers: gates.ports.map((port) => `127.0.0.1:${port}`).join(','),
    gates,
    stop: () => gates.shut(),
    start: () => gates.open(behind()),
    async replace() {
      await gates.shut();
      await program.kill();
      program = await startBrokers(count);
      await gates.open(behind());
    },
    pause: () => program.pause(),
    resume: () => program.resume(),
    read: (topic) => readTopic(program.told[1] ?? '', topic),
    async [Symbol.asyncDispose]() {
      await gates.shut();
      await program.kill();
    },
  };
}

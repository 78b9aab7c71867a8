/** Makes the sinks that a configuration names. Those that need a large library load it only then. */
import type { Log } from '../core/index.ts';
import { createFileSink } from './file.ts';
import type { FileSinkDeps } from './file.ts';
import type { GrpcSinkDeps } from './grpc.ts';
import type { KafkaSinkOptions } from './kafka.ts';
import type { NatsSinkOptions } from './nats.ts';
import type { Sink } from './sink.ts';
import { createWebhookSink } from './webhook.ts';
import type { WebhookSinkDeps } from './webhook.ts';

/** One member for each sink; undefined: there is none. */
export interface SinkOptions {
  readonly kafka: Omit<KafkaSinkOptions, 'log'> | undefined;
  readonly nats: Omit<NatsSinkOptions, 'log'> | undefined;
  readonly webhook: WebhookSinkDeps | undefined;
  readonly grpc: GrpcSinkDeps | undefined;
  readonly file: FileSinkDeps | undefined;
}

/** Rejects with `SinkSetupError` for what can never work: an address that is not allowed, a file that cannot be written. */
export async function openSinks({ kafka, nats, webhook, grpc, file }: SinkOptions, log: Log): Promise<readonly Sink[]> {
  const sinks: Sink[] = [];
  if (webhook !== undefined) sinks.push(createWebhookSink(webhook));
  if (kafka !== undefined) sinks.push((await import('./kafka.ts')).createKafkaSink({ ...kafka, log }));
  if (nats !== undefined) sinks.push((await import('./nats.ts')).createNatsSink({ ...nats, log }));
  if (grpc !== undefined) sinks.push((await import('./grpc.ts')).createGrpcSink(grpc));
  if (file !== undefined) sinks.push(await createFileSink(file));
  return sinks;
}

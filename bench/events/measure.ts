/**
 * Events brought to a broker, in a process of its own: `measure.ts nats|kafka sink|client FOLDER SECONDS`. `sink` is ours, with as many calls at a
 * time as the relay makes; `client` is the library's own publish with acknowledgements, for as many events at a time. Prints one line of JSON.
 */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Producer } from '@platformatic/kafka';
import type { FeedEvent } from '../../src/feed/index.ts';
import { createKafkaSink } from '../../src/sinks/kafka.ts';
import { createNatsSink } from '../../src/sinks/nats.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { sampleEvents } from '../../test/contracts/sinks/sample-events.ts';
import { silent } from '../../test/contracts/sinks/silent-log.ts';
import { monotonicMs } from '../writer/row.ts';
import { startKafka, startNats } from './brokers.ts';

const WARMUP_MS = 1_000;
const CONVERSATIONS = 1_000;
const TEXT = 'x'.repeat(200);

export interface EventsMeasurement {
  readonly perSecond: number;
  /** CPU of this process by the time that passed; the broker has a core of its own. */
  readonly busy: number;
}

/** Brings events to the broker and throws when one is not taken. */
interface Carrier {
  readonly batch: number;
  readonly lanes: number;
  carry(events: readonly FeedEvent[]): Promise<void>;
}

function ours(sink: Sink): Carrier {
  const { signal } = new AbortController();
  return {
    batch: sink.batch,
    lanes: sink.lanes,
    async carry(events) {
      for (const outcome of await sink.deliver(events, signal)) if (outcome.type !== 'delivered') throw new Error(outcome.why);
    },
  };
}

async function natsClient(address: string): Promise<Carrier> {
  const connection = await connect({ servers: address });
  const { streams } = await jetstreamManager(connection);
  await streams.add({ name: 'EVENTS', subjects: ['events.>'] });
  const client = jetstream(connection);
  return {
    batch: 1_000,
    lanes: 2,
    async carry(events) {
      await Promise.all(events.map(({ json, envelope }) => client.publish('events.chat', json, { msgID: envelope.id })));
    },
  };
}

function kafkaClient(address: string): Carrier {
  const producer = new Producer({ clientId: 'bench', bootstrapBrokers: [address], autocreateTopics: true });
  return {
    batch: 1_000,
    lanes: 2,
    async carry(events) {
      const messages = events.map(({ key, json }) => ({ topic: 'events', key: Buffer.from(key), value: Buffer.from(json) }));
      await producer.send({ messages, acks: -1 });
    },
  };
}

async function carrierOf(broker: string, kind: string, folder: string): Promise<Carrier> {
  if (broker === 'nats') {
    const { address } = await startNats(folder);
    return kind === 'sink' ? ours(createNatsSink({ url: `nats://${address}`, log: silent })) : natsClient(address);
  }
  const { address } = await startKafka();
  return kind === 'sink' ? ours(createKafkaSink({ brokers: [address], log: silent })) : kafkaClient(address);
}

const [broker = '', kind = '', folder = '', seconds = '0'] = process.argv.slice(2);
const carrier = await carrierOf(broker, kind, folder);
const pool = sampleEvents(CONVERSATIONS, CONVERSATIONS, TEXT);
let made = 0;
let carried = 0;

/** Events of the lane's own conversations, each with an id of its own. */
function next(lane: number): FeedEvent[] {
  const own = CONVERSATIONS / carrier.lanes;
  return Array.from({ length: carrier.batch }, (_, at) => {
    const event = pool[lane * own + (at % own)];
    if (event === undefined) throw new Error('no event was made');
    made += 1;
    return { ...event, envelope: { ...event.envelope, id: `${process.pid}-${made}` } };
  });
}

async function carryUntil(end: number): Promise<void> {
  const lanes = Array.from({ length: carrier.lanes }, async (_, lane) => {
    while (monotonicMs() < end) {
      const events = next(lane);
      await carrier.carry(events);
      carried += events.length;
    }
  });
  await Promise.all(lanes);
}

await carryUntil(monotonicMs() + WARMUP_MS);
carried = 0;
const cpu = process.cpuUsage();
const start = monotonicMs();
await carryUntil(start + Number(seconds) * 1000);
const elapsed = (monotonicMs() - start) / 1000;
const used = process.cpuUsage(cpu);
const measurement: EventsMeasurement = {
  perSecond: carried / elapsed,
  busy: (used.user + used.system) / 1e6 / elapsed,
};
process.stdout.write(`${JSON.stringify(measurement)}\n`, () => process.exit(0));

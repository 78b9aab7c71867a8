import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Envelope, FeedEvent } from '../../../src/feed/index.ts';
import { TOPICS } from '../../../src/feed/index.ts';
import { createKafkaSink } from '../../../src/sinks/kafka.ts';
import type { KafkaSinkOptions } from '../../../src/sinks/kafka.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import { readTopic, startKafkaBroker } from '../../support/kafka-broker.ts';
import { everyKind, sampleEvent, sampleEvents, TEXTS } from './sample-events.ts';
import { silent } from './silent-log.ts';
import { sinkContract } from './sink-contract.ts';

sinkContract({
  name: 'Kafka, 3 brokers',
  async start() {
    const kafka = await startKafkaBroker(3);
    return {
      open: ({ timeout }) => createKafkaSink({ brokers: kafka.brokers.split(','), timeout, log: silent }),
      async received() {
        const records = await Promise.all(TOPICS.map((topic) => kafka.read(topic)));
        return records.flat().map(({ payload }) => JSON.parse(payload) as Envelope);
      },
      stop: () => kafka.stop(),
      start: () => kafka.start(),
      hang: () => kafka.pause(),
      resume: () => kafka.resume(),
      [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose](),
    };
  },
});

const silence = new AbortController().signal;

async function deliver(sink: Sink, events: readonly FeedEvent[]) {
  return (await sink.deliver(events, silence)).map(({ type }) => type);
}

async function begin(options: Partial<KafkaSinkOptions> = {}) {
  const kafka = await startKafkaBroker();
  const sink = createKafkaSink({ brokers: kafka.brokers.split(','), timeout: 5_000, log: silent, ...options });
  onTestFinished(async () => {
    await sink.close();
    await kafka[Symbol.asyncDispose]();
  });
  return { kafka, sink };
}

test('the value is the envelope and the key that of the event, without headers', async () => {
  const { kafka, sink } = await begin();
  const events = everyKind();
  expect(await deliver(sink, events)).toEqual(events.map(() => 'delivered'));
  for (const topic of TOPICS) {
    const records = await kafka.read(topic);
    const sent = events.filter((event) => event.topic === topic);
    expect(records.map(({ key, payload, headers = [] }) => ({ key, payload, headers }))).toEqual(
      sent.map(({ key, json }) => ({ key, payload: json, headers: [] })),
    );
  }
});

test('topics take a prefix, and our own family can be left out', async () => {
  const { kafka, sink } = await begin({ prefix: 'tenant', own: false });
  const events = everyKind().filter((event) => sink.wants(event));
  expect(new Set(events.map(({ topic }) => topic))).toEqual(new Set(['personalChat', 'chat']));
  expect(await deliver(sink, events)).toEqual(events.map(() => 'delivered'));
  expect(await kafka.read('tenant.personalChat')).toHaveLength(1);
  expect(await kafka.read('tenant.chat')).toHaveLength(3);
  expect(await kafka.read('personalChat')).toHaveLength(0);
});

test('a record that brokers find too large is refused alone', async () => {
  const { kafka, sink } = await begin();
  kafka.gates.maxRequestBytes = 50_000;
  const [first, poison, behind, other, last] = [
    sampleEvent(1),
    sampleEvent(1, 'x'.repeat(60_000)),
    sampleEvent(1),
    sampleEvent(2),
    sampleEvent(3),
  ];
  const answers = await sink.deliver([first, poison, behind, other, last], silence);
  expect(answers.map(({ type }) => type)).toEqual(['delivered', 'refused', 'unavailable', 'delivered', 'delivered']);
  expect(answers[1]).toMatchObject({ why: expect.stringContaining('larger than the max message size') });
  expect((await kafka.read('personalChat')).map(({ payload }) => payload).sort()).toEqual(
    [first, other, last].map(({ json }) => json).sort(),
  );
  // The relay buries it and goes on.
  expect(await deliver(sink, [behind])).toEqual(['delivered']);
});

test('no request is larger than brokers take for one partition', async () => {
  const { kafka, sink } = await begin();
  kafka.gates.maxRequestBytes = 1_048_588;
  const events = sampleEvents(300, 1, 'x'.repeat(10_000));
  expect(await deliver(sink, events)).toEqual(events.map(() => 'delivered'));
  expect(kafka.gates.requests).toHaveLength(4);
  expect((await kafka.read('personalChat')).map(({ payload }) => payload)).toEqual(events.map(({ json }) => json));
});

test('brokers that vanish in the middle of a call have what they said they have, and get the rest from the same sink', async () => {
  const { kafka, sink } = await begin();
  const events = sampleEvents(300, 1, 'x'.repeat(10_000));
  kafka.gates.cutAfter = 2;
  const answers = await deliver(sink, events);
  const delivered = answers.filter((type) => type === 'delivered').length;
  expect(answers).toEqual(events.map((_, at) => (at < delivered ? 'delivered' : 'unavailable')));
  expect(delivered).toBeGreaterThan(0);
  kafka.gates.cutAfter = Number.POSITIVE_INFINITY;
  expect(await deliver(sink, events.slice(delivered))).toEqual(events.slice(delivered).map(() => 'delivered'));
  expect((await kafka.read('personalChat')).map(({ payload }) => payload)).toEqual(events.map(({ json }) => json));
});

test('brokers that come back empty, elsewhere and with other topics are taken as they are', async () => {
  const { kafka, sink } = await begin();
  expect(await deliver(sink, [sampleEvent(1)])).toEqual(['delivered']);
  await kafka.replace();
  const event = sampleEvent(1);
  await vi.waitFor(async () => expect(await deliver(sink, [event])).toEqual(['delivered']), { timeout: 50_000 });
  expect((await kafka.read('personalChat')).map(({ payload }) => payload)).toEqual([event.json]);
});

test('a port where something else answers is an outage', async () => {
  const stranger = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write(Buffer.alloc(2_000, 0xff)));
  });
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  const { port } = stranger.address() as AddressInfo;
  const sink = createKafkaSink({ brokers: [`127.0.0.1:${port}`], timeout: 1_000, log: silent });
  expect(await deliver(sink, [sampleEvent(1)])).toEqual(['unavailable']);
  await sink.close();
  stranger.close();
});

/** Those that run elsewhere; none unless the tests are told of them. */
const elsewhere = [process.env['KAFKA_BROKERS'] ?? []].flat();

test.each(elsewhere)('brokers that were given take events and have them in order: %s', async (given) => {
  const prefix = `switchboard-test-${Date.now()}`;
  const sink = createKafkaSink({ brokers: given.split(','), prefix, log: silent });
  onTestFinished(() => sink.close());
  const events = [...sampleEvents(1_000, 1), ...TEXTS.map((text) => sampleEvent(1, text))];
  // A topic that is just made has no leader yet.
  await vi.waitFor(async () => expect(await deliver(sink, events.slice(0, 1))).toEqual(['delivered']), { timeout: 50_000 });
  expect(await deliver(sink, events.slice(1))).toEqual(events.slice(1).map(() => 'delivered'));
  const payloads = (await readTopic(given, `${prefix}.personalChat`)).map(({ payload }) => payload);
  expect(payloads).toEqual(events.map(({ json }) => json));
});

import type { Envelope, FeedEvent } from '../../../src/feed/index.ts';
import { DiscardPolicy, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, onTestFinished, test } from 'vitest';
import { createNatsSink, NATS_DEFAULTS } from '../../../src/sinks/nats.ts';
import type { NatsSinkOptions } from '../../../src/sinks/nats.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import { readStream, startNatsServer } from '../../support/nats-server.ts';
import { everyKind, sampleEvent, sampleEvents, TEXTS } from './sample-events.ts';
import { silent } from './silent-log.ts';
import { sinkContract } from './sink-contract.ts';

sinkContract({
  name: 'NATS JetStream',
  async start() {
    const server = await startNatsServer();
    return {
      open: ({ timeout }) => createNatsSink({ url: server.url, timeout, log: silent }),
      async received() {
        const stored = await server.read(NATS_DEFAULTS.stream);
        return stored.map(({ text }) => JSON.parse(text) as Envelope);
      },
      stop: () => server.stop(),
      start: () => server.start(),
      hang: () => server.pause(),
      resume: () => server.resume(),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
});

const silence = new AbortController().signal;

async function deliver(sink: Sink, events: readonly FeedEvent[]) {
  return (await sink.deliver(events, silence)).map(({ type }) => type);
}

async function begin(options: Partial<NatsSinkOptions> = {}, settings?: string) {
  const server = await startNatsServer(settings);
  const sink = createNatsSink({ url: server.url, timeout: 5_000, log: silent, ...options });
  onTestFinished(async () => {
    await sink.close();
    await server[Symbol.asyncDispose]();
  });
  return { server, sink };
}

async function manage<T>(url: string, work: (jetstream: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: url });
  try {
    return await work(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

test('the subject tells topic and name, the message is the envelope, and its id is that of the event', async () => {
  const { server, sink } = await begin();
  const events = everyKind();
  expect(await deliver(sink, events)).toEqual(events.map(() => 'delivered'));
  const stored = await server.read('SWITCHBOARD_EVENTS');
  expect(stored.map(({ id }) => id).sort()).toEqual(events.map(({ envelope }) => envelope.id).sort());
  for (const { envelope, json, topic } of events) {
    expect(stored.find(({ id }) => id === envelope.id)).toMatchObject({
      subject: `switchboard.events.${topic}.${envelope.name}`,
      text: json,
    });
  }
});

test('an event that is told again is stored once', async () => {
  const { server, sink } = await begin();
  const events = sampleEvents(20, 3);
  expect(await deliver(sink, events)).toEqual(events.map(() => 'delivered'));
  expect(await deliver(sink, [...events, sampleEvent(1)])).toEqual(Array(21).fill('delivered'));
  expect(await server.read('SWITCHBOARD_EVENTS')).toHaveLength(21);
});

test('a stream that is there is used as it is, under its own name and subjects', async () => {
  const { server, sink } = await begin({ stream: 'CHAT', subject: 'shop.chat', own: false });
  await manage(server.url, ({ streams }) => streams.add({ name: 'CHAT', subjects: ['shop.>'], max_msgs: 5 }));
  const events = everyKind().filter((event) => sink.wants(event));
  expect(new Set(events.map(({ topic }) => topic))).toEqual(new Set(['personalChat', 'chat']));
  expect(await deliver(sink, events)).toEqual(events.map(() => 'delivered'));
  expect((await server.read('CHAT')).map(({ subject }) => subject)).toContain('shop.chat.personalChat.personalChatSent');
  expect(await manage(server.url, async ({ streams }) => (await streams.info('CHAT')).config.max_msgs)).toBe(5);
});

test('a stream that somebody removed is made again', async () => {
  const { server, sink } = await begin();
  expect(await deliver(sink, [sampleEvent(1)])).toEqual(['delivered']);
  await manage(server.url, ({ streams }) => streams.delete('SWITCHBOARD_EVENTS'));
  const event = sampleEvent(1);
  expect(await sink.deliver([event], silence)).toEqual([{ type: 'unavailable', why: 'no stream takes the subject' }]);
  expect(await deliver(sink, [event])).toEqual(['delivered']);
  expect((await server.read('SWITCHBOARD_EVENTS')).map(({ text }) => text)).toEqual([event.json]);
});

test('what the stream or the server finds too large is refused alone', async () => {
  const { server, sink } = await begin({}, 'jetstream: enabled\nmax_payload: 100000');
  await manage(server.url, ({ streams }) =>
    streams.add({ name: 'SWITCHBOARD_EVENTS', subjects: ['switchboard.events.>'], max_msg_size: 50_000 }),
  );
  const events = [
    sampleEvent(1),
    sampleEvent(1, 'x'.repeat(60_000)),
    sampleEvent(1),
    sampleEvent(2, 'x'.repeat(100_000)),
    sampleEvent(2),
    sampleEvent(3),
  ];
  const answers = await sink.deliver(events, silence);
  expect(answers.map(({ type }) => type)).toEqual(['delivered', 'refused', 'unavailable', 'refused', 'unavailable', 'delivered']);
  expect(answers[1]).toMatchObject({ why: 'message size exceeds maximum allowed' });
  expect(answers[3]).toMatchObject({ why: expect.stringContaining('max_payload') });
  // Nothing went in front of what failed.
  const [first, , , , , last] = events;
  expect((await server.read('SWITCHBOARD_EVENTS')).map(({ text }) => text).sort()).toEqual([first?.json, last?.json].sort());
  // The relay buries them and goes on.
  expect(
    await deliver(
      sink,
      events.filter((_, at) => at === 2 || at === 4),
    ),
  ).toEqual(['delivered', 'delivered']);
});

test('a stream that is full and takes nothing new is an outage, not a refusal', async () => {
  const { server, sink } = await begin();
  await manage(server.url, ({ streams }) =>
    streams.add({ name: 'SWITCHBOARD_EVENTS', subjects: ['switchboard.events.>'], max_msgs: 3, discard: DiscardPolicy.New }),
  );
  const events = sampleEvents(5, 1);
  expect(await deliver(sink, events)).toEqual(['delivered', 'delivered', 'delivered', 'unavailable', 'unavailable']);
  await manage(server.url, ({ streams }) => streams.purge('SWITCHBOARD_EVENTS'));
  expect(await deliver(sink, events.slice(3))).toEqual(['delivered', 'delivered']);
});

test('a wrong password is an outage, and is not told to anybody', async () => {
  const settings = 'jetstream: enabled\nauthorization { user: shop, password: right-one }';
  const { server, sink } = await begin({}, settings);
  const known = createNatsSink({ url: server.url.replace('//', '//shop:right-one@'), log: silent });
  const unknown = createNatsSink({ url: server.url.replace('//', '//shop:wrong-one@'), log: silent });
  expect(await deliver(known, [sampleEvent(1)])).toEqual(['delivered']);
  expect(await deliver(sink, [sampleEvent(1)])).toEqual(['unavailable']);
  const [answer] = await unknown.deliver([sampleEvent(1)], silence);
  expect(answer).toMatchObject({ type: 'unavailable', why: expect.stringMatching(/authorization/i) });
  expect(JSON.stringify(answer)).not.toContain('wrong-one');
  await known.close();
  await unknown.close();
});

test('a server without JetStream is an outage', async () => {
  const { sink } = await begin({}, '');
  expect(await sink.deliver([sampleEvent(1)], silence)).toEqual([
    { type: 'unavailable', why: expect.stringMatching(/jetstream|responders/i) },
  ]);
});

test('what is no address of NATS is told at once', () => {
  expect(() => createNatsSink({ url: 'http://host', log: silent })).toThrow(/nats:\/\/host:port/);
});

/** Those that run elsewhere; none unless the tests are told of them. */
const elsewhere = [process.env['NATS_URL'] ?? []].flat();

test.each(elsewhere)('a server that was given takes events and has them in order: %s', async (given) => {
  const own = `switchboard-test-${Date.now()}`;
  const sink = createNatsSink({ url: given, stream: own, subject: own, log: silent });
  onTestFinished(async () => {
    await sink.close();
    await manage(given, ({ streams }) => streams.delete(own));
  });
  const events = [...sampleEvents(991, 1), ...TEXTS.map((text) => sampleEvent(1, text))];
  expect(await deliver(sink, events)).toEqual(events.map(() => 'delivered'));
  expect((await readStream(given, own)).map(({ text }) => text)).toEqual(events.map(({ json }) => json));
});

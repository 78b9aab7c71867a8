/**
 * What every sink must do (src/sinks/sink.ts), shown over the wire: a subject is a sink, and the other side that it delivers to, which the suite
 * stops, starts and hangs.
 */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Envelope, FeedEvent } from '../../../src/feed/index.ts';
import { DELIVERED } from '../../../src/sinks/sink.ts';
import type { Outcome, Sink } from '../../../src/sinks/sink.ts';
import { everyKind, sampleEvent, sampleEvents, TEXTS } from './sample-events.ts';

/** The other side of a sink, new and empty. */
export interface OtherSide extends AsyncDisposable {
  /** A sink to it that gives up on a silent other side after so many milliseconds. */
  open(options: { readonly timeout: number }): Sink;
  /** Everything it has taken so far; that of one key in the order in which it has it. */
  received(): Promise<readonly Envelope[]>;
  /** It goes away, as after a power cut. */
  stop(): Promise<void>;
  /** It comes back at the same address. */
  start(): Promise<void>;
  /** It is there and does not answer, until `resume`. */
  hang(): void | Promise<void>;
  resume(): void;
}

export interface SinkSubject {
  readonly name: string;
  /** `stop` loses what it had. */
  readonly forgetful?: boolean;
  /** Texts go as UTF-8, in which half of a surrogate pair cannot be written. */
  readonly utf8?: boolean;
  start(): Promise<OtherSide>;
}

/** Long enough for a busy machine, short enough to wait for. Milliseconds. */
const SHORT = 1_000;
/** Longer than a test may take: what ends before it did not wait for it. Milliseconds. */
const LONG = 600_000;
/** How long the suite waits for something that must happen. Milliseconds. */
const PATIENCE = { timeout: 50_000, interval: 50 };

const never = new AbortController().signal;

export function sinkContract(subject: SinkSubject): void {
  describe(`${subject.name}: the contract of sinks`, () => {
    let other: OtherSide;

    async function begin(timeout = LONG): Promise<Sink> {
      other = await subject.start();
      const sink = other.open({ timeout });
      onTestFinished(async () => {
        other.resume();
        await sink.close();
        await other[Symbol.asyncDispose]();
      });
      return sink;
    }

    test('events of one key arrive in their order, and each is answered', async () => {
      const sink = await begin();
      const events = sampleEvents(100, 1);
      await expectDelivered(sink, events.slice(0, 60));
      await expectDelivered(sink, events.slice(60));
      expect(await other.received()).toEqual(wire(events));
    });

    test('no events are answered with nothing', async () => {
      expect(await outcomes(await begin(), [])).toEqual([]);
    });

    test('thousands of events of 100 keys arrive once and in the order of their keys', async () => {
      const sink = await begin();
      // One request for each event takes its time on a busy machine.
      const events = sampleEvents(sink.batch === 1 ? 1_000 : 10_000, 100);
      for (let at = 0; at < events.length; at += sink.batch) {
        const part = events.slice(at, at + sink.batch);
        await expectDelivered(sink, part);
      }
      expect(idsByKey(await other.received(), events)).toEqual(idsByKey(wire(events), events));
    });

    test('calls with different keys may run at a time', async () => {
      const sink = await begin();
      const calls = Array.from({ length: sink.lanes }, (_, lane) => Array.from({ length: 100 }, () => sampleEvent(1 + lane)));
      const answers = await Promise.all(calls.map((events) => outcomes(sink, events)));
      expect(answers.flat()).toEqual(calls.flat().map(() => 'delivered'));
      expect(byKey(await other.received(), calls.flat())).toEqual(byKey(wire(calls.flat()), calls.flat()));
    });

    test('texts of all kinds and sizes arrive as they are', async () => {
      const sink = await begin();
      const texts = subject.utf8 === true ? TEXTS.map((text) => text.toWellFormed()) : TEXTS;
      const events = texts.map((text) => sampleEvent(1, text));
      await expectDelivered(sink, events);
      expect(await other.received()).toEqual(wire(events));
    });

    test('every kind of event that it wants is taken', async () => {
      const sink = await begin();
      const events = everyKind().filter((event) => sink.wants(event));
      expect(events.map(({ envelope }) => envelope.name)).toContain('personalChatSent');
      await expectDelivered(sink, events);
      // They go to different topics, between which there is no order.
      expect([...(await other.received())].sort(byId)).toEqual([...wire(events)].sort(byId));
    });

    test('nobody there is an outage, and the same sink goes on when somebody is', async () => {
      const sink = await begin();
      await other.stop();
      const events = sampleEvents(20, 2);
      expect(await outcomes(sink, events)).toEqual(Array(20).fill('unavailable'));
      expect(await outcomes(sink, events)).toEqual(Array(20).fill('unavailable'));
      await other.start();
      await expectDeliverable(sink, events);
      expect(byKey(await other.received(), events)).toEqual(byKey(wire(events), events));
    });

    test('what was delivered stands in front of what comes after an outage', async () => {
      const sink = await begin();
      const events = sampleEvents(40, 1);
      await expectDelivered(sink, events.slice(0, 20));
      await other.stop();
      expect(await outcomes(sink, events.slice(20))).toEqual(Array(20).fill('unavailable'));
      await other.start();
      await expectDeliverable(sink, events.slice(20));
      const expected = wire(subject.forgetful === true ? events.slice(20) : events);
      expect(firsts(await other.received())).toEqual(expected);
    });

    test('an other side that comes and goes gets everything in the order of each key', async () => {
      const sink = await begin(SHORT);
      const events = sampleEvents(3_000, 10);
      let left: readonly FeedEvent[] = events;
      let isOver = false;
      const comeAndGo = async (): Promise<void> => {
        for (let time = 0; time < 3; time++) {
          const before = left.length;
          await vi.waitFor(() => expect(left.length < before || left.length === 0).toBe(true), PATIENCE);
          await other.stop();
          await other.start();
        }
      };
      const relay = async (): Promise<void> => {
        while (left.length > 0 && !isOver) {
          const part = left.slice(0, Math.min(sink.batch, 100));
          const answers = await outcomes(sink, part);
          expectNoneOvertaken(part, answers);
          left = left.filter((_, at) => answers[at] !== 'delivered');
          await setImmediate();
        }
      };
      await Promise.all([comeAndGo(), relay()]).finally(() => (isOver = true));
      const received = await other.received();
      if (subject.forgetful !== true) expect(idsByKey(firsts(received), events)).toEqual(idsByKey(wire(events), events));
    });

    test('an other side that hangs is an outage after a while, and is asked again', async () => {
      const sink = await begin(SHORT);
      await expectDelivered(sink, [sampleEvent(1)]);
      await other.hang();
      const events = sampleEvents(50, 5);
      expect(await outcomes(sink, events)).toEqual(Array(50).fill('unavailable'));
      expect(await outcomes(sink, events)).toEqual(Array(50).fill('unavailable'));
      other.resume();
      await expectDeliverable(sink, events);
      expect(byKey(firsts(await other.received()).slice(1), events)).toEqual(byKey(wire(events), events));
    });

    test('an other side that hangs from the first is an outage after a while', async () => {
      const sink = await begin(SHORT);
      await other.hang();
      expect(await outcomes(sink, [sampleEvent(1)])).toEqual(['unavailable']);
      other.resume();
      await expectDeliverable(sink, [sampleEvent(1)]);
    });

    test('a call ends soon after it is called off, whatever the other side does', async () => {
      const sink = await begin(LONG);
      await expectDelivered(sink, [sampleEvent(1)]);
      await other.hang();
      const stop = new AbortController();
      const call = sink.deliver(sampleEvents(10, 2), stop.signal);
      setTimeout(() => stop.abort(), 50);
      expect(typesOf(await call)).toEqual(Array(10).fill('unavailable'));
      expect(typesOf(await sink.deliver(sampleEvents(10, 2), stop.signal))).toEqual(Array(10).fill('unavailable'));
    });

    test('a call off before the first connection ends, too', async () => {
      const sink = await begin(LONG);
      await other.hang();
      const stop = new AbortController();
      const call = sink.deliver(sampleEvents(10, 2), stop.signal);
      setTimeout(() => stop.abort(), 50);
      expect(typesOf(await call)).toEqual(Array(10).fill('unavailable'));
    });

    test('a closed sink leaves no connection and no timer behind, and delivers nothing more', async () => {
      const sink = await begin(SHORT);
      const before = resources();
      await expectDelivered(sink, sampleEvents(10, 2));
      await sink.close();
      await sink.close();
      await expectNothingMore(before);
      expect(await outcomes(sink, sampleEvents(10, 2))).toEqual(Array(10).fill('unavailable'));
      await expectNothingMore(before);
    });

    test('closing does not wait for an other side that hangs, and ends the calls under way', async () => {
      const sink = await begin(LONG);
      const before = resources();
      await expectDelivered(sink, [sampleEvent(1)]);
      await other.hang();
      const call = sink.deliver(sampleEvents(10, 2), never);
      await sink.close();
      expect(typesOf(await call)).toEqual(Array(10).fill('unavailable'));
      await expectNothingMore(before);
    });

    test('it keeps nothing of what it could not deliver', async () => {
      const sink = await begin(SHORT);
      await other.stop();
      const deliver = async (): Promise<void> => {
        const events = sampleEvents(100, 10, 'x'.repeat(10_000));
        expect(await outcomes(sink, events)).toEqual(Array(100).fill('unavailable'));
      };
      await deliver();
      const before = memory();
      for (let time = 0; time < 60; time++) await deliver();
      // 60 MB were handed over.
      expect(memory() - before).toBeLessThan(20_000_000);
    });

    test('it keeps nothing of what a hanging other side did not answer', async () => {
      const sink = await begin(200);
      await expectDelivered(sink, [sampleEvent(1)]);
      await other.hang();
      const deliver = async (): Promise<void> => {
        const events = sampleEvents(Math.min(400, sink.batch), 10, 'x'.repeat(10_000));
        expect(await outcomes(sink, events)).toEqual(events.map(() => 'unavailable'));
      };
      await deliver();
      const before = memory();
      for (let time = 0; time < 10; time++) await deliver();
      // 40 MB were handed over, where a batch is that large.
      expect(memory() - before).toBeLessThan(15_000_000);
    });
  });
}

async function outcomes(sink: Sink, events: readonly FeedEvent[]): Promise<readonly Outcome['type'][]> {
  return typesOf(await sink.deliver(events, never));
}

async function expectDelivered(sink: Sink, events: readonly FeedEvent[]): Promise<void> {
  expect(await sink.deliver(events, never)).toEqual(events.map(() => DELIVERED));
}

/** Reasons are one line, for logs and dead letters. */
function typesOf(given: readonly Outcome[]): readonly Outcome['type'][] {
  for (const outcome of given) if (outcome.type !== 'delivered') expect(outcome.why).toMatch(/^[^\n]{1,300}$/);
  return given.map(({ type }) => type);
}

/** As the relay does: tries until everything is delivered, and never sends one before another of its key. */
async function expectDeliverable(sink: Sink, events: readonly FeedEvent[]): Promise<void> {
  let left = events;
  await vi.waitFor(async () => {
    const answers = await outcomes(sink, left);
    expectNoneOvertaken(left, answers);
    left = left.filter((_, at) => answers[at] !== 'delivered');
    expect(left).toHaveLength(0);
  }, PATIENCE);
}

function expectNoneOvertaken(events: readonly FeedEvent[], answers: readonly Outcome['type'][]): void {
  const failed = new Set<string>();
  const overtaken = events.filter(({ key }, at) => {
    if (answers[at] !== 'delivered') failed.add(key);
    return answers[at] === 'delivered' && failed.has(key);
  });
  expect(overtaken).toEqual([]);
}

/** What the other side sees of events: JSON knows no absent members. */
function wire(events: readonly FeedEvent[]): readonly Envelope[] {
  return events.map(({ json }) => JSON.parse(json) as Envelope);
}

function byId(a: Envelope, b: Envelope): number {
  return a.id < b.id ? -1 : 1;
}

/** Repetitions are allowed after a failure: they carry the same id. */
function firsts(received: readonly Envelope[]): readonly Envelope[] {
  const seen = new Set<string>();
  return received.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** By the keys of the events. */
function byKey(received: readonly Envelope[], events: readonly FeedEvent[]): Readonly<Record<string, readonly Envelope[]>> {
  const keys = new Map(events.map(({ envelope, key }) => [envelope.id, key]));
  return Object.groupBy(received, ({ id }) => keys.get(id) ?? 'of nobody') as Record<string, readonly Envelope[]>;
}

/** To be compared where there are many. */
function idsByKey(received: readonly Envelope[], events: readonly FeedEvent[]): readonly string[] {
  return Object.entries(byKey(received, events))
    .map(([key, envelopes]) => `${key}: ${envelopes.map(({ id }) => id).join(' ')}`)
    .sort();
}

/** Connections and timers that keep this process alive. */
function resources(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo())
    if (/^(TCP|TLS|HTTP|Timeout)/.test(name)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** What is there and was not before. The runner of the tests has a timer, too, which comes and goes. */
function more(before: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(resources()).flatMap(([name, count]) => (count > (before[name] ?? 0) ? [name] : []));
}

/** Timers would be counted with the rest, so this waits without one. */
async function expectNothingMore(before: Readonly<Record<string, number>>): Promise<void> {
  const end = Date.now() + PATIENCE.timeout;
  while (more(before).length > 0 && Date.now() < end) await setImmediate();
  expect(more(before)).toEqual([]);
}

/** Bytes in use once nothing is left to be collected. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

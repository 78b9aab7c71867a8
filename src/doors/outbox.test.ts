import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOutboxes } from './outbox.ts';
import type { Outbox, Outboxes } from './outbox.ts';

/** A connection that keeps what is written to it, write by write. */
class Connection {
  readonly writes: Buffer[] = [];
  bufferedBytes = 0;
  takes = true;
  overflows = 0;
  readonly outbox: Outbox;

  constructor(outboxes: Outboxes) {
    this.outbox = outboxes.open(this, this);
  }

  end(): void {
    this.overflows += 1;
  }

  write(bytes: Buffer): boolean {
    this.writes.push(bytes);
    return this.takes;
  }

  get text(): string {
    return Buffer.concat(this.writes).toString();
  }
}

const MAX_BUFFERED = 100;
const open = (): Outboxes => createOutboxes({ maxBuffered: MAX_BUFFERED });
const connections = (outboxes: Outboxes, count: number): Connection[] =>
  Array.from({ length: count }, () => new Connection(outboxes));

type Step =
  | { readonly type: 'push'; readonly to: readonly number[]; readonly frame: number }
  | { readonly type: 'flush' | 'discard'; readonly to: readonly number[] }
  | { readonly type: 'turn' };

const CONNECTIONS = 6;
const some = fc.uniqueArray(fc.nat(CONNECTIONS - 1), { minLength: 1, maxLength: CONNECTIONS });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: fc.constant('push' as const), to: some, frame: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('flush' as const), to: some }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('discard' as const), to: some }) },
  { weight: 3, arbitrary: fc.constant({ type: 'turn' as const }) },
);

describe('what a connection receives', () => {
  test('is what was pushed to it, in order, however the pushes to others lie between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const outboxes = open();
        const all = connections(outboxes, CONNECTIONS);
        // The same objects come again and again, as the frames of a busy room do.
        const frames = ['a', 'bb', 'ccc', 'dddd'].map((text) => Buffer.from(text));
        const expected = all.map(() => '');
        const waiting = all.map(() => '');
        const isClosed = all.map(() => false);
        for (const each of steps) {
          if (each.type === 'turn') {
            await setImmediate();
            for (const at of waiting.keys()) [expected[at], waiting[at]] = [`${expected[at]}${waiting[at]}`, ''];
            continue;
          }
          for (const at of each.to) {
            if (each.type === 'push') {
              const frame = frames[each.frame] ?? Buffer.alloc(0);
              all[at]?.outbox.push(frame);
              if (isClosed[at] !== true) waiting[at] += frame.toString();
            } else if (each.type === 'flush') {
              all[at]?.outbox.flush();
              [expected[at], waiting[at]] = [`${expected[at]}${waiting[at]}`, ''];
            } else {
              all[at]?.outbox.discard();
              isClosed[at] = true;
              waiting[at] = '';
            }
          }
        }
        await setImmediate();
        expect(all.map(({ text }) => text)).toEqual(expected.map((text, at) => `${text}${waiting[at]}`));
        expect(all.map(({ overflows }) => overflows)).toEqual(all.map(() => 0));
      }),
      { numRuns: 200 },
    );
  });

  test('of one turn comes in one write, and the same bytes are put together once for all', async () => {
    const outboxes = open();
    const [one, two, other] = connections(outboxes, 3);
    const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.from(text));
    if (one === undefined || two === undefined || other === undefined || a === undefined || b === undefined || c === undefined)
      throw new Error();
    for (const frame of [a, b, c]) for (const { outbox } of [one, two]) outbox.push(frame);
    for (const frame of [a, c]) other.outbox.push(frame);
    await setImmediate();
    expect([one, two, other].map(({ writes }) => writes.map(String))).toEqual([['abc'], ['abc'], ['ac']]);
    expect(one.writes[0]).toBe(two.writes[0]);
    // A single frame is written as it is.
    one.outbox.push(a);
    await setImmediate();
    expect(one.writes[1]).toBe(a);
  });

  test('waits for the end of the turn, or for a flush', async () => {
    const [one] = connections(open(), 1);
    one?.outbox.push(Buffer.from('a'));
    await Promise.resolve();
    expect(one?.writes).toEqual([]);
    one?.outbox.flush();
    one?.outbox.push(Buffer.from('b'));
    expect(one?.text).toBe('a');
    await setImmediate();
    expect(one?.text).toBe('ab');
    one?.outbox.flush();
    expect(one?.writes).toHaveLength(2);
  });

  test('may be as long as it likes', async () => {
    const [one] = connections(open(), 1);
    const frame = Buffer.from('x');
    for (let at = 0; at < 100_000; at += 1) one?.outbox.push(frame);
    await setImmediate();
    expect(one?.text).toHaveLength(100_000);
  });
});

describe('a slow reader', () => {
  test('is told of once, with the next frame after it left too much unread, and gets nothing more', async () => {
    const [one] = connections(open(), 1);
    if (one === undefined) throw new Error();
    one.takes = false;
    one.outbox.push(Buffer.alloc(1_000, 'x'));
    await setImmediate();
    // All of it was written in one turn: only the next tells whether it is being read.
    expect([one.text.length, one.overflows]).toEqual([1_000, 0]);
    one.bufferedBytes = MAX_BUFFERED + 1;
    one.outbox.push(Buffer.from('y'));
    await setImmediate();
    for (let turn = 0; turn < 3; turn += 1) {
      one.outbox.push(Buffer.from('z'));
      one.outbox.flush();
      await setImmediate();
    }
    expect([one.text.length, one.overflows]).toEqual([1_000, 1]);
  });

  test('that reads on within the limit is none', async () => {
    const [one] = connections(open(), 1);
    if (one === undefined) throw new Error();
    one.takes = false;
    for (const left of [MAX_BUFFERED, 0, MAX_BUFFERED, 1]) {
      one.outbox.push(Buffer.from('x'));
      await setImmediate();
      one.bufferedBytes = left;
    }
    expect([one.text, one.overflows]).toEqual(['xxxx', 0]);
    // One that takes all at once is not asked how much it holds.
    one.takes = true;
    one.outbox.push(Buffer.from('y'));
    await setImmediate();
    one.bufferedBytes = 10 * MAX_BUFFERED;
    one.outbox.push(Buffer.from('z'));
    await setImmediate();
    expect([one.text, one.overflows]).toEqual(['xxxxyz', 0]);
  });

  test('does not keep the others of its turn from being written to', async () => {
    const outboxes = open();
    const all = connections(outboxes, 3);
    const [slow, ...others] = all;
    if (slow === undefined) throw new Error();
    slow.takes = false;
    const frame = Buffer.from('x');
    for (const { outbox } of all) outbox.push(frame);
    await setImmediate();
    slow.bufferedBytes = MAX_BUFFERED + 1;
    for (const { outbox } of all) outbox.push(frame);
    await setImmediate();
    expect(slow.overflows).toBe(1);
    expect(others.map(({ text }) => text)).toEqual(['xx', 'xx']);
  });
});

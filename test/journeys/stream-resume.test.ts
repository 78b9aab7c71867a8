/**
 * Complete resume (design.md, promise 4): a client that comes and goes while others send at full speed, and comes back each time with the last ids it has,
 * ends up with everything, in order, nothing twice.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS, grpc, webSocketBinary, webSocketText } from '../support/clients/carriers.ts';
import type { Carrier } from '../support/clients/carriers.ts';
import { Category } from '../support/clients/stream-frame.ts';
import type { PostJson, StreamJson } from '../support/clients/stream-frame.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { slowDisk } from '../support/slow-disk.ts';
import { StreamPeer } from '../support/stream-peer.ts';
import type { Place } from '../support/stream-peer.ts';

const CATEGORIES = [Category.PRIVATE, Category.GROUP, Category.CHANNEL];
const POSTS_PER_WRITER = 150;
/** Posts one writer has under way. */
const WINDOW = 20;

/** One stay of the reader: how long it listens after the SYNC, whether it stops reading for a while, how it leaves. */
interface Stay {
  readonly listens: number;
  readonly stalls: boolean;
  readonly leaves: 'drop' | 'close';
}

const stays = fc.array(
  fc.record({ listens: fc.nat(60), stalls: fc.boolean(), leaves: fc.constantFrom('drop' as const, 'close' as const) }),
  { minLength: 3, maxLength: 8 },
);

/** What a client keeps between its connections. */
class Memory {
  readonly ids: Record<number, string[]> = { [Category.PRIVATE]: [], [Category.GROUP]: [], [Category.CHANNEL]: [] };

  /** Every new post is newer than all before it. */
  take({ postmark: { category, unique_id = '' } }: PostJson): void {
    const known = this.ids[category];
    const last = known?.at(-1);
    if (last !== undefined && Number(unique_id) <= Number(last))
      throw new Error(`${unique_id} after ${last} in category ${category}`);
    known?.push(unique_id);
  }

  cursors(): { category: number; last_id?: string }[] {
    return CATEGORIES.map((category) => {
      const last_id = this.ids[category]?.at(-1);
      return last_id === undefined ? { category } : { category, last_id };
    });
  }
}

/** Sends posts to the places in turn, some under way at a time. Resolves with their ids by category. */
async function write(peer: StreamPeer, places: readonly Place[]): Promise<(readonly [number, string])[]> {
  const marks: (readonly [number, string])[] = [];
  for (let at = 0; at < POSTS_PER_WRITER; at += WINDOW) {
    const batch = Array.from({ length: Math.min(WINDOW, POSTS_PER_WRITER - at) }, (_, place) => {
      const to = places[(at + place) % places.length];
      return to === undefined ? Promise.reject(new Error('no place')) : peer.send(to, `${peer.user} ${at + place}`);
    });
    for (const { category, unique_id = '' } of await Promise.all(batch)) marks.push([category, unique_id]);
  }
  return marks;
}

/** Between the first page of an answer and the empty page that ends it nothing else may come. */
function checkAnswer(frames: readonly StreamJson[], sn: string): void {
  const first = frames.findIndex((frame) => frame.sn === sn);
  const last = frames.findLastIndex((frame) => frame.sn === sn);
  expect(frames.slice(first, last).filter((frame) => frame.sn !== sn)).toEqual([]);
}

async function stay(peer: StreamPeer, memory: Memory, { listens, stalls, leaves }: Stay, isOver: () => boolean): Promise<void> {
  const { posts, last } = await peer.sync(memory.cursors());
  for (const post of posts) memory.take(post);
  checkAnswer(peer.frames, last.sn);
  // What was pushed before the SYNC was answered is in its pages.
  const told = peer.frames.findIndex(({ sn }) => sn === last.sn);
  let live = peer.frames.slice(told).length;
  for (let heard = 0; heard < listens && !isOver(); heard += 1) {
    if (stalls && heard === 5) {
      peer.link.pause();
      setImmediate(() => peer.link.resume());
    }
    await Promise.race([peer.pushes.next(), new Promise((resolve) => setTimeout(resolve, 20))]);
  }
  live = peer.frames.findLastIndex(({ sn }) => sn === last.sn) + 1;
  for (const { postbox } of peer.frames.slice(live)) for (const post of postbox?.posts ?? []) memory.take(post);
  expect(peer.link.violations).toEqual([]);
  if (leaves === 'drop') peer.drop();
  else await peer.close();
}

async function run(server: TestServer, carrier: Carrier, plan: readonly Stay[]): Promise<void> {
  const [me, one, two, three] = await server.newUsers(4);
  const [first, second] = [await server.group([one, me, two]), await server.group([two, me, three])];
  const channel = await server.group([three, me], 'channel');
  const writers: [number, Carrier, Place[]][] = [
    [one, webSocketText, [{ peer: me }, { group: first }]],
    [two, webSocketBinary, [{ group: first }, { group: second }, { peer: me }]],
    [three, grpc, [{ channel }, { group: second }]],
  ];
  let over = false;
  const writing = Promise.all(
    writers.map(async ([user, by, places]) => {
      const peer = await StreamPeer.connect(by, server, user);
      const marks = await write(peer, places);
      await peer.close();
      return marks;
    }),
  ).finally(() => {
    over = true;
  });
  const memory = new Memory();
  for (let round = 0; !over; round += 1) {
    const next = plan[round % plan.length];
    if (next !== undefined) await stay(await StreamPeer.connect(carrier, server, me), memory, next, () => over);
  }
  const written = (await writing).flat();
  const peer = await StreamPeer.connect(carrier, server, me);
  await stay(peer, memory, { listens: 0, stalls: false, leaves: 'close' }, () => true);
  for (const category of CATEGORIES) {
    const expected = written.filter(([of]) => of === category).map(([, id]) => id);
    expect(memory.ids[category]).toEqual(expected.toSorted((a, b) => Number(a) - Number(b)));
  }
}

describe.each([
  { disk: 'a fast disk', wrap: undefined },
  { disk: 'a slow disk', wrap: slowDisk },
])('on $disk', ({ wrap }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({}, wrap);
  });
  afterAll(() => server.close());

  test.each(CARRIERS)('over $name', async (carrier) => {
    await fc.assert(
      fc.asyncProperty(stays, (plan) => run(server, carrier, plan)),
      { numRuns: 3, endOnFailure: true },
    );
  });
});

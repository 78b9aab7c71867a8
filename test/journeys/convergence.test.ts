/**
 * Whatever people do, on however many devices, however often they lose their connection and the server goes down: in the end everybody has the same
 * (design.md, promises 1 to 6). A failure prints a seed; SOAK_SEED=<seed> plays the same script again.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Type } from '../support/clients/stream-frame.ts';
import type { Place } from '../support/crash/places.ts';
import type { AnyDevice } from '../support/crash/routes.ts';
import { slowSync } from '../support/crash/slow-sync.ts';
import { verdict } from '../support/crash/verdict.ts';
import { World } from '../support/crash/world.ts';
import type { Letter } from '../support/crash/world.ts';

const RUNS = Number(process.env['SOAK_RUNS'] ?? 8);
const WAVES = Number(process.env['SOAK_WAVES'] ?? 8);

/** Numbers that choose among what there is when their turn comes. */
const choice = fc.nat(1_000_000);
const route = fc.constantFrom('stream', 'stream', 'stream', 'post', 'grpc', 'api', 'json', 'form');

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      does: fc.constant('send'),
      who: choice,
      where: choice,
      count: fc.integer({ min: 1, max: 30 }),
      route,
      again: fc.option(route, { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('chat'), who: choice, where: choice, count: fc.integer({ min: 20, max: 60 }) }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('edit'), who: choice, which: choice, inChat: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('recall', 'read', 'read'), who: choice, which: choice }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('acknowledge'), who: choice, where: choice }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('look back'), who: choice, where: choice, which: choice }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('open'), who: choice, where: choice, opens: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('turn'), who: choice, where: choice, self: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constantFrom('drop', 'drop', 'close'), who: choice }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constantFrom('connect', 'arrive'), who: choice }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('restart') }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const script = fc.record({
  /** Milliseconds a sync takes: with 0 as long as it takes. */
  disk: fc.constantFrom(0, 2, 10),
  /** What happens at the same time, one time after the other. */
  waves: fc.array(fc.array(step, { minLength: 2, maxLength: 14, size: 'max' }), { minLength: 2, maxLength: WAVES, size: 'max' }),
});

function pick<T>(list: readonly T[], number: number): T {
  const found = list[number % list.length];
  if (found === undefined) throw new Error('nothing to choose from');
  return found;
}

/** One of the letters that were accepted, if there are any. */
function accepted(world: World, number: number, by?: number): (Letter & { id: number }) | undefined {
  const letters = world.letters.filter((letter) => letter.id !== undefined && (by === undefined || letter.sender === by));
  const letter = letters[number % Math.max(1, letters.length)];
  return letter?.id === undefined ? undefined : { ...letter, id: letter.id };
}

async function play(world: World, one: Step): Promise<void> {
  const device: AnyDevice = pick(world.devices, 'who' in one ? one.who : 0);
  const place: Place = pick(world.places(device.user), 'where' in one ? one.where : 0);
  switch (one.does) {
    case 'send':
      return world.send(device, place, one.count, one.route, one.again);
    case 'chat':
      for (let said = 0; said < one.count; said += 1) await world.send(device, place, 1, 'stream', undefined);
      return undefined;
    case 'edit': {
      const letter = accepted(world, one.which, device.user);
      if (letter !== undefined)
        await world.edit(device.user, letter.place, letter.id, `${letter.key}, edited at ${world.tick()}`, one.inChat);
      return undefined;
    }
    case 'recall':
    case 'read': {
      const letter = accepted(world, one.which, one.does === 'recall' ? device.user : undefined);
      if (letter !== undefined)
        await world.mark(device, one.does === 'recall' ? Type.RECALL : Type.READ, letter.place, letter.id);
      return undefined;
    }
    case 'acknowledge':
      return device.door === 'stream' ? device.acknowledge(place.category) : device.syncAll();
    case 'look back': {
      if (device.door === 'messenger') return device.syncChat(place);
      const letter = accepted(world, one.which);
      return device.syncTarget(place.category, String(place.receiver), letter === undefined ? 0 : letter.id - 1);
    }
    case 'open':
      return device.door === 'messenger' ? device.turnTo(place, one.opens) : undefined;
    case 'turn':
      return world.turn(pick([...world.groups, world.channel], one.where), pick(world.users, one.who), one.self);
    case 'drop':
      return device.drop();
    case 'close':
      return device.close();
    case 'connect':
      return device.connect();
    case 'arrive':
      return world.arrive(device.user, one.who);
    case 'restart':
      return world.restart();
  }
}

it('everybody has the same in the end', { timeout: 60_000 + RUNS * WAVES * 2_000 }, async () => {
  const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 2 ** 31);
  const property = fc.asyncProperty(script, async ({ disk, waves }) => {
    using slow = disk > 0 ? slowSync(disk) : undefined;
    const world = await World.begin();
    try {
      for (const wave of waves) await Promise.all(wave.map((one) => play(world, one)));
      expect(await verdict(world)).toEqual([]);
      expect(slow?.calls, 'the disk was slow').not.toBe(0);
    } finally {
      await world.end();
    }
  });
  // What fails is a race: a smaller script rarely loses it again.
  await fc.assert(property, { numRuns: RUNS, seed, endOnFailure: true, verbose: fc.VerbosityLevel.None });
});

/**
 * Disks that are full, fail to sync or lose their power (design.md, promise 1): nothing is acknowledged that is not on disk, and when the disk is well again
 * the server goes on, or says that it must be started again.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CARRIERS } from '../support/clients/carriers.ts';
import { Campaign } from '../support/crash/campaign.ts';
import { DiskFaults, NoCompiler } from '../support/crash/disk-faults.ts';
import type { Attempt } from '../support/crash/device.ts';
import { Office } from '../support/crash/office.ts';
import { createRandom } from '../support/crash/random.ts';
import { UNAVAILABLE } from '../support/crash/routes.ts';
import { kill, preloaded, startProcess } from '../support/crash/server-process.ts';
import { CannotMount, SmallDisk } from '../support/crash/small-disk.ts';
import { tokenFor } from '../support/tokens.ts';

const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 4);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 2 ** 31);

/** Rounds of notes after which a nearly full disk must be full. */
const MANY = 500;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-disk-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Refused for now, as each carrier says it: a stream without extensions leaves a refused post out of its answer. */
function isUnavailable(attempt: Attempt): boolean {
  return attempt.type === 'refused' && (attempt.code === undefined || attempt.code === UNAVAILABLE);
}

// ---- A full disk ----------------------------------------------------------------------------------------------------------

interface FullDisk {
  readonly data: string;
  readonly env: Readonly<Record<string, string>>;
  fill(): void;
  makeRoom(): void;
  [Symbol.dispose](): void;
}

function smallDisk(): FullDisk {
  const disk = new SmallDisk();
  return {
    data: disk.data,
    env: {},
    fill: () => disk.fill(),
    makeRoom: () => disk.makeRoom(),
    [Symbol.dispose]: () => disk[Symbol.dispose](),
  };
}

function fullByShim(): FullDisk {
  const data = join(folder, 'data');
  const disk = new DiskFaults(data);
  return {
    data,
    env: disk.environment(),
    fill: () => disk.become('full'),
    makeRoom: () => disk.become('works'),
    [Symbol.dispose]: () => disk[Symbol.dispose](),
  };
}

/** Each way of having a full disk that this machine offers; at least one is needed. */
function openFullDisks(): FullDisk[] {
  const disks: FullDisk[] = [];
  for (const [name, open] of [
    ['a small file system', smallDisk],
    ['a preloaded library', fullByShim],
  ] as const) {
    try {
      disks.push(open());
    } catch (error) {
      if (!(error instanceof CannotMount || error instanceof NoCompiler)) throw error;
      console.log(`a full disk by ${name} is not tried here: ${error.message}`);
    }
  }
  return disks;
}

/** Writes until nothing more is taken by any route; a part of a batch may still fit where the whole did not. */
async function writeUntilFull(office: Office): Promise<void> {
  for (let round = 0; round < MANY; round += 1) {
    const attempts = await office.everyRoute();
    expect(attempts.filter((attempt) => attempt.type !== 'accepted' && !isUnavailable(attempt))).toEqual([]);
    if (attempts.every(isUnavailable)) return;
  }
  expect.fail('the disk is never full');
}

async function fillAndRecover(office: Office, disk: FullDisk): Promise<void> {
  disk.fill();
  await writeUntilFull(office);
  expect(await office.history()).toEqual({ status: 200, texts: office.accepted() });

  disk.makeRoom();
  expect((await office.everyRoute()).map(({ type }) => type)).toEqual(Array.from({ length: 6 }, () => 'accepted'));
  const retried = office.open().filter((_, at) => at % 2 === 0);
  for (const sent of retried) expect(await office.again(sent)).toMatchObject({ type: 'accepted' });
  expect(await office.history()).toEqual({ status: 200, texts: office.accepted() });
}

it('refuses what a full disk cannot take, and goes on when there is room again', { timeout: 240_000 }, async () => {
  const disks = openFullDisks();
  expect(disks, 'root or a C compiler is needed to have a full disk').not.toEqual([]);
  for (const each of disks) {
    using disk = each;
    await using server = await startProcess(disk.data, disk.env);
    using office = await Office.open(server);
    expect((await office.everyRoute()).map(({ type }) => type)).toEqual(Array.from({ length: 6 }, () => 'accepted'));
    await fillAndRecover(office, disk);
    await fillAndRecover(office, disk);
    expect(office.open()).not.toEqual([]);
    office.leave();
    await kill(server);
    expect(await office.check(disk.data)).toEqual([]);
  }
});

// ---- A disk that fails to sync --------------------------------------------------------------------------------------------

/** A stream that is opened now is not answered: it ends, or does not even begin. */
async function isAnswered(port: number): Promise<boolean> {
  for (const carrier of CARRIERS) {
    try {
      const link = await carrier.connect({ port, token: tokenFor(502) });
      link.send({ sn: 'all', type: 1, local: { ids: [{ category: 2 }] } });
      await link.next();
      return true;
    } catch {
      // As it should be.
    }
  }
  return false;
}

describe.each([
  ['in the event loop', '0'],
  ['beside it', '3'],
])('a sync that fails %s', (_, delay) => {
  it('is the last thing the server did until it is started again', { timeout: 120_000 }, async () => {
    const data = join(folder, 'data');
    const trigger = join(folder, 'failing');
    const env = { ...preloaded('failing-sync.mjs'), FAILING_SYNC: trigger, FAILING_SYNC_DELAY: delay };
    await using server = await startProcess(data, env);
    using office = await Office.open(server);
    // Enough syncs to be known as fast, or slow.
    for (let count = 0; count < 40; count += 1)
      await office.write(office.devices[count % 3] ?? expect.fail('three devices'), 'stream');
    expect(office.open()).toEqual([]);

    const under = office.devices.map(async (device) => {
      while ((await office.write(device, 'stream')).type === 'accepted');
    });
    writeFileSync(trigger, '');
    await Promise.all(under);
    for (const disk of ['failing', 'well again']) {
      if (disk === 'well again') rmSync(trigger);
      expect(
        (await office.everyRoute()).filter(({ type }) => type === 'accepted'),
        disk,
      ).toEqual([]);
      expect((await office.history()).status, disk).toBeGreaterThanOrEqual(500);
      expect(await isAnswered(server.port), disk).toBe(false);
      expect(await office.status('/readyz'), disk).toBe(503);
      expect(await office.status('/healthz'), disk).toBe(200);
    }
    office.leave();
    server.running.kill('SIGTERM');
    await server.running.ended();
    expect(await office.check(data)).toEqual([]);

    await using next = await startProcess(data);
    await office.move(next);
    for (const sent of office.open()) expect(await office.again(sent)).toMatchObject({ type: 'accepted' });
    expect(await office.status('/readyz')).toBe(200);
    expect(await office.history()).toEqual({ status: 200, texts: office.accepted() });
    office.leave();
    await kill(next);
    expect(await office.check(data)).toEqual([]);
  });
});

// ---- A power cut ----------------------------------------------------------------------------------------------------------

/** A disk that loses what was not synced; undefined, and the reason told, where that cannot be had. */
function losingDisk(data: string): DiskFaults | undefined {
  try {
    return new DiskFaults(data);
  } catch (error) {
    if (!(error instanceof NoCompiler)) throw error;
    console.log(`the power is not cut here, the server is killed in the middle of slow syncs instead: ${error.message}`);
    return undefined;
  }
}

it(`loses nothing acknowledged in ${ROUNDS} power cuts`, { timeout: 60_000 + ROUNDS * 30_000 }, async () => {
  const data = join(folder, 'data');
  using disk = losingDisk(data);
  const slow = { ...preloaded('failing-sync.mjs'), FAILING_SYNC: join(folder, 'never'), FAILING_SYNC_DELAY: '20' };
  const random = createRandom(SEED);
  let lost = 0;
  const campaign = await Campaign.begin({
    folder: data,
    random,
    env: disk?.environment({ journal: true, delay: 20_000 }) ?? slow,
    killed: () => {
      lost += disk?.cutPower(random) ?? 0;
    },
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    await campaign.round(round % 4 !== 2 ? { letters: 1 + random.below(1_500) } : { checkpoint: random.below(100) });
    expect(campaign.faults.slice(0, 20), `after power cut ${round + 1}, seed ${SEED}`).toEqual([]);
  }
  await campaign.finish();
  expect(campaign.faults.slice(0, 20), `in the end, seed ${SEED}`).toEqual([]);
  if (disk !== undefined) expect(lost, 'writes taken back').toBeGreaterThan(0);
});

/**
 * `kill -9` at any moment at the support desk: nothing acknowledged to clients, operators or a back end is lost or told twice, statuses never go back,
 * notes stay with operators, a chat stays with who was told to have it, and counts are those of the lists.
 * SOAK_SEED chooses the same steps again; what happens in them is the machine's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, onTestFailed } from 'vitest';
import { inspect } from '../support/crash/inspect.ts';
import type { Inspected } from '../support/crash/inspect.ts';
import { createRandom } from '../support/crash/random.ts';
import { kill, startProcess } from '../support/crash/server-process.ts';
import { SupportDesk } from '../support/crash/support-desk.ts';

const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 5);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 2 ** 31);

/** Acknowledgements in one life at the most, and how often they are counted. */
const MOST_ACKNOWLEDGED = 600;
const LOOK_EVERY_MS = 5;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-crash-desk-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function judge(desk: SupportDesk, when: string): Promise<Inspected> {
  const found = await inspect(folder);
  const [keys, pushed] = [new Set(desk.keys()), desk.pushed(found)];
  const stored = [...found.conversations.values()].flat();
  const strange = stored.filter(({ id, sender, key }) => !keys.has(`${sender} ${key}`) && !pushed.has(id));
  expect([...found.faults, ...desk.check(found)].slice(0, 20), when).toEqual([]);
  expect(strange.slice(0, 5), when).toEqual([]);
  return found;
}

it(`loses nothing at the desk in ${ROUNDS} kills`, { timeout: 60_000 + ROUNDS * 20_000 }, async () => {
  const random = createRandom(SEED);
  let server = await startProcess(folder);
  const desk = await SupportDesk.open(server.url, random);
  onTestFailed(() => {
    if (desk.busy.size > 0) console.error(`seed ${SEED}: not at an end are ${[...desk.busy].join('; ')}`);
  });
  for (let round = 1; round <= ROUNDS; round += 1) {
    const enough = desk.acknowledged + 1 + random.below(MOST_ACKNOWLEDGED);
    const work = desk.live(server.url);
    // Where nobody works any more, nothing more is acknowledged.
    while (server.alive && desk.busy.size > 0 && desk.acknowledged < enough) await setTimeout(LOOK_EVERY_MS);
    expect(desk.busy.size, `everybody has stopped before kill ${round}, seed ${SEED}`).toBeGreaterThan(0);
    expect([server.alive, server.running.err]).toEqual([true, []]);
    await kill(server);
    await work;
    await judge(desk, `after kill ${round}, seed ${SEED}`);
    server = await startProcess(folder);
  }
  await desk.finish(server.url);
  server.running.kill('SIGTERM');
  expect(await server.running.ended()).toBe(0);
  const found = await judge(desk, `in the end, seed ${SEED}`);
  expect(desk.compare(found).slice(0, 20), `in the end, seed ${SEED}`).toEqual([]);
});

/**
 * `kill -9` at any moment loses nothing acknowledged and stores nothing twice (design.md, promises 1 and 2): writers at full speed, listeners and
 * newcomers that resume, conversations that come and go, and a server that is killed again and again.
 * SOAK_SEED chooses the same moments and steps again; what happens in them is the machine's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Campaign } from '../support/crash/campaign.ts';
import type { Moment } from '../support/crash/campaign.ts';
import { createRandom } from '../support/crash/random.ts';
import type { Random } from '../support/crash/random.ts';

const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 10);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 2 ** 31);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * In the middle of the work; just after the server has written what it had put off, when it may still be erasing what was deleted; while it moves its
 * log into the database.
 */
function momentOf(round: number, random: Random): Moment {
  if (round % 5 === 2) return { tidied: random.below(300) };
  return round % 5 === 4 ? { checkpoint: random.below(30) } : { letters: 1 + random.below(2_000) };
}

it(`loses nothing in ${ROUNDS} kills`, { timeout: 60_000 + ROUNDS * 20_000 }, async () => {
  const random = createRandom(SEED);
  const campaign = await Campaign.begin({ folder, random });
  for (let round = 0; round < ROUNDS; round += 1) {
    await campaign.round(momentOf(round, random));
    expect(campaign.faults.slice(0, 20), `after kill ${round + 1}, seed ${SEED}`).toEqual([]);
  }
  await campaign.finish();
  expect(campaign.faults.slice(0, 20), `in the end, seed ${SEED}`).toEqual([]);
  const { accepted, churn, files, unerased } = campaign;
  console.log(
    `${ROUNDS} kills, ${accepted} letters, ${files} of them with files, ${churn.deleted} conversations deleted, ${unerased} times not yet erased when killed; seed ${SEED}`,
  );
});

/**
 * `npm run soak`: the journeys that try to break the promises, harder than `npm test` does, again and again with other seeds.
 *
 *     npm run soak -- --minutes 60 --rounds 50
 *
 * Ends with the first failure, after `--minutes`, or, without them, after one repetition. A failure names its seed: `--seed` plays it again.
 */
import { parseArgs } from 'node:util';
import { install } from './install.mjs';
import { runStep } from './steps.mjs';

const { values } = parseArgs({
  options: {
    /** Repetitions are begun for so long. */
    minutes: { type: 'string', default: '0' },
    /** Kills and power cuts in one repetition. */
    rounds: { type: 'string', default: '30' },
    /** Scripts that people play in one repetition, and how long each is. */
    runs: { type: 'string', default: '100' },
    waves: { type: 'string', default: '14' },
    seed: { type: 'string' },
  },
});

const numbers = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
const wrong = Object.entries(numbers).filter(([, number]) => !(number >= 0));
if (wrong.length > 0) {
  process.stderr.write(`switchboard: ${wrong.map(([name]) => `--${name}`).join(', ')} must be a number\n`);
  process.exit(2);
}

const node = await install();
const journeys = ['convergence', 'crash', 'disk'].map((name) => `test/journeys/${name}.test.ts`);
const end = performance.now() + numbers.minutes * 60_000;
let seed = numbers.seed ?? Date.now() % 2 ** 31;
do {
  Object.assign(process.env, {
    SOAK_SEED: seed,
    SOAK_ROUNDS: numbers.rounds,
    SOAK_RUNS: numbers.runs,
    SOAK_WAVES: numbers.waves,
  });
  process.exitCode = await runStep(`seed ${seed}`, node, ['node_modules/vitest/vitest.mjs', 'run', ...journeys], { live: true });
  seed += 1;
} while (process.exitCode === 0 && performance.now() < end);

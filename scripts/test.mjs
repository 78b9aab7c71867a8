/**
 * `npm test`: the whole gate. Installs what is missing, runs the static checks, then every test, and ends with one line
 * `N passed, N failed` that counts tests. `npm test -- src/core` runs a part of the tests and nothing else: what follows `--` goes
 * to vitest.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installHelpers } from './helpers.mjs';
import { install } from './install.mjs';
import { runChecks, runStep } from './steps.mjs';

/** Three minutes before the fifteen that continuous integration allows, so that the closing line is still written. */
const MAX_TEST_MS = 12 * 60_000;

const part = process.argv.slice(2);
const node = await install();
const problems = part.length === 0 ? await runChecks(node) : [];
try {
  installHelpers();
} catch (error) {
  problems.push(error.message);
}

const folder = mkdtempSync(join(tmpdir(), 'switchboard-test-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const report = join(folder, 'report.json');
const reporters = part.some((arg) => arg.startsWith('--reporter')) ? [] : ['--reporter=default'];
const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...reporters, '--reporter=json', `--outputFile.json=${report}`, ...part];
const code = await runStep('tests', node, vitest, { live: true, maxMs: MAX_TEST_MS });
const counted = count(report);
const { passed, unrun } = counted;
// An error outside any test shows in the exit code alone: it counts as one.
const failed = code !== 0 && counted.failed === 0 && passed > 0 ? 1 : counted.failed;

if (code !== 0) problems.push('tests');
if (passed + failed === 0) problems.push('no test ran');
if (part.length === 0 && unrun > 0) problems.push(`${unrun} tests are skipped or unwritten`);
if (problems.length > 0) process.stdout.write(`failed: ${problems.join(', ')}\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = problems.length > 0 ? 1 : 0;

/** A file that fails before its first test counts as one failed test. */
function count(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
    const broken = testResults.filter(({ status, assertionResults }) => {
      return status === 'failed' && !assertionResults.some((test) => test.status === 'failed');
    });
    return { passed: numPassedTests, failed: numFailedTests + broken.length, unrun: numPendingTests + numTodoTests };
  } catch {
    return { passed: 0, failed: 0, unrun: 0 };
  }
}

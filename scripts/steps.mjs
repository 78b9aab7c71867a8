/** The steps of the gate, each a process of its own that prints one line with its duration, and in full what it says when it fails. */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './install.mjs';
import { endGroup, exitCode, onEnd } from './signals.mjs';

/** The checks that need no test run, quickest first. */
const checks = [
  { name: 'format', args: ['node_modules/oxfmt/bin/oxfmt', '--check', '.'] },
  { name: 'lint', args: ['node_modules/oxlint/bin/oxlint', '.'] },
  { name: 'types', args: ['node_modules/typescript/bin/tsc'] },
  { name: 'generated code', args: ['scripts/generate.mjs', '--check'] },
];

/** Runs all of them, even after a failure, and returns the names of those that failed. */
export async function runChecks(node) {
  const failed = [];
  for (const { name, args } of checks) {
    if ((await runStep(name, node, args)) !== 0) failed.push(name);
  }
  return failed;
}

/**
 * Runs one step and resolves with its exit code. `live`: its output is shown as it comes, not only when it fails.
 * `maxMs`: after that it and all it started are killed; so they are by a signal for this process.
 */
export async function runStep(name, node, args, { live = false, maxMs } = {}) {
  const started = performance.now();
  const child = spawn(node, args, {
    cwd: root,
    stdio: ['ignore', ...(live ? ['inherit', 'inherit'] : ['pipe', 'pipe'])],
    detached: process.platform !== 'win32',
    env: {
      ...process.env,
      // Whatever a step starts as `node` is the same Node.js.
      PATH: join(root, 'node_modules', '.bin') + delimiter + process.env.PATH,
      // Some tools color whenever CI is set, terminal or not.
      ...(!process.stdout.isTTY && { NO_COLOR: '1' }),
    },
  });
  const output = [];
  child.stdout?.on('data', (chunk) => output.push(chunk));
  child.stderr?.on('data', (chunk) => output.push(chunk));
  const release = endTogether(child, maxMs);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(exitCode(status, signal)));
  });
  const expired = release();
  if (code !== 0) process.stdout.write(Buffer.concat(output));
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  const verdict = expired ? `stopped after ${maxMs / 60_000} minutes` : code === 0 ? 'ok' : 'failed';
  process.stdout.write(`${name.padEnd(14)} ${seconds} s  ${verdict}\n`);
  return code;
}

/** Ends the step's whole process group with this process or after `maxMs`; the returned function tells whether time ran out. */
function endTogether(child, maxMs) {
  const release = onEnd((signal) => {
    endGroup(child, signal);
    process.exit(exitCode(null, signal));
  });
  let expired = false;
  const timer =
    maxMs &&
    setTimeout(() => {
      expired = true;
      endGroup(child, 'SIGKILL');
    }, maxMs);
  return () => {
    clearTimeout(timer);
    release();
    return expired;
  };
}

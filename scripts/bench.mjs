/** `npm run bench`: installs what is missing, then runs the benchmark (bench/run.ts) with the arguments given. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { helpers, installHelpers } from './helpers.mjs';
import { exitCode, install, root } from './install.mjs';

const node = await install();
try {
  installHelpers(helpers.filter(({ program }) => program !== 'chromium'));
} catch (error) {
  process.stderr.write(`E1 and E2 cannot be measured: ${error.message}\n`);
}
const child = spawn(node, [join(root, 'bench', 'run.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
// A terminal sends Ctrl+C to the benchmark as well: it tidies up and ends, and this process ends as it does.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  process.stderr.write(`switchboard: ${node} does not start: ${error.message}\n`);
  process.exit(1);
});
child.once('exit', (status, signal) => process.exit(exitCode(status, signal)));

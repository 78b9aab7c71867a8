/**
 * Runs src/main.ts on the Node.js of the lockfile and ends as it ends.
 *
 * The server gets a session of its own, so that one Ctrl+C reaches it once: a terminal sends the signal to npm and to everything it
 * started, and npm sends it on as well. When this process dies without a word (kill -9), the server sees its channel close and
 * drains as after SIGTERM (follow.mjs). `exec` in the script of package.json makes this process npm's own child: a shell between
 * them would die of npm's SIGTERM without passing it on, and npm would not wait for the drain.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { install, root } from './install.mjs';
import { NODE_OPTIONS } from './node-options.mjs';
import { exitCode, onEnd } from './signals.mjs';

/** `args` are those of src/main.ts: a command and its options. */
export async function launch(args) {
  const node = await install();
  const main = join(root, 'src', 'main.ts');
  const follow = pathToFileURL(join(root, 'scripts', 'follow.mjs')).href;
  const child =
    args[0] === 'start'
      ? spawn(node, [...NODE_OPTIONS, '--import', follow, main, ...args], {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
          detached: process.platform !== 'win32',
        })
      : spawn(node, [main, ...args], { stdio: 'inherit' });
  onEnd((signal) => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`switchboard: ${node} does not start: ${error.message}\n`);
    process.exit(1);
  });
  child.once('exit', (status, signal) => process.exit(exitCode(status, signal)));
}

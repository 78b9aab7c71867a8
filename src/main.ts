/** The process: its arguments, its output, its signals. What to do is in `cli/`. */
import { runCommandLine } from './cli/index.ts';
import type { Io } from './cli/index.ts';

const io: Io = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  env: process.env,
  stopped() {
    const controller = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        // Told twice, somebody is in a hurry.
        if (controller.signal.aborted) process.exit(1);
        controller.abort();
      });
    }
    return controller.signal;
  },
};

/** A fault of ours: nothing is known of the state any more. What was acknowledged is on disk. */
function fail(error: unknown): never {
  process.stderr.write(
    `switchboard: something went wrong that should not: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
// Whoever read our output has gone (`switchboard listen | head`): there is nobody left to work for, except for the clients of a server.
process.stdout.on('error', () => {
  if (!serving) process.exit(0);
});
process.stderr.on('error', () => undefined);

const words = process.argv.slice(2);
const serving = words[0] === 'start' || words[0]?.startsWith('-') === true;
const code = await runCommandLine(words, io).catch(fail);
// What was written to a pipe is on its way still: an exit would cut it off.
await new Promise((resolve) => {
  process.stdout.write('', resolve);
});
process.exit(code);

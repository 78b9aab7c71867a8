/** Keeps two scripts from installing at once. */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const LOCK_POLL_MS = 200;
const LOCK_SETTLE_MS = 100;

/**
 * One install at a time in this folder: a file in the temporary folder with the process numbers of this script and its npm, for
 * an npm may outlive a script killed with -9. It lies outside the project because `npm ci` empties node_modules.
 * `share` adds npm's number, `release` removes the file, which the end of this process does as well.
 */
export async function takeLock(folder, patienceMs) {
  const file = join(
    tmpdir(),
    `switchboard-install-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 16)}`,
  );
  const deadline = performance.now() + patienceMs;
  const mine = `${process.pid}`;
  const release = () => rmSync(file, { force: true });
  while (performance.now() < deadline) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      // Two scripts may remove the same left-over file, the second of them the first one's new file: the last to write has it.
      await delay(LOCK_SETTLE_MS);
      if (readFileSync(file, 'utf8') === mine) {
        process.once('exit', release);
        return { release, share: (pid) => writeFileSync(file, `${mine} ${pid}`) };
      }
    } catch (error) {
      if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
    }
    if (isLeftOver(file)) rmSync(file, { force: true });
    else await delay(LOCK_POLL_MS);
  }
  throw new Error(`another install has been at work for ${patienceMs / 60_000} minutes; if there is none, remove ${file}.`);
}

function isLeftOver(file) {
  try {
    return !readFileSync(file, 'utf8').split(' ').map(Number).some(isAlive);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

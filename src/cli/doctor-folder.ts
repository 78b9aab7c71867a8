/** The data folder: there or to be made, writable, with room, its secret private, taken by a server or free. */
import { accessSync, constants, existsSync, lstatSync, readdirSync, statSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { findSecret, secretPath } from '../auth/secret.ts';
import type { Config } from '../config.ts';
import { found } from './finding.ts';
import type { Finding } from './finding.ts';
import { STRONG_SECRET_LENGTH } from './start.ts';

const MIB = 1024 ** 2;

/** SQLite fails without room for its log; below the first a server should not start, below the second somebody should know. */
const ROOM = { fail: 100 * MIB, warn: 1024 * MIB };

export function checkFolder(folder: string): Finding[] {
  const base = nearestExisting(folder);
  const missing = base !== folder;
  try {
    if (!statSync(base).isDirectory())
      return [found('fail', 'data folder', `${base} is not a folder. Choose another with --data.`)];
    accessSync(base, constants.W_OK | constants.X_OK);
  } catch {
    const what = missing ? `${folder} cannot be made: ${base} is not writable` : `${folder} is not writable`;
    return [found('fail', 'data folder', `${what} by this user. Change its owner, or choose another with --data.`)];
  }
  return [found('ok', 'data folder', missing ? `${folder} will be made` : `${folder} is writable`), checkRoom(base)];
}

/** What is in the folder is every message there is: nobody but its owner has business there. */
export function checkPrivacy(folder: string): Finding {
  if (!existsSync(folder)) return found('ok', 'privacy', 'the folder will be made for its owner alone');
  if (process.platform === 'win32') return found('ok', 'privacy', 'not looked at on Windows');
  const open = pathsIn(folder).filter((path) => ((lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0);
  if (open.length === 0) return found('ok', 'privacy', 'folder and files are their owner’s alone');
  return found('warn', 'privacy', `open to other users of this machine: chmod go= ${open.join(' ')}`);
}

/** The folder and what lies in it, but for the secret, which is a finding of its own. What cannot be listed is told by `checkFolder`. */
function pathsIn(folder: string): readonly string[] {
  try {
    const files = readdirSync(folder).map((name) => join(folder, name));
    return [folder, ...files.filter((path) => path !== secretPath(folder))];
  } catch {
    return [];
  }
}

function checkRoom(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const words = `${Math.floor(free / MIB).toLocaleString('en')} MiB free`;
  if (free >= ROOM.warn) return found('ok', 'disk', words);
  return found(free < ROOM.fail ? 'fail' : 'warn', 'disk', `${words}: make room, or choose another place with --data.`);
}

export function checkSecret({ jwt, data }: Config): Finding {
  if (jwt.secret !== undefined) {
    if (jwt.secret.length >= STRONG_SECRET_LENGTH) return found('ok', 'token secret', 'configured');
    return found(
      'warn',
      'token secret',
      `the configured one has ${jwt.secret.length} characters: use ${STRONG_SECRET_LENGTH} random ones or more.`,
    );
  }
  const path = secretPath(data);
  try {
    if (findSecret(data) === undefined) return found('ok', 'token secret', 'will be made on the first start');
  } catch (error) {
    return found('fail', 'token secret', error instanceof Error ? error.message : String(error));
  }
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0)
    return found('ok', 'token secret', `${path} is private`);
  return found('warn', 'token secret', `${path} can be read by others, who could sign tokens: chmod 600 ${path}`);
}

/** A read of the lock file is refused while a server holds it (stores/sqlite/database.ts). */
export function checkLock(folder: string): Finding {
  const path = join(folder, 'lock.db');
  if (!existsSync(path)) return found('ok', 'lock', 'never used by a server');
  try {
    const lock = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    try {
      lock.prepare('SELECT count(*) FROM sqlite_schema').get();
    } finally {
      lock.close();
    }
    return found('ok', 'lock', 'no server uses the folder');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/locked|busy/i.test(reason)) return found('ok', 'lock', 'held by a running server');
    return found('fail', 'lock', `${path} cannot be read (${reason}). Change its owner; when no server runs it may be deleted.`);
  }
}

function nearestExisting(folder: string): string {
  if (existsSync(folder)) return folder;
  const parent = dirname(folder);
  return parent === folder ? folder : nearestExisting(parent);
}

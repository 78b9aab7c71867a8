/** Programs that come from the operating system and not from npm, which tests start. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One row each: `program` to find on the path, `apt` the Debian package that has it, `hint` for everyone else. */
export const helpers = [
  {
    program: 'chromium',
    apt: 'chromium',
    hint: 'install Chromium, with a link named `chromium` on the path. Tests open pages and files in it.',
  },
  {
    program: 'nats-server',
    apt: 'nats-server',
    hint: 'install the NATS server (https://nats.io/download), 2.9 or newer. Tests bring events to it.',
  },
  {
    program: 'kcat',
    apt: 'kcat',
    hint: 'install kcat 1.7 (https://github.com/edenhill/kcat) with librdkafka 1.4 or newer. Tests bring events to its mock brokers.',
  },
];

/** Where Debian puts servers: not every user has it on the path. What is started from here looks there, too. */
const SERVERS = '/usr/sbin';

/**
 * Installs the missing ones where apt-get can (as root), and throws an error that says how to get those that are missing still:
 * no test is passed over because a program is not there.
 */
export function installHelpers(wanted = helpers) {
  const folders = process.env.PATH.split(delimiter);
  if (!folders.includes(SERVERS)) process.env.PATH = [...folders, SERVERS].join(delimiter);
  const missing = wanted.filter(({ program }) => !isOnPath(program));
  if (missing.length > 0 && isOnPath('apt-get')) {
    aptGet('update');
    aptGet('install', '--yes', '--no-install-recommends', ...missing.map(({ apt }) => apt));
  }
  const absent = missing.filter(({ program }) => !isOnPath(program));
  if (absent.length > 0) throw new Error(absent.map(({ program, hint }) => `${program} is missing: ${hint}`).join('\n'));
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stdout, stderr } = spawnSync('apt-get', ['--quiet', ...args], { env, encoding: 'utf8' });
  if (status !== 0) process.stderr.write(`${stdout}${stderr}`);
}

function isOnPath(program) {
  return process.env.PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

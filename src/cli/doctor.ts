/** `switchboard doctor`: looks at everything a server needs, says what is wrong and what to do. Changes nothing. */
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { checkDatabase } from './doctor-database.ts';
import { checkFolder, checkLock, checkPrivacy, checkSecret } from './doctor-folder.ts';
import { checkKeySet, checkPort } from './doctor-network.ts';
import { found } from './finding.ts';
import type { Finding } from './finding.ts';

const MIN_NODE = 24;

/** When ids begin (core/ids.ts): a clock before that cannot be right. */
const EPOCH = Date.UTC(2025, 0, 1);

export const doctor: Command = {
  name: 'doctor',
  summary: 'Check what a server needs: Node.js, data folder, disk, secret, database, port, clock. Exits 1 when something fails.',
  options: [JSON_OPTION],
  configured: 'server',
  async run(io, config, args) {
    const findings = [
      checkNode(),
      checkClock(Date.now()),
      ...checkFolder(config.data),
      checkPrivacy(config.data),
      checkSecret(config),
      checkLock(config.data),
      ...checkDatabase(config.data, Date.now()),
      await checkPort(config),
      ...(await checkKeySet(config.jwt.jwksUrl)),
    ];
    if (args.flag('json')) io.out(JSON.stringify(findings));
    else for (const { check, level, text } of findings) io.out(`${level.padEnd(4)}  ${check.padEnd(12)}  ${text}`);
    return findings.some(({ level }) => level === 'fail') ? EXIT.failed : EXIT.ok;
  },
};

function checkNode(): Finding {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= MIN_NODE) return found('ok', 'Node.js', node);
  return found('fail', 'Node.js', `${node} is too old: install ${MIN_NODE} or newer, or run through npm, which brings it along.`);
}

function checkClock(now: number): Finding {
  const time = new Date(now).toISOString();
  if (now >= EPOCH) return found('ok', 'clock', time);
  return found('fail', 'clock', `it says ${time}, which cannot be: ids and tokens are made of time. Set the clock.`);
}

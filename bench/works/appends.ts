import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { AppendMeasurement } from '../appends/measure.ts';
import { pinned } from '../pinning.ts';
import type { Work } from './work.ts';

const ROWS_PER_COMMIT = 100;

/** Messages that the store acknowledges as durable, 100 per commit, against rows of a bare log table. */
export const appendWork: Work = {
  name: 'appends, 100 per commit',
  goals: ['D1'],
  servers: ['switchboard', 'log'],
  estimate: ({ seconds }) => seconds + 1,
  async measure(name, deps) {
    const kind = name === 'log' ? 'log' : 'store';
    const script = join(import.meta.dirname, '..', 'appends', 'measure.ts');
    const folder = mkdtempSync(join(deps.folder, 'appends-'));
    const nodeArgs = kind === 'store' ? deps.servers.nodeArgs : [];
    const args = [...nodeArgs, script, kind, folder, String(deps.pace.seconds), String(ROWS_PER_COMMIT)];
    const child = deps.children.start(pinned(0, [process.execPath, ...args]));
    const { rowsPerSecond, cpuSeconds, p50, p99 } = JSON.parse(await child.readLine()) as AppendMeasurement;
    await child.ended;
    const perCpuSecond = (rowsPerSecond * deps.pace.seconds) / cpuSeconds;
    return [
      { goal: 'D1', server: name, metrics: { perSecond: rowsPerSecond, perCpuSecond, cpuSeconds, p50, p99 }, problems: [] },
    ];
  },
};

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { EventsMeasurement } from '../events/measure.ts';
import type { GoalId } from '../goal-ids.ts';
import { pinned } from '../pinning.ts';
import type { Work } from './work.ts';

/** Events per second that one core must bring to a broker. */
const WANTED = 50_000;

/** Events brought to a real broker on the other core: by our sink, and by the bare client in the same batches. */
export const eventWorks: readonly Work[] = [work('nats', 'E1'), work('kafka', 'E2')];

function work(broker: 'nats' | 'kafka', goal: GoalId): Work {
  return {
    name: `events to ${broker}`,
    goals: [goal],
    servers: ['switchboard', 'events-client', 'events-wanted'],
    estimate: ({ seconds }) => seconds + 2,
    async measure(server, deps) {
      if (server === 'events-wanted') {
        return [{ goal, server, metrics: { perSecond: WANTED, perCpuSecond: WANTED }, problems: [] }];
      }
      const kind = server === 'switchboard' ? 'sink' : 'client';
      const script = join(import.meta.dirname, '..', 'events', 'measure.ts');
      const folder = mkdtempSync(join(deps.folder, 'events-'));
      const nodeArgs = kind === 'sink' ? deps.servers.nodeArgs : [];
      const args = [...nodeArgs, script, broker, kind, folder, String(deps.pace.seconds)];
      const child = deps.children.start(pinned(0, [process.execPath, ...args]));
      const { perSecond, busy } = JSON.parse(await child.readLine()) as EventsMeasurement;
      await child.ended;
      return [{ goal, server, metrics: { perSecond, perCpuSecond: perSecond / busy, busy }, problems: [] }];
    },
  };
}

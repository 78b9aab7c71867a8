import { join } from 'node:path';
import type { ListMeasurement } from '../lists/measure.ts';
import { pinned } from '../pinning.ts';
import type { ServerName } from '../servers.ts';
import type { Work } from './work.ts';

/** How many chats of others are in the database. */
const OTHERS: Partial<Record<ServerName, number>> = { switchboard: 100_000, 'chats-1000': 1_000, 'chats-10': 10 };

/** One page of the list of somebody who is in 500 chats: what it costs must not grow with what else is in the database. */
export const listWork: Work = {
  name: 'chat list, 20 of 500',
  goals: ['S4'],
  servers: ['switchboard', 'chats-1000', 'chats-10'],
  estimate: () => 12,
  async measure(name, deps, tell) {
    const others = OTHERS[name];
    if (others === undefined) throw new Error(`${name} has no lists`);
    tell(`filling a database with ${others} chats`);
    const script = join(import.meta.dirname, '..', 'lists', 'measure.ts');
    const nodeArgs = name === 'switchboard' ? deps.servers.nodeArgs : [];
    const child = deps.children.start(pinned(0, [process.execPath, ...nodeArgs, script, String(others)]));
    const { p50, worst } = JSON.parse(await child.readLine()) as ListMeasurement;
    await child.ended;
    return [{ goal: 'S4', server: name, metrics: { p50, p99: worst }, problems: [] }];
  },
};

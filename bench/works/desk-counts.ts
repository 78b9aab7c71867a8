import { join } from 'node:path';
import type { DeskMeasurement } from '../desk/measure.ts';
import { pinned } from '../pinning.ts';
import type { ServerName } from '../servers.ts';
import type { Work } from './work.ts';

/** How many chats are in the database. */
const CHATS: Partial<Record<ServerName, number>> = { switchboard: 100_000, 'desk-100': 100 };

/** Taking a chat and reading the desk's counts and the places of a queue: what it costs must not grow with the number of chats. */
export const deskCountWork: Work = {
  name: 'desk counters',
  goals: ['K2'],
  servers: ['switchboard', 'desk-100'],
  estimate: () => 10,
  async measure(name, deps, tell) {
    const chats = CHATS[name];
    if (chats === undefined) throw new Error(`${name} has no desk`);
    tell(`filling a database with ${chats} chats`);
    const script = join(import.meta.dirname, '..', 'desk', 'measure.ts');
    const nodeArgs = name === 'switchboard' ? deps.servers.nodeArgs : [];
    const child = deps.children.start(pinned(0, [process.execPath, ...nodeArgs, script, String(chats)]));
    const { p50, worst } = JSON.parse(await child.readLine()) as DeskMeasurement;
    await child.ended;
    return [{ goal: 'K2', server: name, metrics: { p50, p99: worst }, problems: [] }];
  },
};

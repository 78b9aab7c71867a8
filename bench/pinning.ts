import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const possible = availableParallelism() >= 2 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** Whether servers and load generators can be given different cores here. */
export function canPin(): boolean {
  return possible;
}

/** The command line that runs `command` on `core` only, or `command` itself where that is not possible. */
export function pinned(core: number, command: readonly [string, ...string[]]): [string, ...string[]] {
  return possible ? ['taskset', '-c', String(core), ...command] : [...command];
}

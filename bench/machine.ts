import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { canPin } from './pinning.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly sqlite: string;
  /** Server on core 0, load generator on core 1. */
  readonly pinned: boolean;
  /** One-minute load average at the end of the run: what this run itself causes is about 2. */
  readonly load: string;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.versions.node,
    sqlite: process.versions['sqlite'] ?? 'unknown',
    pinned: canPin(),
    load: readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? '',
  };
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SHOWN = 30;
const ROOT = new URL('../', import.meta.url).href;

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

/** A V8 CPU profile: `samples[i]` names the node that ran for `timeDeltas[i]` microseconds. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Prints the functions in which the profiled threads themselves spent most time, idle time left out. */
export function printProfile(folder: string): void {
  const self = new Map<string, number>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
    addSelfTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile, self);
  }
  const idle = self.get('(idle)') ?? 0;
  self.delete('(idle)');
  const total = [...self.values()].reduce((sum, time) => sum + time, 0);
  const top = [...self].sort(([, x], [, y]) => y - x).slice(0, SHOWN);
  process.stdout.write(
    `self time, of ${(total / 1e6).toFixed(1)} s busy (${(idle / 1e6).toFixed(1)} s idle), connecting and draining included\n`,
  );
  for (const [name, time] of top) {
    process.stdout.write(
      `${((time / total) * 100).toFixed(1).padStart(6)} %  ${(time / 1000).toFixed(0).padStart(6)} ms  ${name}\n`,
    );
  }
  process.stdout.write('\n');
}

function addSelfTimes({ nodes, samples, timeDeltas }: CpuProfile, self: Map<string, number>): void {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  samples.forEach((id, i) => {
    const name = names.get(id) ?? '?';
    self.set(name, (self.get(name) ?? 0) + (timeDeltas[i] ?? 0));
  });
}

function nameOf({ functionName, url, lineNumber }: ProfileNode['callFrame']): string {
  const name = functionName || '(anonymous)';
  return url ? `${name}  ${url.replace(ROOT, '')}:${lineNumber + 1}` : name;
}

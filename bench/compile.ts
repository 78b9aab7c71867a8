import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SOURCES = join(import.meta.dirname, 'load');

/** No C compiler on PATH; the message says what to install. */
export class NoCompilerError extends Error {
  constructor() {
    super(
      'The load generator is C and no C compiler was found. Install one and run again:\n' +
        '  Debian, Ubuntu: apt-get install -y gcc libc6-dev\n  Fedora: dnf install gcc\n  Alpine: apk add gcc musl-dev\n' +
        'or set CC to the compiler to use.',
    );
  }
}

/** Compiles files of `bench/load` into `folder/<name>` and returns that path: a program, or a library to preload. */
export function compile(
  folder: string,
  name: string,
  sources: readonly string[],
  kind: 'program' | 'preload' = 'program',
): string {
  const target = join(folder, name);
  const shape = kind === 'preload' ? ['-shared', '-fPIC'] : [];
  const compiler = process.env['CC'] ?? 'cc';
  const run = spawnSync(
    compiler,
    ['-O2', '-Wall', ...shape, '-o', target, ...sources.map((source) => join(SOURCES, source)), '-ldl'],
    { encoding: 'utf8' },
  );
  if (run.error) throw new NoCompilerError();
  if (run.status !== 0) throw new Error(`${compiler} failed on ${sources.join(' ')}:\n${run.stderr}`);
  return target;
}

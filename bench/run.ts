/** `npm run bench`: Switchboard and bare servers at the same work in the same run, judged by the ratios of bench/goals.ts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cautions } from './cautions.ts';
import { createChildren } from './children.ts';
import { compile, NoCompilerError } from './compile.ts';
import { summarize } from './figures.ts';
import type { Sample } from './figures.ts';
import { GOALS } from './goals.ts';
import { describeMachine } from './machine.ts';
import { HELP, OptionsError, readOptions } from './options.ts';
import type { Options } from './options.ts';
import { renderPage } from './page.ts';
import { canPin } from './pinning.ts';
import { planWork } from './plan.ts';
import { printProfile } from './profile.ts';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { SERVER_NAMES } from './servers.ts';
import { renderTable } from './table.ts';
import type { Work, WorkDeps } from './works/work.ts';

const FAILED = 1;
const CANNOT_RUN = 2;
const REPORT = join(import.meta.dirname, 'report');

interface Outcome {
  readonly samples: readonly Sample[];
  /** Works that could not be measured, in words. */
  readonly failures: readonly string[];
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.platform !== 'linux') {
    process.stderr.write('The benchmark reads /proc and uses epoll: it needs Linux.\n');
    return CANNOT_RUN;
  }
  const folder = mkdtempSync(join(tmpdir(), 'switchboard-bench-'));
  const children = createChildren();
  const progress = createProgress(process.stderr);
  const tidy = (): void => {
    children.killAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      progress.end();
      tidy();
      process.exit(130);
    });
  }
  try {
    const profiles = join(folder, 'profiles');
    const nodeArgs = options.profile ? ['--cpu-prof', '--cpu-prof-dir', profiles] : [];
    const programs = {
      load: compile(folder, 'load', ['load.c', 'websocket.c', 'grpc.c']),
      sync: compile(folder, 'sync', ['sync.c']),
    };
    const servers = { children, folder, serverArgs: options.serverArgs, nodeArgs };
    const deps = { children, folder, pace: options.pace, programs, servers, note: (text: string) => progress.note(text) };
    const outcome = await measureAll(options, deps, progress);
    progress.end();
    if (options.profile) printProfile(profiles);
    show(options, outcome);
    return outcome.failures.length > 0 ? FAILED : 0;
  } finally {
    progress.end();
    tidy();
  }
}

async function measureAll(options: Options, deps: WorkDeps, progress: Progress): Promise<Outcome> {
  const steps = planWork(options.goals).flatMap((work) =>
    Array.from({ length: options.pace.rounds }, (_, round) => round).flatMap((round) =>
      work.servers
        .filter((server) => (options.profile ? server === 'switchboard' : !options.baselinesOnly || server !== 'switchboard'))
        .map((server) => ({ work, server, round, seconds: work.estimate(options.pace) })),
    ),
  );
  const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  if (!canPin())
    progress.note('taskset or a second core is missing: server and load generator share their cores, and ratios are rougher.');
  const samples: Sample[] = [];
  const failures = new Set<string>();
  const broken = new Set<Work>();
  let done = 0;
  for (const { work, server, round, seconds } of steps) {
    const label = `${work.goals.join(' ')}  ${work.name}  ${SERVER_NAMES[server]}${options.pace.rounds > 1 ? `  round ${round + 1}/${options.pace.rounds}` : ''}`;
    progress.step(label, done / total);
    try {
      if (server !== 'switchboard' || !broken.has(work)) {
        samples.push(...(await work.measure(server, deps, (text) => progress.step(`${label}  ${text}`, done / total))));
      }
    } catch (error) {
      if (server === 'switchboard') broken.add(work);
      failures.add(`${work.goals.join(' ')}: ${SERVER_NAMES[server]}: ${error instanceof Error ? error.message : String(error)}`);
    }
    done += seconds;
  }
  return { samples, failures: [...failures] };
}

function show(options: Options, { samples, failures }: Outcome): void {
  const figures = summarize(samples);
  const goals = options.goals.map((id) => GOALS[id]);
  const lost = figures.flatMap(({ goal, server, problems }) =>
    problems.map((problem) => `${goal}: ${SERVER_NAMES[server]}: ${problem}`),
  );
  const warnings = [...failures, ...lost, ...cautions(figures)];
  process.stdout.write(`${renderTable(goals, figures)}\n`);
  for (const warning of warnings) process.stdout.write(`  ! ${warning}\n`);
  if (options.profile) return;
  const results = {
    made: new Date().toISOString(),
    machine: describeMachine(),
    pace: options.pace,
    serverArgs: options.serverArgs,
    warnings,
    figures,
    samples,
  };
  mkdirSync(REPORT, { recursive: true });
  writeFileSync(join(REPORT, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(join(REPORT, 'index.html'), renderPage({ ...results, goals }));
  process.stdout.write('  bench/report/index.html and bench/report/results.json written\n');
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof NoCompilerError || error instanceof OptionsError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = CANNOT_RUN;
  } else {
    throw error;
  }
}

/**
 * Where does the SQLite writer live? Append throughput, CPU per row and event-loop stall of three answers, each on the
 * real disk and on one whose sync takes 5 ms longer: node bench/writer.ts [--seconds 2] [--rounds 3] [--report FILE].
 *
 * none     nothing is stored: what the arrivals alone cost (paced only)
 * a        synchronous=FULL, commit in the event loop
 * b-clone  worker thread with FULL, batches by postMessage (structured clone)
 * b-pack   the same, a batch is one packed and transferred buffer
 * c        synchronous=NORMAL commit in the event loop, then an awaited asynchronous fdatasync of the -wal file
 * c-ckpt   the same, checkpoints done by a worker's own connection
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from './compile.ts';
import { pinned } from './pinning.ts';
import type { Measurement } from './writer/measure.ts';

const VARIANTS = ['none', 'a', 'b-clone', 'b-pack', 'c', 'c-ckpt'] as const;
const DISKS = { real: 0, slow: 5000 } as const;
const LOADS = ['paced', 'saturated'] as const;
const CORES = ['1 core', '2 cores'] as const;
const RATE = 20_000;

interface Run {
  readonly variant: string;
  readonly disk: keyof typeof DISKS;
  readonly load: string;
  readonly cores: string;
}

interface Tools {
  readonly folder: string;
  readonly pace: string;
  readonly slowSync: string;
  readonly seconds: number;
}

function measure(run: Run, { folder, pace, slowSync, seconds }: Tools): Promise<Measurement> {
  const database = join(mkdtempSync(join(folder, 'db-')), 'log.db');
  const command: [string, ...string[]] = [
    process.execPath,
    join(import.meta.dirname, 'writer', 'measure.ts'),
    run.variant,
    run.load,
    String(seconds),
    database,
  ];
  const [file, ...args] = run.cores === '1 core' ? pinned(0, command) : command;
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, LD_PRELOAD: slowSync, SLOW_SYNC_MICROSECONDS: String(DISKS[run.disk]) },
  });
  if (run.load === 'paced') {
    const [paceFile, ...paceArgs] = pinned(1, [pace, String(RATE), String(seconds + 2)]);
    const source = spawn(paceFile, paceArgs, { stdio: ['ignore', 'pipe', 'inherit'] });
    source.stdout.pipe(child.stdin);
    child.stdin.on('error', () => source.kill());
    child.on('exit', () => source.kill());
  }
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`${run.variant} ${run.load} ended with ${code}`));
    });
  });
}

/** Metric by metric, so that one disturbed round does not spoil a row. */
function median(rounds: readonly Measurement[]): Measurement {
  const middle = (key: keyof Measurement): number =>
    rounds.map((round) => round[key]).sort((x, y) => x - y)[rounds.length >> 1] ?? Number.NaN;
  return {
    rowsPerSecond: middle('rowsPerSecond'),
    rowsPerCommit: middle('rowsPerCommit'),
    p50: middle('p50'),
    p99: middle('p99'),
    loopP99: middle('loopP99'),
    loopMax: middle('loopMax'),
    cpuMsPerThousand: middle('cpuMsPerThousand'),
  };
}

function tableRow(run: Run, m: Measurement): string {
  const cells = [
    run.variant,
    Math.round(m.rowsPerSecond),
    m.rowsPerCommit.toFixed(1),
    m.p50.toFixed(2),
    m.p99.toFixed(2),
    m.loopP99.toFixed(1),
    m.loopMax.toFixed(1),
    m.cpuMsPerThousand.toFixed(2),
  ];
  return `| ${cells.join(' | ')} |`;
}

const HEAD =
  '| writer | rows/s | rows per commit | p50 ms | p99 ms | loop delay p99 ms | loop delay max ms | CPU ms per 1k rows |\n|---|---|---|---|---|---|---|---|';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '2' }, rounds: { type: 'string', default: '3' }, report: { type: 'string' } },
  });
  const folder = mkdtempSync(join(tmpdir(), 'switchboard-writer-'));
  const tools: Tools = {
    folder,
    pace: compile(folder, 'pace', ['pace.c']),
    slowSync: compile(folder, 'slow-sync.so', ['slow-sync.c'], 'preload'),
    seconds: Number(values.seconds),
  };
  const lines: string[] = [];
  try {
    for (const cores of CORES)
      for (const disk of ['real', 'slow'] as const)
        for (const load of LOADS) {
          const variants = VARIANTS.filter((variant) => variant !== 'none' || load === 'paced');
          const rounds = new Map<string, Measurement[]>(variants.map((variant) => [variant, []]));
          for (let round = 0; round < Number(values.rounds); round += 1)
            for (const variant of variants) rounds.get(variant)?.push(await measure({ variant, disk, load, cores }, tools));
          const block = [`\n### ${load}, ${disk} disk, ${cores}\n`, HEAD];
          for (const [variant, measured] of rounds) block.push(tableRow({ variant, disk, load, cores }, median(measured)));
          lines.push(...block);
          process.stdout.write(`${block.join('\n')}\n`);
        }
    if (values.report) writeFileSync(values.report, `${lines.join('\n')}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();

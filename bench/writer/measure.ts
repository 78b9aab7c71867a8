/**
 * One run of the writer experiment in a process of its own, so that its CPU time, its event loop and its preloaded shim
 * are its alone: `measure.ts VARIANT paced|saturated SECONDS DATABASE`. Paced rows come on standard input (load/pace.c);
 * saturated ones are made here, as many as were reported durable. Prints one line of JSON.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createAsyncSyncWriter } from './async-sync.ts';
import { createInLoopWriter } from './in-loop.ts';
import { monotonicMs } from './row.ts';
import type { Row, Writer, WriterDeps } from './row.ts';
import { createWorkerWriter } from './worker-writer.ts';

const RECORD = 200;
/** Rows kept under way in a saturated run: enough that a 5 ms sync does not starve the writer. */
const WINDOW = 4000;
const WARMUP_MS = 700;

export interface Measurement {
  readonly rowsPerSecond: number;
  readonly rowsPerCommit: number;
  readonly p50: number;
  readonly p99: number;
  readonly loopP99: number;
  readonly loopMax: number;
  readonly cpuMsPerThousand: number;
}

function createWriter(variant: string, deps: WriterDeps): Writer {
  switch (variant) {
    case 'none':
      return { append: (row) => deps.onDurable([row]), close: async () => {} };
    case 'a':
      return createInLoopWriter(deps);
    case 'b-clone':
      return createWorkerWriter(deps, 'clone');
    case 'b-pack':
      return createWorkerWriter(deps, 'pack');
    case 'c':
      return createAsyncSyncWriter(deps, false);
    case 'c-ckpt':
      return createAsyncSyncWriter(deps, true);
    default:
      throw new Error(`no such variant: ${variant}`);
  }
}

const [variant = '', load = '', seconds = '0', path = ''] = process.argv.slice(2);
const latencies: number[] = [];
const delay = monitorEventLoopDelay({ resolution: 1 });
let recording = false;
let commits = 0;
let made = 0;
const body = 'x'.repeat(RECORD);

const writer = createWriter(variant, {
  path,
  onDurable(rows) {
    if (load === 'saturated') setImmediate(make, rows.length);
    if (!recording) return;
    commits += 1;
    const now = monotonicMs();
    for (const row of rows) latencies.push(now - row.due);
  },
});

function arrival(text: string, due: number): Row {
  made += 1;
  return { conversation: made % 100, index: made, sender: made % 1000, body: text, due };
}

function make(count: number): void {
  const now = monotonicMs();
  for (let i = 0; i < count; i += 1) writer.append(arrival(body, now));
}

if (load === 'saturated') {
  // Two halves in different turns, so that one can wait while the other is under way.
  make(WINDOW / 2);
  setTimeout(make, 2, WINDOW / 2);
} else {
  let rest: Buffer = Buffer.alloc(0);
  process.stdin.on('data', (chunk: Buffer) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    for (; at + RECORD <= bytes.length; at += RECORD) {
      const text = bytes.toString('latin1', at, at + RECORD);
      writer.append(arrival(text, Number(text.slice(0, 20)) / 1e6));
    }
    rest = bytes.subarray(at);
  });
}

setTimeout(() => {
  recording = true;
  delay.enable();
  const cpu = process.cpuUsage();
  const start = monotonicMs();
  setTimeout(
    () => {
      recording = false;
      delay.disable();
      const elapsed = monotonicMs() - start;
      const used = process.cpuUsage(cpu);
      const sorted = Float64Array.from(latencies).sort();
      const result: Measurement = {
        rowsPerSecond: (sorted.length / elapsed) * 1000,
        rowsPerCommit: sorted.length / commits,
        p50: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
        p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
        loopP99: delay.percentile(99) / 1e6,
        loopMax: delay.max / 1e6,
        cpuMsPerThousand: ((used.user + used.system) / 1000 / sorted.length) * 1000,
      };
      process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
    },
    Number(seconds) * 1000,
  );
}, WARMUP_MS);

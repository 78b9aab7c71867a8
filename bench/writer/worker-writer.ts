import { Worker } from 'node:worker_threads';
import { packRows } from './pack.ts';
import type { Row, Writer, WriterDeps } from './row.ts';

/** How a batch crosses to the worker: `clone` is an array of rows, structured-cloned; `pack` is one transferred buffer. */
export type Crossing = 'clone' | 'pack';

/** Variant (b): a worker thread owns the `synchronous=FULL` connection. One batch is under way; what arrives meanwhile is the next batch. */
export function createWorkerWriter({ path, onDurable }: WriterDeps, crossing: Crossing): Writer {
  const worker = new Worker(new URL('./commit-worker.ts', import.meta.url), { workerData: { path } });
  let waiting: Row[] = [];
  let underWay: Row[] = [];
  let busy = false;
  const flush = (): void => {
    underWay = waiting;
    waiting = [];
    if (crossing === 'pack') {
      const packed = packRows(underWay);
      worker.postMessage(packed, [packed]);
    } else {
      worker.postMessage(underWay);
    }
  };
  worker.on('message', () => {
    const rows = underWay;
    underWay = [];
    if (waiting.length > 0) flush();
    else busy = false;
    onDurable(rows);
  });
  worker.on('error', (error) => {
    throw error;
  });
  return {
    append(row) {
      waiting.push(row);
      if (busy) return;
      busy = true;
      setImmediate(flush);
    },
    async close() {
      await worker.terminate();
    },
  };
}

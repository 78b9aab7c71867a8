/**
 * Moves the write-ahead log into the database file, in a thread of its own so that its disk syncs never stall the event loop.
 *
 * While writes go on a checkpoint cannot finish and the log would grow without bound; so the bulk is moved beside the writes, and for the
 * small rest the next commit is held for a moment. Then SQLite starts the log over.
 */
import { Worker } from 'node:worker_threads';

/** Bytes in the log from which a checkpoint starts: small enough for a quick recovery, large enough to be rare. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024;

export interface Checkpointer {
  /** A transaction went into the log. */
  committed(): void;
  /** Moves everything and leaves an empty log, while the caller keeps commits away. Resolves with whether that was possible. */
  empty(): Promise<boolean>;
  /** Commits must wait for this; undefined when they need not. */
  held(): Promise<void> | undefined;
  close(): Promise<void>;
}

export function createCheckpointer(deps: {
  path: string;
  /** Bytes in the log that are not in the database file yet: whole pages, many times what was written to them. */
  waiting: () => number;
}): Checkpointer {
  let worker: Worker | undefined;
  let running: Promise<void> | undefined;
  let hold: Promise<void> | undefined;
  let pass: ((emptied: boolean) => void) | undefined;

  function start(): Worker {
    const started = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), { workerData: deps.path });
    started.unref();
    started.on('message', (emptied: unknown) => pass?.(emptied === true));
    // Without the worker the log only grows; the next checkpoint starts a new one.
    started.on('error', () => {
      worker = undefined;
      pass?.(false);
    });
    return started;
  }

  function once(mode: 'passive' | 'truncate' = 'passive'): Promise<boolean> {
    worker ??= start();
    const target = worker;
    return new Promise((resolve) => {
      pass = resolve;
      target.postMessage(mode);
    });
  }

  async function run(): Promise<void> {
    await once();
    hold = once().then(() => undefined);
    await hold;
    hold = undefined;
    running = undefined;
  }

  return {
    committed() {
      if (running === undefined && deps.waiting() >= CHECKPOINT_BYTES) running = run();
    },
    async empty() {
      await running;
      return once('truncate');
    },
    held: () => hold,
    async close() {
      await running;
      await worker?.terminate();
    },
  };
}

/** Events as lines of JSON in a file, for whatever reads files: each on the disk before it is called delivered. */
import type { open } from 'node:fs/promises';
import { openEventFile } from './event-file.ts';
import type { EventFile, EventFileOptions } from './event-file.ts';
import { SinkSetupError, causeOf } from './setup-error.ts';
import { DELIVERED } from './sink.ts';
import type { Failed, Outcome, Sink } from './sink.ts';

/** Events in one write and one sync. */
const BATCH = 500;

/** After it a disk counts as gone, as those over a network may be. Milliseconds. */
const TIMEOUT_MS = 30_000;

export interface FileSinkDeps {
  /** Absolute. */
  readonly path: string;
  readonly maxBytes: number;
  /** Files that are kept besides the one that is written. */
  readonly keep: number;
  readonly now?: () => number;
  /** For one write and its sync. Milliseconds. */
  readonly timeout?: number;
  /** How files are opened: `open` of node:fs, or a test's that fails. */
  readonly openFile?: typeof open;
}

/** Rejects with `SinkSetupError` when the file cannot be written at the start. */
export async function createFileSink(deps: FileSinkDeps): Promise<Sink> {
  const { timeout = TIMEOUT_MS, now = Date.now } = deps;
  const file = await openAtStart({ ...deps, now });
  const closing = new AbortController();
  /** The write under way, which may last longer than anybody waits for it. */
  let busy: Promise<Outcome> | undefined;

  function write(lines: Buffer): Promise<Outcome> {
    const work = file.append(lines).then(
      () => DELIVERED,
      (error: unknown) => failureOf(error),
    );
    busy = work.finally(() => {
      busy = undefined;
    });
    return busy;
  }

  /** One write at a time; what has to wait too long is given up before it is begun, so that nothing is kept for later. */
  async function writeInTurn(lines: Buffer, given: Promise<Failed>): Promise<Outcome> {
    while (busy !== undefined) {
      const waited = await Promise.race([busy.then(() => undefined), given]);
      if (waited !== undefined) return waited;
    }
    return Promise.race([write(lines), given]);
  }

  return {
    name: 'file',
    batch: BATCH,
    lanes: 1,
    wants: () => true,
    async deliver(events, signal) {
      const stop = AbortSignal.any([signal, closing.signal]);
      if (events.length === 0) return [];
      if (stop.aborted) return events.map(() => STOPPED);
      const lines = Buffer.from(events.map(({ json }) => `${json}\n`).join(''));
      const outcome = await withLimit(stop, timeout, (given) => writeInTurn(lines, given));
      return events.map(() => outcome);
    },
    async close() {
      closing.abort();
      // A disk that hangs is not waited for.
      if (busy === undefined) await file.close();
      else busy.then(() => file.close()).catch(() => undefined);
    },
  };
}

const STOPPED: Failed = { type: 'unavailable', why: 'stopped' };
const TOO_LATE: Failed = { type: 'unavailable', why: 'the disk of events-file does not answer in time' };

/** Runs `work` with a promise of what to say when it is stopped or takes too long. */
async function withLimit(
  stop: AbortSignal,
  timeout: number,
  work: (given: Promise<Failed>) => Promise<Outcome>,
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Failed>();
  const timer = setTimeout(() => resolve(TOO_LATE), timeout);
  const stopped = (): void => resolve(STOPPED);
  stop.addEventListener('abort', stopped, { once: true });
  try {
    return await work(promise);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', stopped);
  }
}

function failureOf(error: unknown): Failed {
  if (error instanceof SinkSetupError) return { type: 'unavailable', why: error.message };
  const cause = causeOf(error);
  const full = cause === 'ENOSPC' || cause === 'EDQUOT';
  return { type: 'unavailable', why: full ? 'the disk of events-file is full' : `events-file cannot be written: ${cause}` };
}

async function openAtStart(options: EventFileOptions): Promise<EventFile> {
  try {
    return await openEventFile(options);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new SinkSetupError(`events-file ${options.path} ${wordsOf(causeOf(error))}`, { cause: error });
  }
}

function wordsOf(cause: string): string {
  switch (cause) {
    case 'ENOENT':
      return 'lies in a folder that does not exist. Make the folder, or choose another path.';
    case 'ENOTDIR':
      return 'lies in something that is not a folder. Choose another path.';
    case 'EISDIR':
      return 'is a folder. Choose the path of a file in it.';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `may not be written by this user (${cause}). Change the owner of the file and its folder, or choose another path.`;
    case 'ENOSPC':
    case 'EDQUOT':
      return 'lies on a disk that is full. Make room, or choose another path.';
    default:
      return `cannot be opened (${cause}). Choose another path.`;
  }
}

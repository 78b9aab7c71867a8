/**
 * A file of lines that is only ever appended to, by one writer. A line is whole or not there: what a crash left half written is cut off when the file
 * is opened, and what an append left that failed, when it is opened again.
 */
import { constants } from 'node:fs';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SinkSetupError } from './setup-error.ts';

const { O_APPEND, O_CREAT, O_RDWR } = constants;

/** Events tell what people write: they are for the account that the server runs under. */
const MODE = 0o600;

/** Bytes that are read at a time to find the last line's beginning. */
const CHUNK = 65_536;

/** How every line begins (`toFeedEvent`). What does not is not ours to cut off. */
const BEGINNING = Buffer.from('{"payload":');

const NEWLINE = 10;

export interface EventFileOptions {
  readonly path: string;
  /** From this size on a new file is begun. */
  readonly maxBytes: number;
  /** Files that are kept besides the one that is written. */
  readonly keep: number;
  readonly now: () => number;
  /** How files are opened: `open` of node:fs, or a test's that fails. */
  readonly openFile?: typeof open;
}

export interface EventFile {
  /** Resolves when the lines are on the disk. Rejects with the system's error; the lines, or some of them, may be there nevertheless. */
  append(lines: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** Opens or makes the file. Rejects with the system's error, or `SinkSetupError` when it is no file of events. */
export async function openEventFile(options: EventFileOptions): Promise<EventFile> {
  const { path, maxBytes, keep, now, openFile = open } = options;
  let current: Opened | undefined = await openWhole(path, openFile);

  /** The file at the path, which whoever rotates logs may have moved away or shortened. */
  async function ready(): Promise<Opened> {
    if (current !== undefined) {
      const found = await stat(path).catch(() => undefined);
      if (found?.ino === current.ino && found.dev === current.dev) return Object.assign(current, { size: found.size });
      await letGo();
    }
    current = await openWhole(path, openFile);
    return current;
  }

  async function letGo(): Promise<void> {
    const { handle } = current ?? {};
    current = undefined;
    await handle?.close();
  }

  async function begin(): Promise<Opened> {
    await rename(path, await freeName(path, now()));
    await letGo();
    const fresh = await ready();
    await forgetOld(path, keep);
    return fresh;
  }

  return {
    async append(lines) {
      let file = await ready();
      if (file.size >= maxBytes) file = await begin();
      try {
        await file.handle.appendFile(lines);
        // The size is written with the data, times are not: nobody needs those after a power cut.
        await file.handle.datasync();
      } catch (error) {
        // After a failed sync nobody knows what of it is on the disk; it is opened anew, and what is half there cut off.
        await file.handle.truncate(file.size).catch(() => undefined);
        await letGo().catch(() => undefined);
        throw error;
      }
    },
    close: letGo,
  };
}

interface Opened {
  readonly handle: FileHandle;
  readonly dev: number;
  readonly ino: number;
  size: number;
}

async function openWhole(path: string, openFile: typeof open): Promise<Opened> {
  const handle = await openFile(path, O_APPEND | O_CREAT | O_RDWR, MODE);
  try {
    const stats = await handle.stat();
    const { dev, ino, size: found } = stats;
    if (!stats.isFile()) throw new SinkSetupError(`events-file ${path} is not a file. Choose another path.`);
    const size = await wholeLength(handle, found, path);
    if (size < found) await handle.truncate(size);
    // Its name must be there after a power cut, too.
    await syncFolder(dirname(path));
    return { handle, dev, ino, size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Bytes up to the end of the last whole line. */
async function wholeLength(handle: FileHandle, size: number, path: string): Promise<number> {
  const chunk = Buffer.alloc(CHUNK);
  for (let end = size; end > 0;) {
    const start = Math.max(end - CHUNK, 0);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    const at = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at >= 0 || start === 0) return torn(handle, start + at + 1, size, path);
    end = start;
  }
  return 0;
}

async function torn(handle: FileHandle, whole: number, size: number, path: string): Promise<number> {
  const length = Math.min(size - whole, BEGINNING.length);
  const start = Buffer.alloc(length);
  await handle.read(start, 0, length, whole);
  // A power cut can leave zeros where data was to come.
  if (start[0] === 0 || BEGINNING.subarray(0, length).equals(start)) return whole;
  throw new SinkSetupError(
    `events-file ${path} ends in something that is no event. Choose another path, or move that file away.`,
  );
}

/** A name that tells when the file was ended, and that nobody has. Files of one moment are told apart by the milliseconds that follow it. */
async function freeName(path: string, now: number): Promise<string> {
  for (let time = now; ; time += 1) {
    const name = `${path}.${new Date(time).toISOString().replaceAll(/[-:]/g, '')}`;
    if ((await stat(name).catch(() => undefined)) === undefined) return name;
  }
}

/** Removes the oldest of the ended files. One that cannot be removed is tried again with the next. */
async function forgetOld(path: string, keep: number): Promise<void> {
  const ended = (await readdir(dirname(path))).filter((name) => isEnded(name, basename(path))).sort();
  const old = ended.slice(0, Math.max(ended.length - keep, 0));
  await Promise.allSettled(old.map((name) => unlink(join(dirname(path), name))));
}

const STAMP = /^\.\d{8}T\d{6}\.\d{3}Z$/;

function isEnded(name: string, base: string): boolean {
  return name.startsWith(base) && STAMP.test(name.slice(base.length));
}

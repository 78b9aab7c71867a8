/** A disk that is full or loses its power, for a server process: what disk-faults.c does to it, and what is left on the disk afterwards. */
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from './random.ts';

/** The shim cannot be built here. */
export class NoCompiler extends Error {}

const STATES = { works: '-', full: 'F' } as const;

const FILES = ['switchboard.db', 'switchboard.db-wal'] as const;
const SYNC = 2;
const RECORD_BYTES = 40;

interface Write {
  readonly file: number;
  readonly offset: number;
  readonly old: Buffer;
  readonly bytes: Buffer;
  /** Of the file before. */
  readonly oldSize: number;
}

/** One server at a time, on one data folder. */
export class DiskFaults implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'switchboard-disk-'));
  readonly #data: string;
  readonly #shim: string;

  /** Throws `NoCompiler` with the reason. */
  constructor(data: string) {
    this.#data = data;
    this.#shim = join(this.#folder, 'disk-faults.so');
    try {
      compile(this.#shim);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    writeFileSync(this.#control, STATES.works);
  }

  /** For the environment of the server. `delay`: microseconds a sync takes; `journal`: what a power cut needs. */
  environment(options: { readonly delay?: number; readonly journal?: boolean } = {}): Record<string, string> {
    const { delay = 0, journal = false } = options;
    return {
      LD_PRELOAD: this.#shim,
      DISK_DATA: this.#data,
      DISK_CONTROL: this.#control,
      DISK_DELAY: String(delay),
      ...(journal && { DISK_JOURNAL: this.#journal }),
    };
  }

  become(state: keyof typeof STATES): void {
    // Written in place: a server has it in its memory.
    const fd = openSync(this.#control, 'r+');
    writeSync(fd, STATES[state]);
    closeSync(fd);
  }

  /**
   * What is on the disk after the power has gone, instead of what the killed process had written: all that was synced, and of the rest whatever the
   * disk happened to have written already, in any order. Returns how many writes were lost.
   */
  cutPower(random: Random): number {
    const open = this.#unsynced();
    let lost = 0;
    for (const [file, name] of FILES.entries()) {
      const writes = open.filter((write) => write.file === file);
      const kept = writes.filter(() => random.below(2) === 0);
      lost += writes.length - kept.length;
      takeBack(join(this.#data, name), writes, kept);
    }
    // Memory shared between processes, not on any disk.
    rmSync(join(this.#data, 'switchboard.db-shm'), { force: true });
    rmSync(this.#journal, { force: true });
    return lost;
  }

  get #control(): string {
    return join(this.#folder, 'control');
  }

  get #journal(): string {
    return join(this.#folder, 'journal');
  }

  /** Writes that no sync has covered, in their order. */
  #unsynced(): Write[] {
    const bytes = readFileSync(this.#journal);
    const writes: Write[][] = FILES.map(() => []);
    const synced = FILES.map(() => 0);
    for (let at = 0; at + RECORD_BYTES <= bytes.length;) {
      const file = bytes.readUInt32LE(at + 4);
      const [offset = 0, length = 0, oldLength = 0, oldSize = 0] = [8, 16, 24, 32].map((field) =>
        Number(bytes.readBigUInt64LE(at + field)),
      );
      if (bytes.readUInt32LE(at) === SYNC) {
        synced[file] = Math.max(synced[file] ?? 0, offset);
        at += RECORD_BYTES;
        continue;
      }
      const start = at + RECORD_BYTES;
      const middle = start + oldLength;
      at = middle + length;
      // The end of the process was the end of its last record.
      if (at > bytes.length) break;
      writes[file]?.push({ file, offset, old: bytes.subarray(start, middle), bytes: bytes.subarray(middle, at), oldSize });
    }
    return writes.flatMap((list, file) => list.slice(synced[file]));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function compile(library: string): void {
  const source = join(import.meta.dirname, 'disk-faults.c');
  const compiler = process.env['CC'] ?? 'cc';
  const words = ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'];
  const { error, status, stderr } = spawnSync(compiler, words, { encoding: 'utf8' });
  if (error !== undefined) throw new NoCompiler(`there is no C compiler (${error.message})`);
  if (status !== 0) throw new Error(`${compiler} failed: ${stderr}`);
}

/** The file as it was before the writes, with those that were kept. */
function takeBack(path: string, writes: readonly Write[], kept: readonly Write[]): void {
  const [first] = writes;
  if (first === undefined) return;
  const fd = openSync(path, 'r+');
  for (const { offset, old } of writes.toReversed()) writeSync(fd, old, 0, old.length, offset);
  ftruncateSync(fd, first.oldSize);
  for (const { offset, bytes } of kept) writeSync(fd, bytes, 0, bytes.length, offset);
  closeSync(fd);
}

/** A disk of a few megabytes, in memory. Mounting it needs root. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIZE = 48 * 1024 * 1024;

/** What is left of it when it is nearly full. */
const REST = 2 * 1024 * 1024;

/** It cannot be mounted here. */
export class CannotMount extends Error {}

export class SmallDisk implements Disposable {
  /** A folder on it. */
  readonly data: string;
  readonly #mount = mkdtempSync(join(tmpdir(), 'switchboard-small-'));

  /** Throws `CannotMount` with the reason. */
  constructor() {
    const { error, status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0700`, 'tmpfs', this.#mount], {
      encoding: 'utf8',
    });
    if (error !== undefined || status !== 0) {
      rmSync(this.#mount, { recursive: true });
      throw new CannotMount(`no file system can be mounted (${error?.message ?? stderr.trim()})`);
    }
    this.data = join(this.#mount, 'data');
  }

  /** Puts something large beside the data: little is left. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.#mount);
    writeFileSync(this.#ballast, Buffer.alloc(Math.max(0, bavail * bsize - REST)));
  }

  makeRoom(): void {
    rmSync(this.#ballast);
  }

  get #ballast(): string {
    return join(this.#mount, 'ballast');
  }

  [Symbol.dispose](): void {
    const { status, stderr } = spawnSync('umount', [this.#mount], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    rmSync(this.#mount, { recursive: true });
  }
}

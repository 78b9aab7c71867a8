/** The command line: as a process of its own on the Node.js that runs the tests, or, many times quicker, in this one. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../../src/cli/index.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

type Environment = Readonly<Record<string, string>>;

function launch(words: readonly string[], env: Environment): ChildProcess {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('SWITCHBOARD_'));
  return spawn(process.execPath, [MAIN, ...words], {
    env: { ...Object.fromEntries(own), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function read(stream: ChildProcess['stdout']): Promise<string> {
  return stream === null ? '' : text(stream);
}

/** Runs a command to its end in this process. */
export async function runHere(words: readonly string[], env: Environment = {}): Promise<Ended> {
  const lines = { out: '', err: '' };
  const code = await runCommandLine(words, {
    out: (line) => void (lines.out += `${line}\n`),
    err: (line) => void (lines.err += `${line}\n`),
    env,
    stopped: () => new AbortController().signal,
  });
  return { ...lines, code };
}

/** Runs a command to its end. */
export async function run(words: readonly string[], env: Environment = {}): Promise<Ended> {
  const child = launch(words, env);
  const ended = once(child, 'exit');
  const [out, err] = await Promise.all([read(child.stdout), read(child.stderr)]);
  await ended;
  return { out, err, code: child.exitCode };
}

/** A command that goes on until it is told to stop. */
export class Running implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: { out: string[]; err: string[] } = { out: [], err: [] };
  readonly #ended: Promise<unknown>;
  #wake: () => void = () => undefined;

  constructor(words: readonly string[], env: Environment = {}) {
    const child = launch(words, env);
    this.#child = child;
    const streams = (['out', 'err'] as const).map((name) => {
      const stream = name === 'out' ? child.stdout : child.stderr;
      if (stream === null) throw new Error('no pipe');
      const lines = createInterface({ input: stream });
      lines.on('line', (line) => {
        this.#lines[name].push(line);
        this.#wake();
      });
      return once(lines, 'close');
    });
    this.#ended = Promise.all([once(child, 'exit'), ...streams]).then(() => this.#wake());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get out(): readonly string[] {
    return this.#lines.out;
  }

  get err(): readonly string[] {
    return this.#lines.err;
  }

  /** The first line that fits, now or when it comes; rejects when the process ends without one. */
  async line(pattern: RegExp, stream: 'out' | 'err' = 'out'): Promise<string> {
    for (;;) {
      const found = this.#lines[stream].find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        await this.#ended;
        const last = this.#lines[stream].find((line) => pattern.test(line));
        if (last !== undefined) return last;
        throw new Error(`ended with ${this.#child.exitCode} without ${pattern}: ${[...this.out, ...this.err].join('\n')}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the exit code, null after a deadly signal. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

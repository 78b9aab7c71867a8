/** A program that a test starts beside itself: its end is that of the test. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

export interface Program {
  /** What its output shows once it is ready, by `ready`. */
  readonly told: RegExpExecArray;
  /** It does not move until `resume`: connections stay open, nobody answers. */
  pause(): Promise<void>;
  resume(): void;
  /** As after a power cut; resolves when it is gone. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts it and waits until its output (both streams) matches `ready`. Rejects when it ends before that. */
export async function startProgram(
  file: string,
  args: readonly string[],
  { ready }: { readonly ready: RegExp },
): Promise<Program> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      running.delete(child);
      resolve();
    });
  });
  const told = await new Promise<RegExpExecArray>((resolve, reject) => {
    let output = '';
    let isReady = false;
    // Both streams are read to the end: a program whose output nobody reads stops.
    const read = (chunk: Buffer): void => {
      if (isReady) return;
      output += chunk.toString();
      const match = ready.exec(output);
      if (match === null) return;
      isReady = true;
      resolve(match);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    void gone.then(() => reject(new Error(`${file} ended before it was ready: ${output}`)));
  });
  return {
    told,
    async pause() {
      child.kill('SIGSTOP');
      while (!(await stands(child.pid ?? 0))) await setImmediate();
    },
    resume: () => void child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Threads go on for a moment after the signal. Where the system does not say what they do, they are taken at its word. */
async function stands(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const states = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ') T'));
  return (await Promise.all(states)).every((text) => text.slice(text.lastIndexOf(')')).startsWith(') T'));
}

/** A program that a test starts beside itself: its end is that of the test. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

export interface Program {
  /** What its output shows once it is ready, by `ready`. */
  readonly told: RegExpExecArray;
  /** It does not move until `resume`: connections stay open, nobody answers. */
  pause(): void;
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
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

import { spawn } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Longest time a server has to drain before it is killed. */
const STOP_MS = 12_000;
/** How much of a child's error output is kept, to be shown when it fails. */
const KEPT_ERROR_CHARS = 4_000;

export interface Children {
  /** Starts a program whose end is ours: it is killed when this process ends. */
  start(command: readonly [string, ...string[]], env?: Readonly<Record<string, string>>): StartedChild;
  killAll(): void;
}

export interface StartedChild {
  readonly process: Child;
  /** The next line of standard output; rejects when the program ends before it. */
  readLine(): Promise<string>;
  /** What it wrote to standard error since this was last asked, the end of it if it was much. */
  takeErrors(): string;
  /** SIGTERM, then SIGKILL; resolves when it has ended. */
  stop(): Promise<void>;
  /** Resolves when it has ended, however that came about. */
  readonly ended: Promise<void>;
}

export function createChildren(): Children {
  const running = new Set<ChildProcess>();
  const killAll = (): void => {
    for (const child of running) child.kill('SIGKILL');
  };
  process.on('exit', killAll);
  return {
    killAll,
    start([file, ...args], env = {}) {
      const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
      running.add(child);
      child.once('close', () => running.delete(child));
      return watch(child, nameOf([file, ...args]));
    },
  };
}

/** What a reader knows a command by: the script that Node runs, or the program. */
function nameOf(command: readonly string[]): string {
  const path = command.find((part) => part.endsWith('.ts')) ?? command.find((part) => part.startsWith('/'));
  return basename(path ?? command[0] ?? '');
}

/** The line of an error output that names the error, or its first. */
function reasonIn(errors: string): string {
  const lines = errors.trim().split('\n');
  return lines.find((line) => /\w*Error\b/.test(line)) ?? lines[0] ?? '';
}

function watch(child: Child, name: string): StartedChild {
  const lines: string[] = [];
  const readers: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  let rest = '';
  let errors = '';
  let failure: Error | undefined;
  const end = (error: Error): void => {
    failure = error;
    for (const reader of readers.splice(0)) reader.reject(error);
  };
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-KEPT_ERROR_CHARS);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      const reader = readers.shift();
      if (reader) reader.resolve(line);
      else lines.push(line);
    }
  });
  child.once('error', end);
  child.once('close', (code, signal) => {
    end(new Error(`${name} ended with ${signal ?? code}${errors ? `: ${reasonIn(errors)}` : ''}`));
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    process: child,
    ended,
    takeErrors() {
      const taken = errors.trim();
      errors = '';
      return taken;
    },
    async readLine() {
      const line = lines.shift();
      if (line !== undefined) return line;
      if (failure) throw failure;
      return new Promise<string>((resolve, reject) => readers.push({ resolve, reject }));
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

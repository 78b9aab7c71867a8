/** The documents as their readers meet them: the blocks of code in them, and a terminal to type those into. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export interface Block {
  /** `sh`, `ts`; empty when it is not to be run. */
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a document, in order. */
export function blocksOf(path: string): readonly Block[] {
  const blocks = readDocument(path).matchAll(/^```(\w*)\n(.*?)^```$/gms);
  return Array.from(blocks, ([, language = '', content = '']) => ({ language, text: content }));
}

/** The files and folders that a document links to, relative to it. */
export function linksOf(path: string): readonly string[] {
  const links = readDocument(path).matchAll(/\]\((?!https?:)([^)#]+)/g);
  return Array.from(links, ([, target = '']) => join(path, '..', target));
}

export interface Said {
  readonly out: string;
  readonly err: string;
  /** Null after Ctrl+C, unless the command turned that into an end in order. */
  readonly code: number | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A shell in one folder. What a command sets is there for the next one. */
export class Terminal implements AsyncDisposable {
  readonly #folder: string;
  #env: Environment;
  readonly #open = new Set<Command>();

  /** `env`: besides what this process has, less what npm and the caller's own settings would change. */
  constructor(env: Environment, folder = ROOT) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|SWITCHBOARD_|NODE_OPTIONS|VITEST)/.test(name));
    this.#env = { ...Object.fromEntries(inherited), ...env };
    this.#folder = folder;
  }

  /** Types commands; they go on until they end or are told to. A command that fails ends them all. */
  type(commands: string): Command {
    const script = `set -aeuo pipefail\n${commands}\nenv -0 >&3`;
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe'] as const;
    const child = spawn('bash', ['-c', script], { cwd: this.#folder, env: this.#env, stdio: [...stdio], detached: true });
    const command = new Command(child, (variables) => {
      this.#env = variables;
    });
    this.#open.add(command);
    void command.ended.then(() => this.#open.delete(command));
    return command;
  }

  /** Types commands and waits until they have ended. */
  run(commands: string): Promise<Said> {
    return this.type(commands).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#open, (command) => command.kill()));
  }
}

/** What was typed, on its way. */
export class Command {
  readonly ended: Promise<Said>;
  readonly #child: ChildProcess;
  #said = { out: '', err: '' };
  #heard: () => void = () => undefined;
  #over = false;

  /** `keep` is given the variables at the end of the last command. */
  constructor(child: ChildProcess, keep: (variables: Record<string, string>) => void) {
    this.#child = child;
    for (const [name, stream] of [['out', child.stdout] as const, ['err', child.stderr] as const]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.#said[name] += chunk;
        this.#heard();
      });
    }
    this.ended = this.#end(keep);
  }

  async #end(keep: (variables: Record<string, string>) => void): Promise<Said> {
    const variables = this.#child.stdio[3];
    const closed = once(this.#child, 'close');
    const listed = variables instanceof Readable ? await text(variables) : '';
    await closed;
    this.#over = true;
    this.#heard();
    if (listed !== '') {
      const entries = listed.split('\0').map((entry): [string, string] => {
        const [name = '', ...rest] = entry.split('=');
        return [name, rest.join('=')];
      });
      keep(Object.fromEntries(entries));
    }
    return { ...this.#said, code: this.#child.exitCode };
  }

  /** Resolves with the first match in standard output; rejects when the commands end without one. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#said.out);
      if (match !== null) return match;
      if (this.#over) throw new Error(`ended without ${pattern}: ${this.#said.out}${this.#said.err}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** As a terminal does: to everything that was started. */
  ctrlC(): void {
    this.#signal('SIGINT');
  }

  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.ended;
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#over && this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
  }
}

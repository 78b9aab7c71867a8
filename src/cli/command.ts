/** What every command of the command line has, and how it ends. */
import type { Config } from '../config.ts';

/** What a caller can rely on; `switchboard help` shows it. */
export const EXIT = { ok: 0, failed: 1, usage: 2, cannotConnect: 3, refused: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit codes in words, for `--json`: `{"error": {"code", "message"}}` on standard error. */
export const CODES: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: 'ok',
  [EXIT.failed]: 'failed',
  [EXIT.usage]: 'usage',
  [EXIT.cannotConnect]: 'cannot_connect',
  [EXIT.refused]: 'refused',
};

/** Where a command writes, and the environment it runs in. */
export interface Io {
  /** A line on standard output: results, and nothing else. */
  out(line: string): void;
  /** A line on standard error, in words. */
  err(line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first SIGINT or SIGTERM. Whoever reads it ends in order; a second signal ends the process. */
  stopped(): AbortSignal;
}

/** What was written on the command line. */
export interface Arguments {
  readonly positionals: readonly string[];
  /** The last value given; undefined when it was not. */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
}

export interface CommandOption {
  readonly name: string;
  /** What follows it: `<id>`; absent for a switch. */
  readonly value?: string;
  readonly about: string;
  readonly default?: string;
  /** It may be given several times. */
  readonly many?: true;
}

export interface Command {
  /** One or two words. */
  readonly name: string;
  readonly summary: string;
  /** What follows the options: `<to> <text>`; one in `[…]` may be left out. */
  readonly positionals?: readonly string[];
  readonly options: readonly CommandOption[];
  /** Which options of the configuration it takes: those of the server, these and those of its clients, or none, so that it works when they are wrong. */
  readonly configured: 'server' | 'client' | 'none';
  /** More for `--help`: an example. */
  readonly details?: string;
  /** Throws `CommandError` for what the caller can mend. */
  run(io: Io, config: Config, args: Arguments): Promise<ExitCode>;
}

/** Ends the command with words for the caller: what happened and what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exit: ExitCode;

  constructor(exit: ExitCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.exit = exit;
  }
}

export const JSON_OPTION: CommandOption = {
  name: 'json',
  about: 'Print JSON for programs; a failure is {"error": {"code", "message"}} on standard error.',
};

/** The command line: finds the command, reads its options and the configuration, runs it, and turns whatever it throws into words. */
import { ConfigError, parseConfig, nearest } from '../config.ts';
import { SecretError } from '../auth/secret.ts';
import { ChatError } from '../core/index.ts';
import { parseArguments } from './arguments.ts';
import { CODES, CommandError, EXIT, JSON_OPTION } from './command.ts';
import type { Command, ExitCode, Io } from './command.ts';
import { configPrint } from './config-print.ts';
import { conversationCreate } from './conversation-create.ts';
import { conversationMembers } from './conversation-members.ts';
import { doctor } from './doctor.ts';
import { erase } from './erase.ts';
import { eventsDead } from './events-dead.ts';
import { eventsReplay } from './events-replay.ts';
import { eventsTail } from './events-tail.ts';
import { exportUser } from './export.ts';
import { createHelp, helpOf } from './help.ts';
import { history } from './history.ts';
import { listen } from './listen.ts';
import { retention } from './retention.ts';
import { send } from './send.ts';
import { start } from './start.ts';
import { token } from './token.ts';
import { trace } from './trace.ts';
import { version } from './version.ts';

export type { ExitCode, Io } from './command.ts';

const WORKERS: readonly Command[] = [
  start,
  token,
  send,
  listen,
  history,
  conversationCreate,
  conversationMembers,
  exportUser,
  erase,
  retention,
  eventsTail,
  eventsReplay,
  eventsDead,
  trace,
  doctor,
  configPrint,
  version,
];

export const COMMANDS: readonly Command[] = [...WORKERS, createHelp(WORKERS)];

/** Runs one command. Resolves with the exit code of the process; rejects for a fault of ours. */
export async function runCommandLine(words: readonly string[], io: Io): Promise<ExitCode> {
  try {
    const [command, rest] = findCommand(words);
    const { args, options, help } = parseArguments(command, rest);
    if (help) {
      for (const line of helpOf(command)) io.out(line);
      return EXIT.ok;
    }
    const given = command.configured === 'none' ? { options: {}, env: {} } : { options, env: io.env };
    return await command.run(io, parseConfig(given), args);
  } catch (error) {
    return explain(error, io, asksForJson(words));
  }
}

function findCommand(words: readonly string[]): readonly [Command, readonly string[]] {
  const [first = 'help', second = ''] = words;
  if (first === '--help' || first === '-h') return [commandNamed('help'), []];
  if (first === '--version' || first === '-v') return [commandNamed('version'), words.slice(1)];
  if (first.startsWith('-')) return [commandNamed('start'), words];
  const found = [`${first} ${second}`, first].map((name) => COMMANDS.find((command) => command.name === name)).find(Boolean);
  if (found !== undefined) return [found, words.slice(found.name.split(' ').length)];
  throw new CommandError(EXIT.usage, unknownCommand(first, second));
}

function commandNamed(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  return command;
}

function unknownCommand(first: string, second: string): string {
  const family = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  if (family.length > 0) return `"${first}" is one half of a command: ${family.join(', ')}.`;
  const given = second === '' ? first : `${first} ${second}`;
  const names = COMMANDS.map(({ name }) => name);
  const near = nearest(first, names) ?? nearest(given, names);
  return `"${first}" is not a command.${near === undefined ? '' : ` Did you mean ${near}?`} See: switchboard help`;
}

/** What went wrong, for the caller: words, or one line of JSON where JSON was asked for. Throws what is a fault of ours. */
function explain(error: unknown, io: Io, asJson: boolean): ExitCode {
  const { exit, problems } = failureOf(error);
  if (asJson) io.err(JSON.stringify({ error: { code: CODES[exit], message: problems.join('\n') } }));
  else for (const problem of problems) io.err(`switchboard: ${problem}`);
  return exit;
}

function failureOf(error: unknown): { readonly exit: ExitCode; readonly problems: readonly string[] } {
  if (error instanceof ConfigError) return { exit: EXIT.usage, problems: error.problems };
  if (error instanceof CommandError) return { exit: error.exit, problems: [error.message] };
  if (error instanceof SecretError || error instanceof ChatError) return { exit: EXIT.failed, problems: [error.message] };
  throw error;
}

/** Looked for in the words themselves: they may be what is wrong. What follows `--` is no option. */
function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).includes(`--${JSON_OPTION.name}`);
}

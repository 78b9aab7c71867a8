/** From the words on the command line to options and what follows them. A mistyped option is named with the nearest known one. */
import { parseArgs } from 'node:util';
import { OPTION_LIST, nearest } from '../config.ts';
import { CommandError, EXIT } from './command.ts';
import type { Arguments, Command } from './command.ts';

export interface ParsedArguments {
  readonly args: Arguments;
  /** Options of the configuration. */
  readonly options: Readonly<Record<string, string>>;
  /** `--help` was given. */
  readonly help: boolean;
}

interface Known {
  readonly valued: boolean;
  readonly many: boolean;
  readonly configured: boolean;
}

/** Throws a usage error. */
export function parseArguments(command: Command, words: readonly string[]): ParsedArguments {
  const known = knownOptions(command);
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries([...known].map(([name, { valued }]) => [name, { type: valued ? 'string' : 'boolean' } as const])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const name = token.name === 'h' ? 'help' : token.name;
    const option = known.get(name);
    if (option === undefined) throw unknownOption(command, token.rawName, [...known.keys()]);
    values.set(name, [...(values.get(name) ?? []), checkedValue(command, token, option, values.has(name))]);
  }
  const given = [...values].filter(([name]) => known.get(name)?.configured === true);
  const help = values.has('help');
  if (!help) checkPositionals(command, positionals);
  return {
    args: {
      positionals,
      text: (name) => values.get(name)?.at(-1),
      texts: (name) => values.get(name) ?? [],
      flag: (name) => values.has(name),
    },
    options: Object.fromEntries(given.map(([name, texts]) => [name, texts.at(-1) ?? ''])),
    help,
  };
}

function knownOptions(command: Command): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>([['help', { valued: false, many: true, configured: false }]]);
  for (const { name, of } of OPTION_LIST) {
    if (command.configured === 'client' || command.configured === of)
      known.set(name, { valued: true, many: false, configured: true });
  }
  for (const { name, value, many } of command.options) {
    known.set(name, { valued: value !== undefined, many: many === true, configured: false });
  }
  return known;
}

function checkedValue(
  command: Command,
  token: { readonly rawName: string; readonly value?: string | undefined },
  option: Known,
  again: boolean,
): string {
  const { rawName, value } = token;
  if (option.valued && value === undefined) throw usage(command, `${rawName} needs a value.`);
  if (!option.valued && value !== undefined) throw usage(command, `${rawName} takes no value.`);
  if (again && option.valued && !option.many) throw usage(command, `${rawName} is given twice.`);
  return value ?? '';
}

function unknownOption(command: Command, rawName: string, names: readonly string[]): CommandError {
  const near = nearest(rawName.replace(/^-+/, ''), names);
  return usage(command, `${rawName} is not an option of ${command.name}.${near === undefined ? '' : ` Did you mean --${near}?`}`);
}

function checkPositionals(command: Command, given: readonly string[]): void {
  const wanted = command.positionals ?? [];
  const missing = wanted[given.length];
  const extra = given[wanted.length];
  if (missing !== undefined && !missing.startsWith('[')) throw usage(command, `${missing} is missing.`);
  if (extra !== undefined)
    throw usage(command, `"${extra}" is one word too many.${wanted.length > 0 ? ' Put a text with spaces in quotes.' : ''}`);
}

/** The command was called in a way it does not know. */
export function usage(command: Pick<Command, 'name'>, message: string): CommandError {
  return new CommandError(EXIT.usage, `${message} See: switchboard help ${command.name}`);
}

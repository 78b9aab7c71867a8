/** `switchboard help [command]`: everything it says comes from the tables of commands and options. */
import { OPTION_LIST, variableOf } from '../config.ts';
import { CommandError, EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { table, wrapped } from './print.ts';

const EXIT_CODES = [
  '0  done',
  '1  it failed',
  '2  wrong usage or configuration',
  '3  the server cannot be reached',
  '4  the server refused',
];

/** `commands`: all others. */
export function createHelp(commands: readonly Command[]): Command {
  const help: Command = {
    name: 'help',
    summary: 'Show this, or all about one command: switchboard help send.',
    options: [JSON_OPTION],
    configured: 'none',
    positionals: ['[command]', '[…]'],
    async run(io, _config, args) {
      const all = [...commands, help];
      const name = args.positionals.join(' ');
      const command = all.find((candidate) => candidate.name === name);
      if (name !== '' && command === undefined)
        throw new CommandError(EXIT.usage, `"${name}" is not a command. See: switchboard help`);
      if (args.flag('json')) io.out(JSON.stringify(command === undefined ? all.map(describe) : describe(command)));
      else for (const line of command === undefined ? overview(all) : helpOf(command)) io.out(line);
      return EXIT.ok;
    },
  };
  return help;
}

function overview(commands: readonly Command[]): string[] {
  return [
    'Switchboard: one chat server that speaks many interfaces.',
    '',
    'Usage: switchboard <command> [options]      (without a command, options are those of start)',
    '',
    'Commands:',
    ...table(commands.map(({ name, summary }) => [name, summary])),
    '',
    'Exit codes:',
    ...EXIT_CODES.map((line) => `  ${line}`),
    '',
    'Options of the server are also read from the environment (SWITCHBOARD_PORT) and from a JSON file (--config).',
    'All of them: switchboard help start. Their values and where each came from: switchboard config print.',
  ];
}

/** All about one command. */
export function helpOf(command: Command): string[] {
  const { name, summary, positionals = [], options, configured, details } = command;
  const lines = [`Usage: switchboard ${[name, ...positionals, '[options]'].join(' ')}`, '', ...wrapped(summary, 0), ''];
  if (details !== undefined) lines.push(...details.split('\n'), '');
  lines.push('Options:');
  for (const { name: option, value, about, default: fallback } of options) {
    lines.push(...entry(`--${option}${value === undefined ? '' : ` ${value}`}`, about, fallback));
  }
  for (const option of configured === 'client' ? OPTION_LIST.filter(({ of }) => of === 'client') : []) {
    lines.push(...entry(`--${option.name} <${option.kind.label}>`, `${option.about} Also ${variableOf(option.name)}.`));
  }
  if (name === 'start') {
    lines.push('', 'Options of the server, each also in the environment and in the file of --config:');
    for (const { name: option, kind, default: fallback, about, of } of OPTION_LIST) {
      if (of === 'server') lines.push(...entry(`--${option} <${kind.label}>`, `${about} ${variableOf(option)}`, fallback));
    }
  } else if (configured !== 'none')
    lines.push('', 'And the options of the server (--data, --port, --config, …): switchboard help start.');
  lines.push('', `Exit codes: ${EXIT_CODES.map((line) => line.replace('  ', ' ')).join('; ')}.`);
  return lines;
}

function entry(usage: string, about: string, fallback?: string): string[] {
  return [`  ${usage}`, ...wrapped(`${about}${fallback === undefined ? '' : ` Default: ${fallback}`}`, 6)];
}

function describe(command: Command): object {
  const { name, summary, positionals = [], options, configured } = command;
  const shared = OPTION_LIST.filter(({ of }) => configured === 'client' || configured === of).map((option) => ({
    name: option.name,
    value: option.kind.label,
    default: option.default ?? null,
    about: option.about,
    environment: variableOf(option.name),
  }));
  return { name, summary, positionals, options: [...options, ...shared] };
}

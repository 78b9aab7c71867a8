/** `switchboard config print`: every option, its value and where it came from. Secrets are masked. */
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';

export const configPrint: Command = {
  name: 'config print',
  summary: 'Print every option, its value and where it came from; secrets are masked.',
  options: [JSON_OPTION],
  configured: 'client',
  async run(io, config, args) {
    if (args.flag('json')) {
      io.out(JSON.stringify(config.sources));
      return EXIT.ok;
    }
    const rows = config.sources.map(({ name, value, from }) => [name, value === '' ? '(not set)' : value, from] as const);
    const [first = 0, second = 0] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    for (const [name, value, from] of rows) io.out(`${name.padEnd(first)}  ${value.padEnd(second)}  ${from}`);
    return EXIT.ok;
  },
};

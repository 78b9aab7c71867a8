/** `switchboard version` */
import { ownVersion } from '../config.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';

export const version: Command = {
  name: 'version',
  summary: 'Print the version.',
  options: [JSON_OPTION],
  configured: 'none',
  async run(io, _config, args) {
    const found = ownVersion();
    io.out(args.flag('json') ? JSON.stringify({ version: found, node: process.versions.node }) : found);
    return EXIT.ok;
  },
};

/** `switchboard version` */
import { readFileSync } from 'node:fs';
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

function ownVersion(): string {
  const content: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const found = typeof content === 'object' && content !== null && 'version' in content ? content.version : undefined;
  return typeof found === 'string' ? found : 'unknown';
}

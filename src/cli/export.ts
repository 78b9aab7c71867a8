/** `switchboard export --user <id>`: all that is kept of a person. */
import { usage } from './arguments.ts';
import { CLIENT_OPTIONS } from './client.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { createOperator } from './operator.ts';
import { idText } from './stream.ts';

export const exportUser: Command = {
  name: 'export',
  summary: 'Print all that is kept of a person, one JSON record per line.',
  options: [{ name: 'user', value: '<user id>', about: 'Whose. Needed.' }, ...CLIENT_OPTIONS, JSON_OPTION],
  configured: 'client',
  details: 'Example: switchboard export --user 7 --admin-token my-secret > user-7.jsonl',
  async run(io, config, args) {
    const user = args.text('user');
    if (user === undefined) throw usage(exportUser, '--user is needed: whose data?');
    const id = idText(exportUser, '--user', user);
    const operator = await createOperator(config, args, false);
    for await (const line of operator.lines(`/api/users/${id}/export`)) io.out(line);
    return EXIT.ok;
  },
};

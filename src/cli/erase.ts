/** `switchboard erase --user <id>`: erases a person. */
import { setTimeout } from 'node:timers/promises';
import { usage } from './arguments.ts';
import { field } from './client.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { OPERATOR_OPTIONS, createOperator } from './operator.ts';
import { idText, plain } from './stream.ts';

/** How often the server is asked how far it is. Milliseconds. */
const ASK_EVERY_MS = 500;

export const erase: Command = {
  name: 'erase',
  summary: 'Erase a person: account, messages, files, search words. This cannot be undone. Waits until nothing is left.',
  options: [
    { name: 'user', value: '<user id>', about: 'Who. Needed.' },
    { name: 'confirm', value: '<user id>', about: 'The same id once more. Needed.' },
    ...OPERATOR_OPTIONS,
    JSON_OPTION,
  ],
  configured: 'client',
  details: 'Example: switchboard erase --user 7 --confirm 7 --admin-token my-secret',
  async run(io, config, args) {
    const id = idText(erase, '--user', args.text('user') ?? '');
    if (args.text('confirm') !== id) throw usage(erase, '--confirm must be the same id as --user: this cannot be undone.');
    const operator = await createOperator(config, args, true);
    const stopped = io.stopped();
    let erasure = await operator.request('DELETE', `/api/users/${id}`);
    while (field(erasure, 'state') === 'running' && !stopped.aborted) {
      await setTimeout(ASK_EVERY_MS);
      erasure = await operator.request('GET', `/api/users/${id}/erasure`);
    }
    io.out(args.flag('json') ? JSON.stringify(erasure) : `${id}  ${plain(field(erasure, 'state'))}`);
    return EXIT.ok;
  },
};

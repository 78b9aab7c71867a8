/** `switchboard conversation members <id>`: who is in a conversation; `--add` and `--remove` change it. */
import { CLIENT_OPTIONS, createClient, field } from './client.ts';
import { entriesOf } from './pages.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { harmless } from './print.ts';
import { idText, plain } from './stream.ts';

export const conversationMembers: Command = {
  name: 'conversation members',
  summary: 'Print the members of a conversation, one per line; --add and --remove change them first.',
  positionals: ['<conversation>'],
  options: [
    { name: 'add', value: '<user id>', about: 'A new member; may be given several times.', many: true },
    { name: 'remove', value: '<user id>', about: 'Who is to leave; may be given several times.', many: true },
    ...CLIENT_OPTIONS,
    JSON_OPTION,
  ],
  configured: 'client',
  details: 'Example: switchboard conversation members 123 --add 4 --as 1',
  async run(io, config, args) {
    const id = idText(conversationMembers, '<conversation>', args.positionals[0] ?? '');
    const [add, remove] = ['add', 'remove'].map((option) =>
      args.texts(option).map((user) => idText(conversationMembers, `--${option}`, user)),
    );
    const client = await createClient(config, args);
    const change = { add: add ?? [], remove: remove ?? [] };
    if (change.add.length + change.remove.length > 0) await client.request('PUT', `/api/conversations/${id}/members`, change);
    const members = await Array.fromAsync(entriesOf(client, `/api/conversations/${id}/members`, 'members', 'after'));
    if (args.flag('json')) io.out(JSON.stringify(members));
    else for (const member of members) io.out(harmless(`${plain(field(member, 'userId'))}  ${plain(field(member, 'role'))}`));
    return EXIT.ok;
  },
};

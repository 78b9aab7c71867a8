/** `switchboard conversation create` */
import { usage } from './arguments.ts';
import { CLIENT_OPTIONS, createClient, field } from './client.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { idText, plain } from './stream.ts';

/** Kinds that are created; a private conversation exists from its first message. */
const KINDS = ['group', 'channel', 'room'];

export const conversationCreate: Command = {
  name: 'conversation create',
  summary: 'Create a group, channel or room; whoever creates it owns it. Prints its id.',
  options: [
    {
      name: 'kind',
      value: `<${KINDS.join('|')}>`,
      about: 'group: all write; channel: few write, many follow; room: one is in while connected.',
      default: 'group',
    },
    { name: 'name', value: '<text>', about: 'What people see. Needed.' },
    { name: 'notice', value: '<text>', about: 'A longer text at its top.' },
    { name: 'member', value: '<user id>', about: 'A first member; may be given several times.', many: true },
    ...CLIENT_OPTIONS,
    JSON_OPTION,
  ],
  configured: 'client',
  details: 'Example: switchboard conversation create --name Team --member 2 --member 3 --as 1',
  async run(io, config, args) {
    const kind = args.text('kind') ?? 'group';
    if (!KINDS.includes(kind)) throw usage(conversationCreate, `--kind must be one of ${KINDS.join(', ')}.`);
    const [name, notice] = [args.text('name'), args.text('notice')];
    if (name === undefined) throw usage(conversationCreate, '--name is missing: what people see.');
    const members = args.texts('member').map((id) => idText(conversationCreate, '--member', id));
    const client = await createClient(config, args);
    const created = await client.request('POST', '/api/conversations', {
      kind,
      name,
      members,
      ...(notice !== undefined && { notice }),
    });
    io.out(args.flag('json') ? JSON.stringify(created) : plain(field(created, 'id')));
    return EXIT.ok;
  },
};

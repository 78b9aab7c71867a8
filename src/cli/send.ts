/** `switchboard send <to> <text>`: one text message to a user, group, channel or room. */
import { randomUUID } from 'node:crypto';
import { usage } from './arguments.ts';
import { CLIENT_OPTIONS, createClient, field } from './client.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { CATEGORIES, KINDS, TYPE_TEXT, idText, plain } from './stream.ts';

export const send: Command = {
  name: 'send',
  summary: 'Send a text to a user, or to a group, channel or room. Prints the id of the stored message.',
  positionals: ['<to>', '<text>'],
  options: [
    { name: 'kind', value: `<${KINDS.join('|')}>`, about: 'What <to> is the id of; private: a user.', default: 'private' },
    {
      name: 'key',
      value: '<text>',
      about: 'Idempotency key: the same send repeated with it within 24 hours is stored once.',
      default: 'a new one',
    },
    ...CLIENT_OPTIONS,
    JSON_OPTION,
  ],
  configured: 'client',
  details: 'Example: switchboard send 2 "Hello" --as 1',
  async run(io, config, args) {
    const [to = '', text = ''] = args.positionals;
    const kind = args.text('kind') ?? 'private';
    const category = CATEGORIES.get(kind);
    if (category === undefined) throw usage(send, `--kind must be one of ${KINDS.join(', ')}.`);
    const receiver = idText(send, '<to>', to);
    const client = await createClient(config, args);
    const post = { postmark: { category, sender: String(client.user()), receiver }, type: TYPE_TEXT, text: { content: text } };
    const path = kind === 'room' ? '/message/room/send' : '/message/chat/send';
    const postmark = await client.request('POST', path, post, { 'idempotency-key': args.text('key') ?? randomUUID() });
    io.out(args.flag('json') ? JSON.stringify(postmark) : plain(field(postmark, 'unique_id')));
    return EXIT.ok;
  },
};

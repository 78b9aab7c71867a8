/** `switchboard history <conversation>`: what has been said. */
import { usage } from './arguments.ts';
import { CLIENT_OPTIONS, createClient, field } from './client.ts';
import type { Client } from './client.ts';
import { CommandError, EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { entriesOf } from './pages.ts';
import { harmless } from './print.ts';
import { idText, plain } from './stream.ts';

/** Which messages: at most one of them. */
const PLACES = ['before', 'after', 'around'] as const;

export const history: Command = {
  name: 'history',
  summary: 'Print the messages of a conversation, oldest first: the newest page, or one before, after or around a message.',
  positionals: ['<conversation>'],
  options: [
    { name: 'private', about: '<conversation> is the id of a user: the private conversation with that user.' },
    { name: 'before', value: '<message id>', about: 'The page before this message.' },
    { name: 'after', value: '<message id>', about: 'The page after this message.' },
    { name: 'around', value: '<message id>', about: 'The page around this message.' },
    { name: 'limit', value: '<n>', about: 'Messages on the page.', default: '50' },
    ...CLIENT_OPTIONS,
    JSON_OPTION,
  ],
  configured: 'client',
  details: 'Example: switchboard history 2 --private --as 1',
  async run(io, config, args) {
    const id = idText(history, '<conversation>', args.positionals[0] ?? '');
    const places = PLACES.filter((place) => args.flag(place));
    if (places.length > 1) throw usage(history, `--${places[0]} and --${places[1]} exclude each other.`);
    const limit = args.text('limit') ?? '50';
    if (!/^[1-9][0-9]{0,5}$/.test(limit)) throw usage(history, '--limit must be a number from 1 up.');
    const query = new URLSearchParams({ limit });
    for (const place of places) query.set(place, idText(history, `--${place}`, args.text(place) ?? ''));
    const client = await createClient(config, args);
    const conversation = args.flag('private') ? await privateWith(client, id) : id;
    const page = await client.request('GET', `/api/conversations/${conversation}/messages?${query.toString()}`);
    if (args.flag('json')) io.out(JSON.stringify(page));
    else for (const message of messagesOf(page)) io.out(lineOf(message));
    return EXIT.ok;
  },
};

async function privateWith(client: Client, user: string): Promise<string> {
  for await (const entry of entriesOf(client, '/api/conversations', 'conversations', 'before')) {
    const id = field(entry, 'id');
    if (field(entry, 'peerId') === user && typeof id === 'string') return id;
  }
  throw new CommandError(EXIT.refused, `There is no private conversation with user ${user} yet.`);
}

function messagesOf(page: unknown): readonly unknown[] {
  const messages = field(page, 'messages');
  return Array.isArray(messages) ? messages : [];
}

function lineOf(message: unknown): string {
  const [at, sender, id, state, type] = ['sentAt', 'senderId', 'id', 'state', 'type'].map((name) => plain(field(message, name)));
  const what = field(message, 'text') ?? field(field(message, 'resource'), 'url') ?? field(message, 'location') ?? '';
  const words = typeof what === 'string' ? what : JSON.stringify(what);
  const mark = state === 'sent' ? type : state;
  return harmless(`${at}  ${sender}  #${id}  ${mark === 'text' ? '' : `[${mark}] `}${words}`.trimEnd());
}

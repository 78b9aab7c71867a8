/** `switchboard events tail`: what happens, as it happens. */
import { setTimeout } from 'node:timers/promises';
import { CommandError, EXIT, JSON_OPTION } from './command.ts';
import type { Command, Io } from './command.ts';
import { placeText } from './events.ts';
import { OPERATOR_OPTIONS, createOperator } from './operator.ts';
import type { Operator } from './operator.ts';
import { harmless } from './print.ts';
import { field, parsed } from './client.ts';
import { plain } from './stream.ts';

/** A follower that lost its server asks again after so long. Milliseconds. */
const AGAIN_AFTER_MS = 1_000;

export const eventsTail: Command = {
  name: 'events tail',
  summary: 'Print events as they happen, one per line; takes up again where it was when the server comes back.',
  options: [
    { name: 'after', value: '<place>', about: 'Begin behind this place of the feed; 0: with the oldest that is kept.' },
    { name: 'type', value: '<name>', about: 'Only events with this name.', many: true },
    ...OPERATOR_OPTIONS,
    JSON_OPTION,
  ],
  configured: 'client',
  details: 'Example: switchboard events tail --type personalChatSent --json --admin-token my-secret',
  async run(io, config, args) {
    const operator = await createOperator(config, args, true);
    const stopped = io.stopped();
    const types = args.texts('type').map((type) => `&type=${encodeURIComponent(type)}`);
    const place = { after: placeText(eventsTail, 'after', args) ?? (await newest(operator)), first: true };
    while (!stopped.aborted) {
      try {
        await follow(io, operator, { types: types.join(''), place, signal: stopped, json: args.flag('json') });
      } catch (error) {
        if (stopped.aborted) break;
        if (place.first || !(error instanceof CommandError) || error.exit !== EXIT.cannotConnect) throw error;
        io.err(error.message);
      }
      if (!stopped.aborted) await setTimeout(AGAIN_AFTER_MS);
    }
    return EXIT.ok;
  },
};

/** A place that nothing that has happened lies behind. */
async function newest(operator: Operator): Promise<string> {
  for (let after = '0'; ;) {
    const page = await operator.request('GET', `/api/events?limit=100&after=${after}`);
    after = plain(field(page, 'next'));
    if (field(page, 'more') !== true) return after;
  }
}

interface Following {
  readonly types: string;
  readonly place: { after: string; first: boolean };
  readonly signal: AbortSignal;
  readonly json: boolean;
}

async function follow(io: Io, operator: Operator, { types, place, signal, json }: Following): Promise<void> {
  let id = '';
  for await (const line of operator.lines(`/api/events?after=${place.after}${types}`, { accept: 'text/event-stream', signal })) {
    place.first = false;
    if (line.startsWith('id: ')) id = line.slice('id: '.length);
    if (line === 'event: cut') io.err('Something behind this place was forgotten (events-retention): what follows begins later.');
    if (!line.startsWith('data: {"')) continue;
    const text = line.slice('data: '.length);
    io.out(json ? text : lineOf(id, parsed(text)));
    place.after = id;
  }
}

function lineOf(place: string, event: unknown): string {
  const [at, name, user] = ['timestamp', 'name', 'userId'].map((member) => plain(field(event, member)));
  return harmless(`${at}  #${place}  ${name}  ${user}  ${JSON.stringify(field(event, 'payload'))}`);
}

/** `switchboard events dead`: what sinks have refused for good. */
import { usage } from './arguments.ts';
import { field } from './client.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command, Io } from './command.ts';
import { SINK_OPTION } from './events.ts';
import { OPERATOR_OPTIONS, createOperator } from './operator.ts';
import type { Operator } from './operator.ts';
import { harmless } from './print.ts';
import { plain } from './stream.ts';

/** Dead letters in one call. */
const STEP = 100;

export const eventsDead: Command = {
  name: 'events dead',
  summary: 'Print the events that sinks have refused for good, try them once more (--retry), or let them go (--drop).',
  options: [
    SINK_OPTION,
    { name: 'retry', about: 'Try those of --sink once more.' },
    { name: 'drop', about: 'Let those of --sink go.' },
    ...OPERATOR_OPTIONS,
    JSON_OPTION,
  ],
  configured: 'client',
  details: 'Example: switchboard events dead --sink webhook --retry --admin-token my-secret',
  async run(io, config, args) {
    const sink = args.text('sink');
    const [retry, drop] = [args.flag('retry'), args.flag('drop')];
    if (retry && drop) throw usage(eventsDead, '--retry and --drop exclude each other.');
    if ((retry || drop) && sink === undefined) throw usage(eventsDead, '--sink is needed: whose?');
    const operator = await createOperator(config, args, true);
    if (sink !== undefined && (retry || drop)) {
      const settled = await settle(operator, sink, retry);
      io.out(args.flag('json') ? JSON.stringify({ settled }) : `${settled} dead letters less`);
      return EXIT.ok;
    }
    const printed = await print(io, operator, sink, args.flag('json'));
    if (printed === 0 && !args.flag('json')) io.err('There are no dead letters.');
    return EXIT.ok;
  },
};

async function* pages(operator: Operator, sink: string | undefined): AsyncGenerator<readonly unknown[]> {
  const query = new URLSearchParams({ limit: String(STEP), ...(sink !== undefined && { sink }) });
  for (let next: unknown = '0'; typeof next === 'string';) {
    query.set('after', next);
    const page = await operator.request('GET', `/api/events/dead?${query.toString()}`);
    const dead = field(page, 'dead');
    yield Array.isArray(dead) ? dead : [];
    next = field(page, 'next');
  }
}

async function print(io: Io, operator: Operator, sink: string | undefined, json: boolean): Promise<number> {
  let printed = 0;
  for await (const page of pages(operator, sink)) {
    for (const letter of page) {
      const [at, of, place, attempts, error] = ['at', 'sink', 'place', 'attempts', 'error'].map((name) =>
        plain(field(letter, name)),
      );
      io.out(json ? JSON.stringify(letter) : harmless(`${at}  ${of}  #${place}  ${attempts} attempts  ${error}`));
      printed += 1;
    }
  }
  return printed;
}

async function settle(operator: Operator, sink: string, retry: boolean): Promise<number> {
  let settled = 0;
  for await (const page of pages(operator, sink)) {
    const places = page.map((letter) => plain(field(letter, 'place')));
    if (places.length === 0) continue;
    const [method, path] = retry ? (['POST', '/api/events/dead/retry'] as const) : (['DELETE', '/api/events/dead'] as const);
    settled += Number(field(await operator.request(method, path, { sink, places }), 'settled'));
  }
  return settled;
}

/** `switchboard events replay`: a range of the feed once more, to one sink. */
import { usage } from './arguments.ts';
import { field } from './client.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Command } from './command.ts';
import { SINK_OPTION, placeText } from './events.ts';
import { OPERATOR_OPTIONS, createOperator } from './operator.ts';
import { plain } from './stream.ts';

/** Events in one step: a line says how far it is. */
const STEP = 1_000;

export const eventsReplay: Command = {
  name: 'events replay',
  summary: 'Deliver a range of the feed to one sink once more. Each event has the id it had; consumers tell repetitions by it.',
  options: [
    { ...SINK_OPTION, about: `${SINK_OPTION.about} Needed.` },
    { name: 'after', value: '<place>', about: 'Begin behind this place. Needed.' },
    { name: 'until', value: '<place>', about: 'And end with this one; else with the newest.' },
    ...OPERATOR_OPTIONS,
    JSON_OPTION,
  ],
  configured: 'client',
  details: 'Example: switchboard events replay --sink webhook --after 489204140204032 --admin-token my-secret',
  async run(io, config, args) {
    const sink = args.text('sink');
    let after = placeText(eventsReplay, 'after', args);
    const until = placeText(eventsReplay, 'until', args);
    if (sink === undefined || after === undefined) throw usage(eventsReplay, '--sink and --after are needed: what to where?');
    const operator = await createOperator(config, args, true);
    const stopped = io.stopped();
    let delivered = 0;
    for (let more = true; more && !stopped.aborted;) {
      const body = { sink, after, ...(until !== undefined && { until }), limit: STEP };
      const step = await operator.request('POST', '/api/events/replay', body);
      delivered += Number(field(step, 'delivered'));
      after = plain(field(step, 'next'));
      more = field(step, 'more') === true;
      if (more) io.err(`${delivered} events delivered, up to ${after}`);
    }
    io.out(args.flag('json') ? JSON.stringify({ delivered, next: after }) : `${delivered} events delivered, up to ${after}`);
    return EXIT.ok;
  },
};

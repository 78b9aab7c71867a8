/** What the commands about the feed have in common. */
import type { Arguments, Command, CommandOption } from './command.ts';
import { idText } from './stream.ts';

export const SINK_OPTION: CommandOption = {
  name: 'sink',
  value: '<name>',
  about: 'One of the sinks, as /api/events/sinks calls it.',
};

/** A place in the feed, or 0 for the oldest that is kept. */
export function placeText(command: Command, name: string, args: Arguments): string | undefined {
  const text = args.text(name);
  return text === undefined || text === '0' ? text : idText(command, `--${name}`, text);
}

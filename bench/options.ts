import { parseArgs } from 'node:util';
import { GOAL_IDS } from './goal-ids.ts';
import type { GoalId } from './goal-ids.ts';

/** How long everything takes. */
export interface Pace {
  readonly name: 'quick' | 'default' | 'full';
  readonly rounds: number;
  readonly warmup: number;
  readonly seconds: number;
}

const PACES = {
  quick: { name: 'quick', rounds: 1, warmup: 0.6, seconds: 1.5 },
  default: { name: 'default', rounds: 2, warmup: 1, seconds: 3 },
  full: { name: 'full', rounds: 4, warmup: 2, seconds: 5 },
} as const;

export interface Options {
  readonly goals: readonly GoalId[];
  readonly pace: Pace;
  readonly serverArgs: readonly string[];
  readonly profile: boolean;
  readonly baselinesOnly: boolean;
}

export const HELP = `npm run bench -- [options]

  --only F1,F2        only these goals (${GOAL_IDS.join(' ')})
  --quick             one short round, about three minutes for everything
  --full              four long rounds
  --server-args '…'   more arguments for Switchboard, separated by spaces
  --profile           run Switchboard alone under --cpu-prof and print where its time went
  --baselines-only    leave Switchboard out

It ends with 0 when everything could be measured, whatever the goals say, with 1 when something failed, with 2 when it cannot run here.
`;

/** A command line that makes no sense; the message tells what would. */
export class OptionsError extends Error {}

/** The options of a command line, or undefined when it asks for help. Throws OptionsError. */
export function readOptions(argv: readonly string[]): Options | undefined {
  const values = parse(argv);
  if (values.help) return undefined;
  if (values.quick && values.full) throw new OptionsError('--quick or --full, not both');
  if (values.profile && values['baselines-only']) throw new OptionsError('--profile needs Switchboard');
  return {
    goals: values.only === undefined ? GOAL_IDS : readGoals(values.only),
    pace: values.quick ? PACES.quick : values.full ? PACES.full : PACES.default,
    serverArgs: values['server-args']?.split(/\s+/).filter(Boolean) ?? [],
    profile: values.profile ?? false,
    baselinesOnly: values['baselines-only'] ?? false,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean' },
        full: { type: 'boolean' },
        'server-args': { type: 'string' },
        profile: { type: 'boolean' },
        'baselines-only': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new OptionsError(error instanceof Error ? error.message : String(error));
  }
}

function readGoals(text: string): GoalId[] {
  const wanted = text
    .toUpperCase()
    .split(',')
    .map((id) => id.trim())
    .filter(Boolean);
  const unknown = wanted.filter((id) => !GOAL_IDS.some((known) => known === id));
  if (unknown.length > 0 || wanted.length === 0)
    throw new OptionsError(`--only knows ${GOAL_IDS.join(', ')}, not ${unknown.join(', ') || 'nothing'}`);
  return GOAL_IDS.filter((id) => wanted.includes(id));
}

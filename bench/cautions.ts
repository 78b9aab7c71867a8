import type { Figure } from './figures.ts';
import { GOALS } from './goals.ts';
import { percent } from './numbers.ts';
import { SERVER_NAMES } from './servers.ts';

/** A core idle for more than this was not saturated: work per CPU second must not be compared then. */
const SATURATED = 0.9;
/** A generator this busy may be what limits the server. */
const GENERATOR_LIMIT = 0.9;
/** Other programs on the server's core for more than this share of the time: read latencies with care. */
const DISTURBED = 0.1;

/** What a reader must know before trusting the ratios of this run. */
export function cautions(figures: readonly Figure[]): string[] {
  const found: string[] = [];
  let disturbed = 0;
  for (const { goal, server, metrics } of figures) {
    const name = `${goal}: ${SERVER_NAMES[server]}`;
    const { busy = 1, generatorShare = 0 } = metrics;
    if (GOALS[goal].headline === 'perCpuSecond' && busy < SATURATED) {
      found.push(`${name} was not saturated (core busy ${percent(busy)}): its work per CPU second is not comparable`);
    }
    if (generatorShare > GENERATOR_LIMIT)
      found.push(`${name}: the load generator itself was at ${percent(generatorShare)} of its core`);
    disturbed = Math.max(disturbed, metrics.disturbed ?? 0);
  }
  if (disturbed > DISTURBED) {
    found.push(
      `other programs had the server's core for up to ${percent(disturbed)} of a run: latencies and work per second suffer, work per CPU second less`,
    );
  }
  return found;
}

/** What retention removes, told before it does. */
import type { Core } from '../core.ts';
import type { RetentionRule } from '../model.ts';
import { cutsOf, findOverdue, sorted } from '../retention.ts';

/** What one rule finds. */
export interface OverdueCount {
  readonly rule: RetentionRule;
  readonly conversations: number;
  readonly messages: number;
  readonly files: number;
  readonly bytes: number;
}

/**
 * What every rule would remove at this moment. `namespace` limits it to one; `rules` instead of those of the configuration, to try them before
 * they apply. Nothing is removed.
 */
export function countOverdue(
  core: Core,
  options: { readonly namespace?: string; readonly rules?: readonly RetentionRule[] },
): Promise<readonly OverdueCount[]> {
  return core.reports.run('retention', () => count(core, options));
}

async function count(core: Core, { namespace, rules = core.limits.retention }: Parameters<typeof countOverdue>[1]) {
  const ordered = sorted(rules);
  const counts = ordered.map((rule) => ({ rule, conversations: 0, messages: 0, files: 0, bytes: 0 }));
  for await (const overdue of findOverdue(core, cutsOf(ordered, core.now()))) {
    const counted = counts[overdue.cut];
    if (counted === undefined || (namespace !== undefined && overdue.namespace !== namespace)) continue;
    counted.conversations += 1;
    counted.messages += overdue.before - overdue.from;
    counted.files += overdue.files;
    counted.bytes += overdue.bytes;
  }
  return counts.filter(({ rule }) => namespace === undefined || (rule.namespace ?? namespace) === namespace);
}

/** How the text of `retention` becomes rules: `default/group=30d, default/*=1y`. */
import { CONVERSATION_KINDS } from '../core/index.ts';
import type { RetentionRule } from '../core/index.ts';
import { BadValue } from './values.ts';
import type { Kind } from './values.ts';

const DAY = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: DAY, w: 7 * DAY, y: 365 * DAY };

/** Shorter is what expiring messages are for. */
const MIN_KEEP = 3_600_000;
const MAX_KEEP = 100 * 365 * DAY;

const NAMESPACE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** More rules than anybody can oversee. */
const MAX_RULES = 1_000;

export function retention(): Kind<readonly RetentionRule[]> {
  return {
    label: 'namespace/kind=time, with commas between; * for any; time in h, d, w, y | off',
    parse(text) {
      if (text.trim() === 'off') return [];
      const rules = text.split(',').map((part) => parseRule(part.trim()));
      if (rules.length > MAX_RULES) throw new BadValue(`has more than ${MAX_RULES} rules`);
      const scopes = rules.map(({ namespace = '*', kind = '*' }) => `${namespace}/${kind}`);
      const twice = scopes.find((scope, at) => scopes.indexOf(scope) !== at);
      if (twice !== undefined) throw new BadValue(`says twice how long ${twice} is kept`);
      return rules;
    },
  };
}

function parseRule(text: string): RetentionRule {
  const match = /^([^/=]+)\/([^/=]+)=([0-9]{1,9})([a-z])$/.exec(text);
  const [, namespace = '', kind = '', amount = '', unit = ''] = match ?? [];
  const factor = UNITS[unit];
  if (match === null || factor === undefined)
    throw new BadValue(`has "${text}": write namespace/kind=time, like default/group=30d`);
  if (namespace !== '*' && !NAMESPACE.test(namespace)) throw new BadValue(`has "${namespace}", which is no name of a namespace`);
  const known = CONVERSATION_KINDS.find((one) => one === kind);
  if (kind !== '*' && known === undefined)
    throw new BadValue(`has "${kind}": a kind is one of ${CONVERSATION_KINDS.join(', ')}, *`);
  const keep = Number(amount) * factor;
  if (keep < MIN_KEEP || keep > MAX_KEEP) throw new BadValue(`has "${amount}${unit}": from 1h to 100y`);
  return { ...(namespace !== '*' && { namespace }), ...(known !== undefined && { kind: known }), keep };
}

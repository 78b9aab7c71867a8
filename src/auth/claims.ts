/** What a verified token says (design.md, "What scripts may rely on": sub, name, role, ns, exp). */
import { ROLES } from '../core/index.ts';
import type { Claims, Millis, Role } from '../core/index.ts';
import { CLOCK_TOLERANCE_MS, refused } from './refusals.ts';

/** Throws `unauthenticated` when a claim is not what it must be: a wrong role is refused, never taken for the default. */
export function toClaims(payload: Readonly<Record<string, unknown>>, now: Millis): Claims {
  const { sub, ns, role, name, jti, iat, exp, widget_source: source } = payload;
  if (typeof sub !== 'string' || sub === '') throw refused('The subject of the token (sub) must be a text.');
  if (ns !== undefined && typeof ns !== 'string') throw refused('The namespace of the token (ns) must be a text.');
  if (name !== undefined && typeof name !== 'string') throw refused('The name in the token (name) must be a text.');
  if (jti !== undefined && typeof jti !== 'string') throw refused('The id of the token (jti) must be a text.');
  if (source !== undefined && (typeof source !== 'string' || source === ''))
    throw refused('The widget of the token (widget_source) must be a text.');
  const issuedAt = typeof iat === 'number' ? Math.round(iat * 1000) : 0;
  // Revoking all tokens up to now must reach every token there is.
  if (issuedAt > now + CLOCK_TOLERANCE_MS) throw refused('The token is issued in the future (iat).');
  return {
    subject: sub,
    namespace: ns ?? 'default',
    role: roleOf(role),
    ...(name !== undefined && { name }),
    ...personOf(payload),
    ...(jti !== undefined && { token: jti }),
    ...(source !== undefined && { source }),
    issuedAt,
    expiresAt: typeof exp === 'number' ? Math.round(exp * 1000) + CLOCK_TOLERANCE_MS : Infinity,
  };
}

function roleOf(given: unknown): Role {
  if (given === undefined) return 'user';
  const role = ROLES.find((known) => known === given);
  if (role === undefined) throw refused(`The role of the token is not one of ${ROLES.join(', ')}.`);
  return role;
}

/** How the support desk shows the user (seed 003, User). What is no text is left out: other systems have claims of these names, too. */
function personOf(payload: Readonly<Record<string, unknown>>): Pick<Claims, 'person'> {
  const text = (value: unknown): value is string => typeof value === 'string' && value !== '';
  const { avatar, firstname, lastname, patronymic } = payload;
  const person = {
    ...(text(avatar) && { avatar }),
    ...(text(firstname) && { firstname }),
    ...(text(lastname) && { lastname }),
    ...(text(patronymic) && { patronymic }),
  };
  return Object.keys(person).length === 0 ? {} : { person };
}

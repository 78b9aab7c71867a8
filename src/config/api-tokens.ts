/** Api-Tokens of the configuration: who they are, what they may do. Only the hash of a secret leaves this file. */
import { SCOPES, hashSecret } from '../core/index.ts';
import type { ApiToken } from '../core/index.ts';
import { BadValue } from './values.ts';
import type { Kind } from './values.ts';

export type ConfiguredToken = Omit<ApiToken, 'createdAt'>;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Entries with commas between: `secret`, which may do everything, or `name:scope+scope:secret`, or `name@namespace:scope+scope:secret`. */
export function apiTokens(): Kind<readonly ConfiguredToken[]> {
  return {
    label: 'secret or name[@namespace]:scope+scope:secret, with commas between',
    parse(given) {
      const tokens: ConfiguredToken[] = [];
      for (const entry of given.split(',')) {
        const token = parseEntry(entry.trim(), tokens.length + 1);
        const twin = tokens.find(({ name, hash }) => name === token.name || hash === token.hash);
        if (twin !== undefined) {
          throw new BadValue(
            twin.name === token.name
              ? `has two tokens named ${token.name}`
              : `gives ${twin.name} and ${token.name} the same secret`,
          );
        }
        tokens.push(token);
      }
      return tokens;
    },
  };
}

/** Errors name the entry by its place, never by its text: it may be a secret. */
function parseEntry(entry: string, place: number): ConfiguredToken {
  const parts = entry.split(':');
  const secret = parts.slice(2).join(':');
  const [label = '', scopeList = ''] = parts;
  if (entry === '' || (parts.length > 2 && secret === '')) {
    throw new BadValue(`has no secret in entry ${place}: an empty token would open nothing. Give it a secret or leave it out`);
  }
  if (parts.length === 1)
    return { name: place === 1 ? 'default' : `default-${place}`, hash: hashSecret(entry), scopes: ['admin'] };
  if (parts.length === 2) throw new BadValue(`entry ${place} must be a secret without ':' or name:scope+scope:secret`);
  const [name = '', namespace, ...rest] = label.split('@');
  if (!NAME.test(name)) throw new BadValue(`entry ${place}: a name has 1 to 64 letters, digits, dots, dashes or underscores`);
  if (rest.length > 0 || (namespace !== undefined && !NAME.test(namespace))) {
    throw new BadValue(`entry ${place}: a namespace has 1 to 64 letters, digits, dots, dashes or underscores`);
  }
  const scopes = scopeList.split('+');
  if (!scopes.every((scope) => SCOPES.some((known) => known === scope))) {
    throw new BadValue(`entry ${place} has a scope that is not one of ${SCOPES.join(', ')}`);
  }
  return { name, hash: hashSecret(secret), scopes, ...(namespace !== undefined && { namespace }) };
}

/**
 * Addresses that others gave, as they are told. The core takes none that would run in the page that shows it; of what was stored before it looked at
 * them, none is told either.
 */
import { opensOnTheWeb } from '../../core/index.ts';
import type { JsonObject, Links, User } from '../../core/index.ts';

/** The address; empty where there is none that may be told. */
export function linkTo(address = ''): string {
  return opensOnTheWeb(address) ? address : '';
}

/** Of a user: what a back end says, else the picture here; empty for none. */
export function avatarOf(links: Links, { picture, person = {} }: Pick<User, 'picture' | 'person'>): string {
  if (person.avatar !== undefined) return linkTo(person.avatar);
  return picture === undefined ? '' : links.show(picture);
}

/** A file of a back end's, without addresses that may not be told. */
export function withLinks(foreign: JsonObject): JsonObject {
  const told = { ...foreign };
  for (const name of ['url', 'url_preview']) {
    const address = told[name];
    if (typeof address === 'string') told[name] = linkTo(address);
  }
  return told;
}

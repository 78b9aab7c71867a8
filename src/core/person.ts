/** What the desk is told of a user. */
import { WEB, checkLabel, opensOnTheWeb } from './content.ts';
import { ChatError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Person } from './model.ts';

/** Throws `invalid_argument` with the part that cannot be kept. */
export function checkPerson(person: Person, limits: Limits): void {
  const { avatar, ...words } = person;
  for (const [field, value] of Object.entries(words)) checkLabel(field, value, limits.maxNameLength);
  if (avatar === undefined) return;
  checkLabel('avatar', avatar, limits.maxUrlBytes);
  // What starts like an address of ours would be taken for a file that anybody may see.
  if (!avatar.startsWith('/files/') && opensOnTheWeb(avatar)) return;
  throw new ChatError('invalid_argument', `avatar: ${WEB}`, { fields: { avatar: WEB } });
}

/** Whether all of one is said by the other already. */
export function isWithin(some: Person, all: Person): boolean {
  return JSON.stringify({ ...all, ...some }) === JSON.stringify(all);
}

/** What people call somebody whose name has parts. */
export function nameOf({ firstname = '', patronymic = '', lastname = '' }: Person): string {
  return [firstname, patronymic, lastname].filter((part) => part !== '').join(' ');
}

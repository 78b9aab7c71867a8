/** Who a message of a support chat is for, by the type and the role that a back end gave it (seed 003, "/message"; wire.md section 4). */
import { DESK_MESSAGE_TYPES, OPERATORS } from './model.ts';

/** Whoever is in the chat, and those who hear of it: what `type_role` says of messages that are for nobody in particular. */
const ANYBODY = 'user';

const ROLES = ['user', 'operator', 'bot', 'system'] as const;

export interface Addressed {
  /** The one role that sees it; undefined: everybody in the chat. A role that nobody has is seen by nobody. */
  readonly audience: string | undefined;
  /** What is kept of its role: undefined where that goes without saying. */
  readonly typeRole: string | undefined;
}

/**
 * Notes are for operators, system messages for their role, standard and bot messages for everybody, whatever their role says. A type that is
 * not ours goes by its role alone. Undefined: a system message that does not say for whom.
 *
 * Spelling hides nothing: capitals, blanks and marks between the letters do not count.
 */
export function addressOf(type: string, typeRole: string | undefined): Addressed | undefined {
  const role = typeRole === undefined ? undefined : (spelledAs(ROLES, typeRole) ?? typeRole);
  switch (spelledAs(DESK_MESSAGE_TYPES, type)) {
    case 'note':
      return { audience: OPERATORS, typeRole: OPERATORS };
    case 'system':
      return role === undefined ? undefined : { audience: role, typeRole };
    case 'standard':
    case 'bot':
      return { audience: undefined, typeRole: role === ANYBODY ? undefined : typeRole };
    case undefined:
      return role === undefined || role === ANYBODY ? { audience: undefined, typeRole: undefined } : { audience: role, typeRole };
  }
}

function spelledAs<W extends string>(words: readonly W[], word: string): W | undefined {
  const letters = word
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
  return words.find((one) => one === letters);
}

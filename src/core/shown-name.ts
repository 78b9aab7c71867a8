/** What a user is called before others. */
import type { User } from './model.ts';

/** Both names of a user. */
export interface ShownName {
  /**
   * The name to go by: of a built-in account the sign-in name, which nobody else can take; of others, whom an account system answers for, the
   * name it gave them. Empty where there is none.
   */
  readonly username: string;
  /** The display name, freely chosen, where it is another. */
  readonly name?: string;
}

export function shownName({ name, username = name }: Pick<User, 'name' | 'username'>): ShownName {
  return name === username || name === '' ? { username } : { username, name };
}

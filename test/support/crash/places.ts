/** Where one can write. */
import { Category } from '../clients/stream-frame.ts';

/** The peer of a private conversation, or a conversation. */
export interface Place {
  readonly category: number;
  readonly receiver: number;
}

export function privateKey(one: number, other: number): string {
  return `${Math.min(one, other)}+${Math.max(one, other)}`;
}

/** The name of a place for the conversation of a user there: the two users of a private one, else its id. */
export function keyOf({ category, receiver }: Place, user: number): string {
  return category === Category.PRIVATE ? privateKey(user, receiver) : String(receiver);
}

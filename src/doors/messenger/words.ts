/** Refusals in the words of this interface. */
import { inWordsOf } from '../../api/index.ts';

/** What the core calls a message's text and the sender's name for a send, clients of this interface call otherwise. */
const WORDS = { text: 'content', 'idempotency key': 'clientMessageId' };

/** Lets the sending or changing of a message be refused by the names that its fields have here. */
export function inOurWords<T>(work: Promise<T>): Promise<T> {
  return inWordsOf(WORDS, work);
}

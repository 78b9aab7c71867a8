/** Find messages by their words. */
import { checkString } from '../content.ts';
import type { Core } from '../core.ts';
import { ChatError } from '../errors.ts';
import type { Actor, Id } from '../model.ts';
import { LISTED, kindsFor, notFound } from '../policy.ts';
import type { SearchPage } from '../ports.ts';
import { queryTerms } from '../search-terms.ts';

export interface SearchMessages {
  readonly query: string;
  /** Only in this conversation, which must be one of the actor's own. */
  readonly conversation?: Id;
  /** Only messages older than this one: the page after one that ended with it. */
  readonly before?: Id;
  readonly limit: number;
}

/** Characters of a query: a sentence, not a text. */
const MAX_QUERY_LENGTH = 256;

/**
 * Messages in the actor's conversations that have all words of the query, newest first. Rooms are not searched: nobody is a member of one. A
 * query without a word finds nothing.
 */
export async function searchMessages(core: Core, actor: Actor, input: SearchMessages): Promise<SearchPage> {
  const { query, conversation, before } = input;
  checkString('q', query);
  if (query.length > MAX_QUERY_LENGTH) {
    const problem = `has at most ${MAX_QUERY_LENGTH} characters`;
    throw new ChatError('invalid_argument', `q: ${problem}`, { fields: { q: problem } });
  }
  const { namespace, user } = actor;
  const mayList = kindsFor(actor, LISTED).length > 0;
  if (conversation !== undefined) {
    const isMember = (await core.store.membership(conversation, user)) !== undefined;
    if (!mayList || !isMember || (await core.directory.conversation(conversation))?.aside !== undefined) throw notFound();
  }
  const terms = queryTerms(query);
  if (terms.length === 0 || !mayList) return { messages: [], more: false };
  return core.searches.run(`${user}/${namespace}`, () =>
    core.store.search({
      namespace,
      user,
      ...(conversation !== undefined && { conversation }),
      ...(before !== undefined && { before }),
      terms,
      limit: Math.max(1, Math.min(input.limit, core.limits.maxPage)),
    }),
  );
}

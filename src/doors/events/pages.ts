/** Reads of the feed what one caller may see and wants. */
import { ChatError, timeOfId } from '../../core/index.ts';
import type { Chat, Id } from '../../core/index.ts';
import { EVENT_NAMES, toFeedEvent } from '../../feed/index.ts';
import type { FeedEvent } from '../../feed/index.ts';

/** Facts looked at for one page: whoever wants few of many goes on where this one ends. */
const MAX_LOOKED_AT = 5_000;

/** Facts read from the store at a time. */
const STEP = 500;

/** A place further ahead than clocks differ is a mistake. Milliseconds. */
const MAX_AHEAD_MS = 60_000;

const NAMES: ReadonlySet<string> = new Set(Object.values(EVENT_NAMES).map(({ name }) => name));

export interface Wanted {
  readonly namespace: string;
  readonly after: Id;
  /** Names; absent: all. */
  readonly names?: ReadonlySet<string>;
  readonly limit: number;
}

export interface Page {
  readonly events: readonly FeedEvent[];
  readonly next: Id;
  readonly more: boolean;
  readonly cut: boolean;
}

/** Refuses names that no event has, and places that cannot be. */
export function toWanted(
  chat: Chat,
  asked: { namespace: string; after: Id; type: string | readonly string[] | undefined; limit: number },
): Wanted {
  const { namespace, after, type, limit } = asked;
  const names = type === undefined ? undefined : new Set(typeof type === 'string' ? [type] : type);
  const unknown = [...(names ?? [])].find((name) => !NAMES.has(name));
  if (unknown !== undefined) {
    throw new ChatError('invalid_argument', `type: no event has this name. There are: ${[...NAMES].join(', ')}.`, {
      fields: { type: 'is no name of an event' },
    });
  }
  if (after !== 0 && timeOfId(after) > chat.now() + MAX_AHEAD_MS) {
    throw new ChatError('invalid_argument', 'after: lies in the future: it is no place of this feed', {
      fields: { after: 'lies in the future' },
    });
  }
  return { namespace, after, limit, ...(names !== undefined && { names }) };
}

export async function readPage({ feed }: Chat, { namespace, after, names, limit }: Wanted): Promise<Page> {
  const events: FeedEvent[] = [];
  let next = after;
  let cut = false;
  for (let looked = 0; looked < MAX_LOOKED_AT; looked += STEP) {
    const page = await feed.read(next, STEP);
    cut ||= page.cut;
    for (const fact of page.facts) {
      if (events.length === limit) return { events, next, more: true, cut };
      next = fact.event.id;
      if (fact.event.namespace !== namespace || names?.has(EVENT_NAMES[fact.event.type].name) === false) continue;
      events.push(toFeedEvent(fact));
    }
    next = Math.max(next, page.next);
    if (page.facts.length < STEP) return { events, next, more: false, cut };
  }
  return { events, next, more: true, cut };
}

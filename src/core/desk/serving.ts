/** Which chats are whose to serve. Pure. */
import type { Id } from '../model.ts';
import type { SupportChat } from './model.ts';

/** Widgets, or departments. None of them: nothing at all. */
export type Sources = readonly string[] | 'all';

export function serves(sources: Sources, source: string): boolean {
  if (sources === 'all') return true;
  // What came through no widget belongs to nobody in particular: whoever serves some widget serves it too.
  return source === '' ? sources.length > 0 : sources.includes(source);
}

/** What an operator who is there may be given. */
export interface Ready {
  /** Chats at a time. */
  readonly capacity: number;
  readonly sources: Sources;
  readonly departments: Sources;
}

/** By operator. */
export type Staff = ReadonlyMap<Id, Ready>;

/** Whether an operator who has `load` chats may be given this one. */
export function mayBeGiven(ready: Ready, load: number, chat: Pick<SupportChat, 'source' | 'department'>): boolean {
  const { capacity, sources, departments } = ready;
  const isTheirs = chat.department === '' || departments === 'all' || departments.includes(chat.department);
  return load < capacity && isTheirs && serves(sources, chat.source);
}

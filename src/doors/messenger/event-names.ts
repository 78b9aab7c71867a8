/** What the events are called: the names of wire.md section 3, the aliases of clients, and what the configuration renames. */
import type { ClientEvents, ServerEvents } from './wire.ts';

export type ClientEvent = keyof ClientEvents;
export type ServerEvent = keyof ServerEvents;

export const CLIENT_EVENTS: readonly ClientEvent[] = [
  'join_chat',
  'leave_chat',
  'typing_start',
  'typing_end',
  'send_message',
  'mark_read',
  'sync',
];

export const SERVER_EVENTS: readonly ServerEvent[] = [
  'typing_start',
  'typing_end',
  'new_message',
  'sidebar_update',
  'chat_updated',
  'added_to_chat',
  'chat_deleted',
  'presence_update',
];

/** What clients of this family also say. */
const ALIASES: readonly (readonly [string, ClientEvent])[] = [
  ['joinChat', 'join_chat'],
  ['join-chat', 'join_chat'],
  ['leaveChat', 'leave_chat'],
  ['leave-chat', 'leave_chat'],
  ['typing', 'typing_start'],
  ['stop_typing', 'typing_end'],
  ['typing_stop', 'typing_end'],
];

export interface EventNames {
  /** The event a client means; undefined when this interface has none of that name. */
  incoming(name: string): ClientEvent | undefined;
  outgoing(event: ServerEvent): string;
}

/** A renamed event goes by its new name alone, in both directions; aliases stay, unless the new name of another event is one. */
export function createEventNames(renamed: readonly (readonly [string, string])[]): EventNames {
  const names = new Map<string, string>([...CLIENT_EVENTS, ...SERVER_EVENTS].map((event) => [event, event]));
  for (const [event, name] of renamed) {
    if (!names.has(event)) throw new Error(`the messenger has no event ${event}`);
    names.set(event, name);
  }
  const nameOf = (event: string): string => names.get(event) ?? event;
  const incoming = new Map<string, ClientEvent>([
    ...ALIASES,
    ...CLIENT_EVENTS.map((event): readonly [string, ClientEvent] => [nameOf(event), event]),
  ]);
  return { incoming: (name) => incoming.get(name), outgoing: nameOf };
}

/** Where events go: how far each sink is, a range once more, and what was refused. Only for tokens that see all namespaces. */
import { serverFrom, serversOnly, toId, toIds, toLimit, toNext, toPlace, toTime } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { ChatError, MAX_ID } from '../../core/index.ts';
import type { DeadLetter, EventRelays, Id, Server } from '../../core/index.ts';
import { DeadChoice, DeadLetters, DeadPlace, Replay, Replayed, Settled, Sinks } from './wire.ts';

/** Events behind a sink are counted up to here. */
const MAX_COUNTED = 100_000;

const DEFAULT_REPLAY = 1_000;

/** Sinks that may have refused one event: more than anybody configures in the life of a feed. */
const MAX_SINKS = 100;

export function registerSinks(http: Routes, { chat, operation, relays }: RouteDeps & { relays: EventRelays }): void {
  const { store, committer } = chat.core;

  /** Several sinks may have refused one event: a page of all of them ends with a whole one, as the next begins behind it. */
  async function pageOf(sink: string | undefined, after: Id, limit: number): Promise<readonly DeadLetter[]> {
    const page = await store.deadLetters(sink, after, limit);
    const last = page.at(-1);
    if (sink !== undefined || last === undefined || page.length < limit) return page;
    const others = await store.deadLetters(undefined, last.event - 1, MAX_SINKS);
    return [...page.filter(({ event }) => event < last.event), ...others.filter(({ event }) => event === last.event)];
  }

  http.get(
    '/events/sinks',
    operation(
      serversOnly('events'),
      { id: 'listSinks', tag: 'events', summary: 'Where events go, and how far each sink has come' },
      { response: { 200: Sinks } },
    ),
    async (request) => {
      everywhere(serverFrom(request));
      const sinks = relays.states().map(async ({ position, ...state }) => ({
        ...state,
        position: String(position),
        behind: await store.feedDepth(position, MAX_COUNTED),
      }));
      return { sinks: await Promise.all(sinks) };
    },
  );

  http.post(
    '/events/replay',
    operation(
      serversOnly('events'),
      {
        id: 'replayEvents',
        tag: 'events',
        summary: 'Deliver a range of the feed to one sink once more',
        refusals: ['not_found', 'unavailable'],
      },
      { body: Replay, response: { 200: Replayed } },
    ),
    async (request) => {
      everywhere(serverFrom(request));
      const { sink, after, until, limit = DEFAULT_REPLAY } = request.body;
      const range = { after: toId('after', after), until: until === undefined ? MAX_ID : toId('until', until), limit };
      const { delivered, next, more } = await relays.replay(sink, range);
      return { delivered, next: String(next), more };
    },
  );

  http.get(
    '/events/dead',
    operation(
      serversOnly('events'),
      { id: 'listDeadLetters', tag: 'events', summary: 'Events that sinks have refused for good, oldest first' },
      { querystring: DeadPlace, response: { 200: DeadLetters } },
    ),
    async (request) => {
      everywhere(serverFrom(request));
      const { sink, after, limit: asked } = request.query;
      const limit = toLimit(asked);
      const dead = await pageOf(sink, toPlace('after', after), limit);
      return {
        dead: dead.map(({ event, at, ...rest }) => ({ ...rest, place: String(event), at: toTime(at) })),
        ...toNext(dead, limit, ({ event }) => event),
      };
    },
  );

  http.post(
    '/events/dead/retry',
    operation(
      serversOnly('events'),
      {
        id: 'retryDeadLetters',
        tag: 'events',
        summary: 'Try dead letters once more; what is delivered is none any more',
        refusals: ['not_found'],
      },
      { body: DeadChoice, response: { 200: Settled } },
    ),
    async (request) => {
      everywhere(serverFrom(request));
      const { sink, places } = request.body;
      return { settled: await relays.retry(sink, toIds('places', places)) };
    },
  );

  http.delete(
    '/events/dead',
    operation(
      serversOnly('events'),
      { id: 'dropDeadLetters', tag: 'events', summary: 'Let dead letters go that nobody wants' },
      { body: DeadChoice, response: { 200: Settled } },
    ),
    async (request) => {
      everywhere(serverFrom(request));
      const { sink, places } = request.body;
      const dropped = await committer.commit({ type: 'drop-dead', sink, events: toIds('places', places) });
      return { settled: dropped === 'stale' ? 0 : dropped.dropped };
    },
  );
}

/** Sinks take the events of all namespaces. */
function everywhere({ namespace, name }: Server): void {
  if (namespace === undefined) return;
  throw new ChatError('permission_denied', `The Api-Token ${name} is for one namespace; sinks belong to all.`);
}

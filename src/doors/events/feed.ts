/** The feed over HTTP: pages, and the live end of it. */
import { actorFrom, serversOnly, toId, toLimit, toPlace } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import type { FeedEvent } from '../../feed/index.ts';
import { readPage, toWanted } from './pages.ts';
import { createTails } from './tail.ts';
import { EventPlace, Events } from './wire.ts';
import type { Event } from './wire.ts';

export function registerFeed(http: Routes, { chat, operation }: RouteDeps): void {
  const tails = createTails(chat);
  http.get(
    '/events',
    operation(
      serversOnly('events'),
      {
        id: 'readEvents',
        tag: 'events',
        summary:
          'What happened in the namespace, in commit order; with `Accept: text/event-stream` the live end of it as server-sent events',
        refusals: ['rate_limited'],
      },
      { querystring: EventPlace, response: { 200: Events } },
    ),
    async (request, reply) => {
      const { after, type, limit } = request.query;
      const { namespace } = actorFrom(request);
      const isTail = request.headers.accept?.includes('text/event-stream') === true;
      const last = isTail ? request.headers['last-event-id'] : undefined;
      const from = typeof last === 'string' ? toId('last-event-id', last) : toPlace('after', after);
      const wanted = toWanted(chat, { namespace, after: from, type, limit: toLimit(limit) });
      if (isTail) {
        tails.check();
        reply.hijack();
        tails
          .follow(reply.raw, wanted)
          .catch((cause: unknown) => chat.log.error({ err: cause }, 'a follower of the feed was cut off'));
        return reply;
      }
      const { events, next, more, cut } = await readPage(chat, wanted);
      return { events: events.map(toEvent), next: String(next), more, cut };
    },
  );
}

function toEvent({ place, envelope }: FeedEvent): Event {
  return { place: String(place), event: { ...envelope } };
}

/** Live connections: a user's own; for a back end those of its namespace, or of the user it acts for. */
import { Nothing, actorFrom, anyone, pathId, toId, toLimit, toNext, toPlace } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { toSession } from './codec.ts';
import { BySession, SessionPlace } from './requests.ts';
import { Sessions } from './wire.ts';

export function registerSessions(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/sessions',
    operation(
      anyone('sessions'),
      { id: 'listSessions', tag: 'sessions', summary: 'Live connections, by session id' },
      { querystring: SessionPlace, response: { 200: Sessions } },
    ),
    (request) => {
      const { userId, after, limit: asked } = request.query;
      const limit = toLimit(asked);
      const from = toPlace('after', after);
      const user = userId === undefined ? undefined : toId('userId', userId);
      const page = chat
        .listSessions(actorFrom(request))
        .filter((session) => session.id > from && (user === undefined || session.user === user))
        .sort((one, other) => one.id - other.id)
        .slice(0, limit);
      return Promise.resolve({ sessions: page.map(toSession), ...toNext(page, limit, ({ id }) => id) });
    },
  );

  http.delete(
    '/sessions/:id',
    operation(
      anyone('sessions'),
      { id: 'endSession', tag: 'sessions', summary: 'End a live connection' },
      { params: BySession, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      chat.endSession(actorFrom(request), pathId(request.params.id));
      return reply.code(204).send(null);
    },
  );
}

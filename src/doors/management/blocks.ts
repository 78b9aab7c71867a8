/** Whose private messages a user does not want. */
import { Nothing, actorFrom, pathId, someone, toLimit, toNext, toPlace } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { BlockPlace, ByUser } from './requests.ts';
import { Blocks } from './wire.ts';

export function registerBlocks(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/blocks',
    operation(
      someone('users'),
      { id: 'listBlocks', tag: 'blocks', summary: 'Whom I block' },
      { querystring: BlockPlace, response: { 200: Blocks } },
    ),
    async (request) => {
      const page = { after: toPlace('after', request.query.after), limit: toLimit(request.query.limit) };
      const blocked = await chat.listBlocks(actorFrom(request), page);
      return { userIds: blocked.map(String), ...toNext(blocked, page.limit, (id) => id) };
    },
  );

  http.put(
    '/blocks/:userId',
    operation(
      someone('users'),
      { id: 'block', tag: 'blocks', summary: 'Take no private messages from a user any more' },
      { params: ByUser, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.setBlock(actorFrom(request), pathId(request.params.userId), true);
      return reply.code(204).send(null);
    },
  );

  http.delete(
    '/blocks/:userId',
    operation(
      someone('users'),
      { id: 'unblock', tag: 'blocks', summary: 'Take private messages from a user again' },
      { params: ByUser, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.setBlock(actorFrom(request), pathId(request.params.userId), false);
      return reply.code(204).send(null);
    },
  );
}

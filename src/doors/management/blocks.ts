/** Whose private messages a user does not want. */
import { Nothing, actorFrom, pathId, someone } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { ByUser } from './requests.ts';
import { Blocks } from './wire.ts';

export function registerBlocks(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/blocks',
    operation(someone('users'), { id: 'listBlocks', tag: 'blocks', summary: 'Whom I block' }, { response: { 200: Blocks } }),
    async (request) => ({ userIds: (await chat.listBlocks(actorFrom(request))).map(String) }),
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

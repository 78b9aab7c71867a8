/** Accounts: one's own, another's, and finding them by name. */
import { actorFrom, anyone, pathId, someone, toLimit } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { notFound } from '../../core/index.ts';
import type { Actor, Chat, User } from '../../core/index.ts';
import { toUser } from './codec.ts';
import { ById, UserSearch } from './requests.ts';
import { User as UserAnswer, Users } from './wire.ts';

export function registerUsers(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/users/me',
    operation(someone('users'), { id: 'getMe', tag: 'users', summary: 'Who I am' }, { response: { 200: UserAnswer } }),
    async (request) => {
      const actor = actorFrom(request);
      return found(chat, actor, await chat.findUser(actor.namespace, actor.user));
    },
  );

  http.get(
    '/users/:id',
    operation(
      anyone('users'),
      { id: 'getUser', tag: 'users', summary: 'A user' },
      { params: ById, response: { 200: UserAnswer } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      return found(chat, actor, await chat.findUser(actor.namespace, pathId(request.params.id)));
    },
  );

  http.get(
    '/users',
    operation(
      anyone('users'),
      { id: 'searchUsers', tag: 'users', summary: 'Users whose name or username begins like this' },
      { querystring: UserSearch, response: { 200: Users } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const { search = '', limit } = request.query;
      const users = await chat.searchUsers(actor.namespace, search, toLimit(limit));
      return { users: users.map((user) => told(chat, actor, user)) };
    },
  );
}

function found(chat: Chat, actor: Actor, user: User | undefined): UserAnswer {
  if (user === undefined) throw notFound();
  return told(chat, actor, user);
}

function told(chat: Chat, actor: Actor, user: User): UserAnswer {
  return toUser(user, { online: chat.isOnline(user.namespace, user.id), external: actor.server }, chat.links);
}

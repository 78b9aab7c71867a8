/** Accounts: one's own, another's, and finding them by name. */
import { actorFrom, anyone, inWordsOf, pathId, someone, toLimit } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { ChatError } from '../../core/index.ts';
import type { Actor, Chat, SeenUser } from '../../core/index.ts';
import { toUser } from './codec.ts';
import { ById, ChangeProfile, UserSearch } from './requests.ts';
import { User as UserAnswer, Users } from './wire.ts';

export function registerUsers(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/users/me',
    operation(someone('users'), { id: 'getMe', tag: 'users', summary: 'Who I am' }, { response: { 200: UserAnswer } }),
    async (request) => {
      const actor = actorFrom(request);
      return told(chat, actor, await chat.lookUpUser(actor, actor.user));
    },
  );

  http.patch(
    '/users/me',
    operation(
      someone('users'),
      { id: 'changeMe', tag: 'users', summary: 'Change my name or picture' },
      { body: ChangeProfile, response: { 200: UserAnswer } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const { name, profilePic } = request.body;
      if (name === undefined && profilePic === undefined) throw new ChatError('invalid_argument', 'Give name or profilePic.');
      const change = { ...(name !== undefined && { name }), ...(profilePic !== undefined && { picture: profilePic }) };
      const user = await inWordsOf({ picture: 'profilePic' }, chat.changeProfile(actor, change));
      return told(chat, actor, { user, online: chat.isOnline(user.namespace, user.id) });
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
      return told(chat, actor, await chat.lookUpUser(actor, pathId(request.params.id)));
    },
  );

  http.get(
    '/users',
    operation(
      anyone('users'),
      { id: 'searchUsers', tag: 'users', summary: 'Users who have a word like this in their name or username' },
      { querystring: UserSearch, response: { 200: Users } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const { search = '', limit } = request.query;
      const users = await chat.searchUsers(actor, search, toLimit(limit));
      return { users: users.map((seen) => told(chat, actor, seen)) };
    },
  );
}

function told(chat: Chat, actor: Actor, seen: SeenUser): UserAnswer {
  return toUser(seen, { external: actor.server }, chat.links);
}

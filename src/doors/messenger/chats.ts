/** Chats: list, create, look at, change, leave, delete. */
import { Nothing, actorFrom, inWordsOf, pathId, someone, toIds, toPlace } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { ChatError } from '../../core/index.ts';
import type { Actor, Chat as Core, Id } from '../../core/index.ts';
import { Chat, Chats } from './answers.ts';
import { ByChat, ChangeChat, ChangeChatMembers, ChatPlace, CreateChat, MAX_CHATS } from './rest-requests.ts';
import type { Views } from './rest-views.ts';

type Deps = RouteDeps & { readonly views: Views };

export function registerChats(http: Routes, deps: Deps): void {
  registerListing(http, deps);
  registerChanging(http, deps);
  registerEnding(http, deps);
}

function registerListing(http: Routes, { chat, operation, views }: Deps): void {
  http.get(
    '/chats',
    operation(
      someone('conversations'),
      { id: 'listChats', tag: 'chats', summary: 'My chats with their members and unread counts, most recently active first' },
      { querystring: ChatPlace, response: { 200: Chats } },
    ),
    async (request, reply) => {
      const { before, limit: asked = MAX_CHATS } = request.query;
      const limit = Math.min(Math.max(asked, 1), MAX_CHATS);
      const { chats, next } = await views.chats(actorFrom(request), toPlace('before', before), limit);
      if (next !== undefined) reply.header('link', `</api/chats?before=${next}&limit=${limit}>; rel="next"`);
      return chats;
    },
  );

  http.post(
    '/chats',
    operation(
      someone('conversations'),
      {
        id: 'createChat',
        tag: 'chats',
        summary: 'Create a group, or open the chat with one other person',
        refusals: ['rate_limited', 'not_found'],
      },
      { body: CreateChat, response: { 200: opened, 201: Chat } },
    ),
    async (request, reply) => {
      const actor = actorFrom(request);
      const { id, created } = await create(chat, actor, request.body);
      return reply.code(created ? 201 : 200).send(await views.chat(actor, id));
    },
  );

  http.get(
    '/chats/:id',
    operation(
      someone('conversations'),
      { id: 'getChat', tag: 'chats', summary: 'A chat with its members' },
      { params: ByChat, response: { 200: Chat } },
    ),
    async (request) => views.chat(actorFrom(request), pathId(request.params.id)),
  );
}

const opened = { ...Chat, description: 'The chat with this person was there already.' };

async function create(chat: Core, actor: Actor, body: CreateChat): Promise<{ id: Id; created: boolean }> {
  const others = toIds('userIds', body.userIds);
  if (body.isGroup !== true) {
    const { conversation, created } = await chat.openPrivate(actor, peerOf(actor, others));
    return { id: conversation.id, created };
  }
  if (body.name === undefined || body.name.trim() === '') throw bad('name', 'is needed: what the group is called');
  const input = { kind: 'group', name: body.name, members: others } as const;
  const { conversation } = await inWordsOf({ members: 'userIds' }, chat.createConversation(actor, input));
  return { id: conversation.id, created: true };
}

/** Whom a private chat is with: clients name themselves among its users or do not; alone it is a note to oneself. */
function peerOf({ user }: Actor, ids: readonly Id[]): Id {
  const others = [...new Set(ids)].filter((id) => id !== user);
  const [peer = ids[0]] = others;
  if (peer === undefined || others.length > 1) throw bad('userIds', 'names the one other person of a private chat');
  return peer;
}

function registerChanging(http: Routes, { chat, operation, views }: Deps): void {
  http.patch(
    '/chats/:id',
    operation(
      someone('conversations'),
      { id: 'updateChat', tag: 'chats', summary: 'Change the name or picture of a group' },
      { params: ByChat, body: ChangeChat, response: { 200: Chat } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const id = pathId(request.params.id);
      const { name, profilePic } = request.body;
      if (name === undefined && profilePic === undefined) throw new ChatError('invalid_argument', 'Give name or profilePic.');
      if (name?.trim() === '') throw bad('name', 'is needed: what the group is called');
      const change = { ...(name !== undefined && { name }), ...(profilePic !== undefined && { picture: profilePic }) };
      await inWordsOf({ picture: 'profilePic' }, chat.updateConversation(actor, id, change));
      return views.chat(actor, id);
    },
  );

  http.put(
    '/chats/:id/members',
    operation(
      someone('conversations'),
      {
        id: 'changeChatMembers',
        tag: 'chats',
        summary: 'Add and remove members: all or nothing',
        refusals: ['failed_precondition'],
      },
      { params: ByChat, body: ChangeChatMembers, response: { 200: Chat } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const id = pathId(request.params.id);
      const add = toIds('add', request.body.add ?? []).map((user) => ({ user }));
      const remove = toIds('remove', request.body.remove ?? []);
      if (remove.includes(actor.user)) throw bad('remove', 'names you: leave the chat instead');
      await chat.changeMembers(actor, id, { add, remove });
      return views.chat(actor, id);
    },
  );
}

function registerEnding(http: Routes, { chat, operation }: Deps): void {
  http.post(
    '/chats/:id/leave',
    operation(
      someone('conversations'),
      { id: 'leaveChat', tag: 'chats', summary: 'Leave a group', refusals: ['failed_precondition'] },
      { params: ByChat, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.leaveConversation(actorFrom(request), pathId(request.params.id));
      return reply.code(204).send(null);
    },
  );

  http.delete(
    '/chats/:id',
    operation(
      someone('conversations'),
      { id: 'deleteChat', tag: 'chats', summary: 'Delete a group with everything in it; its owner may' },
      { params: ByChat, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.deleteConversation(actorFrom(request), pathId(request.params.id));
      return reply.code(204).send(null);
    },
  );
}

function bad(field: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}

/** Conversations: create, list, look at, change, delete. */
import { Nothing, actorFrom, anyone, pathId, someone, toIds, toLimit, toNext, toPlace } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { ChatError } from '../../core/index.ts';
import type { Actor, Chat, Conversation as CoreConversation } from '../../core/index.ts';
import { activityOf, toConversation, toSummary } from './codec.ts';
import { ByConversation, ChangeConversation, ConversationPlace, CreateConversation } from './requests.ts';
import { Conversation, Conversations } from './wire.ts';

export function registerConversations(http: Routes, { chat, operation }: RouteDeps): void {
  http.post(
    '/conversations',
    operation(
      anyone('conversations'),
      {
        id: 'createConversation',
        tag: 'conversations',
        summary: 'Create a group, channel or room; whoever creates it owns it',
        refusals: ['rate_limited'],
      },
      { body: CreateConversation, response: { 201: Conversation } },
    ),
    async (request, reply) => {
      const { kind, name, notice, members = [] } = request.body;
      const input = { kind, name, members: toIds('members', members), ...(notice !== undefined && { notice }) };
      const created = await chat.createConversation(actorFrom(request), input);
      return reply.code(201).send(toConversation(created.conversation, created.members, false, chat.links));
    },
  );

  http.get(
    '/conversations',
    operation(
      someone('conversations'),
      {
        id: 'listConversations',
        tag: 'conversations',
        summary: 'My conversations with unread counts, most recently active first',
      },
      { querystring: ConversationPlace, response: { 200: Conversations } },
    ),
    async (request) => {
      const limit = toLimit(request.query.limit);
      const page = await chat.listConversations(actorFrom(request), toPlace('before', request.query.before), limit);
      return { conversations: page.map((summary) => toSummary(summary, chat.links)), ...toNext(page, limit, activityOf) };
    },
  );

  http.get(
    '/conversations/:id',
    operation(
      anyone('conversations'),
      { id: 'getConversation', tag: 'conversations', summary: 'A conversation and its members' },
      { params: ByConversation, response: { 200: Conversation } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      return withMembers(chat, actor, await chat.findConversation(actor, { conversation: pathId(request.params.id) }));
    },
  );

  http.patch(
    '/conversations/:id',
    operation(
      anyone('conversations'),
      { id: 'updateConversation', tag: 'conversations', summary: 'Change name, notice or picture' },
      { params: ByConversation, body: ChangeConversation, response: { 200: Conversation } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const id = pathId(request.params.id);
      const { name, notice, picture } = request.body;
      const change = {
        ...(name !== undefined && { name }),
        ...(notice !== undefined && { notice }),
        ...(picture !== undefined && { picture }),
      };
      if (Object.keys(change).length === 0) throw new ChatError('invalid_argument', 'Give name, notice or picture.');
      return withMembers(chat, actor, await chat.updateConversation(actor, id, change));
    },
  );

  http.delete(
    '/conversations/:id',
    operation(
      anyone('conversations'),
      { id: 'deleteConversation', tag: 'conversations', summary: 'Delete a conversation with everything in it' },
      { params: ByConversation, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.deleteConversation(actorFrom(request), pathId(request.params.id));
      return reply.code(204).send(null);
    },
  );
}

/** A channel may have a million followers: the answer has the first of them. */
async function withMembers(chat: Chat, actor: Actor, conversation: CoreConversation): Promise<Conversation> {
  const limit = chat.limits.maxMemberChange;
  const members = await chat.listMembers(actor, conversation.id, 0, limit);
  const last = members.length < limit ? undefined : members.at(-1);
  const more = last !== undefined && (await chat.listMembers(actor, conversation.id, last.user, 1)).length > 0;
  return toConversation(conversation, members, more, chat.links);
}

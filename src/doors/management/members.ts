/** Who is in a conversation: list, add, remove, join, leave. */
import { Nothing, actorFrom, anyone, pathId, someone, toLimit, toNext, toPlace } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { toMember, toMemberChange, toSummary } from './codec.ts';
import { ByConversation, ChangeMembers, MemberPlace } from './requests.ts';
import { ConversationSummary, MemberPage, MembersChanged } from './wire.ts';

export function registerMembers(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/conversations/:id/members',
    operation(
      anyone('conversations'),
      { id: 'listMembers', tag: 'conversations', summary: 'Members, by user id' },
      { params: ByConversation, querystring: MemberPlace, response: { 200: MemberPage } },
    ),
    async (request) => {
      const { after, limit: asked } = request.query;
      const limit = toLimit(asked);
      const page = await chat.listMembers(actorFrom(request), pathId(request.params.id), toPlace('after', after), limit);
      return { members: page.map(toMember), ...toNext(page, limit, ({ user }) => user) };
    },
  );

  http.put(
    '/conversations/:id/members',
    operation(
      anyone('conversations'),
      {
        id: 'changeMembers',
        tag: 'conversations',
        summary: 'Add members, change roles, remove members: all or nothing',
        refusals: ['failed_precondition'],
      },
      { params: ByConversation, body: ChangeMembers, response: { 200: MembersChanged } },
    ),
    async (request) => {
      const id = pathId(request.params.id);
      const { added, removed } = await chat.changeMembers(actorFrom(request), id, toMemberChange(request.body));
      return { added: added.map(toMember), removed: removed.map(String) };
    },
  );

  http.post(
    '/conversations/:id/members/me',
    operation(
      someone('conversations'),
      { id: 'joinConversation', tag: 'conversations', summary: 'Follow a channel', refusals: ['failed_precondition'] },
      { params: ByConversation, response: { 200: ConversationSummary } },
    ),
    async (request) => {
      const actor = actorFrom(request);
      const id = pathId(request.params.id);
      await chat.joinConversation(actor, id);
      return toSummary(await chat.summarize(actor, id), chat.links);
    },
  );

  http.delete(
    '/conversations/:id/members/me',
    operation(
      someone('conversations'),
      {
        id: 'leaveConversation',
        tag: 'conversations',
        summary: 'Leave a group, unfollow a channel',
        refusals: ['failed_precondition'],
      },
      { params: ByConversation, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      await chat.leaveConversation(actorFrom(request), pathId(request.params.id));
      return reply.code(204).send(null);
    },
  );
}

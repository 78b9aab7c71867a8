/** User tokens and tickets. */
import {
  Nothing,
  actorFrom,
  identityFrom,
  namespaceFor,
  serverFrom,
  serversOnly,
  toId,
  toTime,
  usersOnly,
} from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { ChatError, TICKET_LIFETIME_MS, notFound } from '../../core/index.ts';
import type { Chat, Id } from '../../core/index.ts';
import { DEFAULT_TTL_SECONDS, MintToken, RevokeTokens } from './requests.ts';
import { Ticket, UserToken } from './wire.ts';

export function registerTokens(http: Routes, { chat, operation }: RouteDeps): void {
  http.post(
    '/tokens',
    operation(
      serversOnly('tokens'),
      { id: 'mintToken', tag: 'tokens', summary: 'A token for a user', refusals: ['failed_precondition'] },
      { body: MintToken, response: { 201: UserToken } },
    ),
    async (request, reply) => {
      const { sub, name, role = 'user', ns, ttlSeconds = DEFAULT_TTL_SECONDS } = request.body;
      const namespace = namespaceFor(serverFrom(request), ns, actorFrom(request).namespace);
      const ttl = ttlSeconds * 1000;
      const expiresAt = chat.now() + ttl;
      const token = await chat.mintToken({ subject: sub, namespace, role, ttl, ...(name !== undefined && { name }) });
      return reply.code(201).send({ token, expiresAt: toTime(expiresAt) });
    },
  );

  http.delete(
    '/tokens',
    operation(
      serversOnly('tokens'),
      {
        id: 'revokeTokens',
        tag: 'tokens',
        summary: 'Void one token of a user, or all issued up to now; live connections under them end',
      },
      { body: RevokeTokens, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      const { ns, jti } = request.body;
      const namespace = namespaceFor(serverFrom(request), ns, actorFrom(request).namespace);
      await chat.revokeTokens(namespace, await userOf(chat, namespace, request.body), jti, { by: actorFrom(request) });
      return reply.code(204).send(null);
    },
  );

  http.post(
    '/tickets',
    operation(
      usersOnly,
      { id: 'issueTicket', tag: 'tokens', summary: 'A ticket to open one WebSocket with, so that no token stands in an address' },
      { response: { 200: Ticket } },
    ),
    (request) => {
      const ticket = chat.access.issueTicket(identityFrom(request));
      return Promise.resolve({ ticket, expiresAt: toTime(chat.now() + TICKET_LIFETIME_MS) });
    },
  );
}

async function userOf(chat: Chat, namespace: string, { sub, userId }: RevokeTokens): Promise<Id> {
  if ((sub === undefined) === (userId === undefined)) throw new ChatError('invalid_argument', 'Give one of sub and userId.');
  if (userId !== undefined) return toId('userId', userId);
  const user = await chat.findUserBySubject(namespace, sub ?? '');
  if (user === undefined) throw notFound();
  return user.id;
}

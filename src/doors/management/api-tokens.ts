/** Tokens of back ends. A token that is bound to a namespace sees, makes and removes only tokens bound to the same. */
import { Nothing, actorFrom, serverFrom, serversOnly } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { ChatError } from '../../core/index.ts';
import type { ApiToken, Server } from '../../core/index.ts';
import { toApiToken } from './codec.ts';
import { ByName, CreateApiToken } from './requests.ts';
import { ApiTokens, NewApiToken } from './wire.ts';

export function registerApiTokens(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/api-tokens',
    operation(
      serversOnly('admin'),
      { id: 'listApiTokens', tag: 'tokens', summary: 'Tokens of back ends' },
      { response: { 200: ApiTokens } },
    ),
    (request) => {
      const server = serverFrom(request);
      const seen = chat.access.apiTokens().filter((token) => isWithin(server, token));
      return Promise.resolve({ apiTokens: seen.map(toApiToken) });
    },
  );

  http.post(
    '/api-tokens',
    operation(
      serversOnly('admin'),
      {
        id: 'createApiToken',
        tag: 'tokens',
        summary: 'A token for a back end; its secret is told this once',
        refusals: ['already_exists'],
      },
      { body: CreateApiToken, response: { 201: NewApiToken } },
    ),
    async (request, reply) => {
      const server = serverFrom(request);
      const { name, scopes, namespace = server.namespace } = request.body;
      if (server.namespace !== undefined && namespace !== server.namespace) {
        throw new ChatError('permission_denied', `The Api-Token ${server.name} is for another namespace.`);
      }
      const wanted = { name, scopes, ...(namespace !== undefined && { namespace }) };
      const { token, secret } = await chat.access.saveApiToken(wanted, actorFrom(request));
      return reply.code(201).send({ ...toApiToken(token), secret });
    },
  );

  http.delete(
    '/api-tokens/:name',
    operation(
      serversOnly('admin'),
      { id: 'deleteApiToken', tag: 'tokens', summary: 'Void a token of a back end; those of the configuration stay' },
      { params: ByName, response: { 204: Nothing } },
    ),
    async (request, reply) => {
      const server = serverFrom(request);
      const { name } = request.params;
      const token = chat.access.apiTokens().find((known) => known.name === name);
      if (token !== undefined && !isWithin(server, token)) {
        throw new ChatError('not_found', `There is no stored Api-Token named ${name}.`);
      }
      await chat.access.deleteApiToken(name, actorFrom(request));
      return reply.code(204).send(null);
    },
  );
}

function isWithin(server: Server, token: ApiToken): boolean {
  return server.namespace === undefined || token.namespace === server.namespace;
}

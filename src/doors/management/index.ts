/**
 * The management door: HTTP under `/api` for back ends and for users within their rights (wire.md section 5, docs/protocols/management.md).
 */
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import type { Chat } from '../../core/index.ts';
import type { Door } from '../door.ts';
import { registerAccounts } from './accounts.ts';
import { registerApiTokens } from './api-tokens.ts';
import { registerBlocks } from './blocks.ts';
import { CALLER, createAdmission } from './caller.ts';
import { registerConversations } from './conversations.ts';
import { registerMembers } from './members.ts';
import { registerMessages } from './messages.ts';
import { registerDocument, startDocument } from './openapi.ts';
import { createOperations } from './operation.ts';
import type { Routes } from './operation.ts';
import { registerSessions } from './sessions.ts';
import { answerError } from './status.ts';
import { registerTokens } from './tokens.ts';
import { answerUnknown, collectPaths } from './unknown.ts';
import { registerUsers } from './users.ts';

const PREFIX = '/api';

export function createManagementDoor({ chat }: { chat: Chat }): Door {
  return {
    name: 'management',
    async attach({ http }) {
      await http.register((scope) => registerRoutes(scope, chat), { prefix: PREFIX });
    },
  };
}

async function registerRoutes(scope: FastifyInstance, chat: Chat): Promise<void> {
  const http: Routes = scope.withTypeProvider<TypeBoxTypeProvider>();
  const paths = collectPaths(http);
  http.decorateRequest(CALLER);
  http.setValidatorCompiler(TypeBoxValidatorCompiler);
  // The codecs name every member they answer with, so nothing is left to filter.
  http.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  acceptJson(http);
  http.setErrorHandler((error, _request, reply) => answerError(chat, error, reply));
  http.setNotFoundHandler((request, reply) => answerUnknown(paths, request, reply));
  http.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  });
  await startDocument(http);
  const deps = { chat, operation: createOperations({ admit: createAdmission({ chat }) }) };
  registerAccounts(http, deps);
  registerUsers(http, deps);
  registerConversations(http, deps);
  registerMembers(http, deps);
  registerMessages(http, deps);
  registerBlocks(http, deps);
  registerSessions(http, deps);
  registerTokens(http, deps);
  registerApiTokens(http, deps);
  registerDocument(http, deps);
}

/** JSON bodies only. An empty one is an empty object, so that what is missing is named by its schema. */
function acceptJson(http: Routes): void {
  const parse = http.getDefaultJsonParser('error', 'error');
  http.removeAllContentTypeParsers();
  http.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (typeof body === 'string' && body.trim() !== '') void parse(request, body, done);
    else done(null, {});
  });
  http.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined) request.body = {};
  });
}

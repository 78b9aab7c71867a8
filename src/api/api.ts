/**
 * HTTP under `/api`: one scope with one admission, one form of refusal and one document, in which every door that has operations there
 * registers its part (wire.md section 5).
 */
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { ChatError } from '../core/index.ts';
import type { Chat } from '../core/index.ts';
import { registerAsyncDocument } from './asyncapi.ts';
import type { AsyncChannel } from './asyncapi.ts';
import { COMPONENTS } from './answers.ts';
import { CALLER, createAdmission } from './caller.ts';
import { registerDocument, startDocument } from './openapi.ts';
import { createOperations } from './operation.ts';
import type { RouteDeps, Routes } from './operation.ts';
import { answerError } from './status.ts';
import { answerUnknown, collectPaths } from './unknown.ts';
import { checkWholeNumbers } from './whole-numbers.ts';

export const PREFIX = '/api';

/** What one door has under `/api`. */
export interface Part {
  /** The door's name: what is done, and refused, through this part is recorded and counted under it. */
  readonly door: string;
  /** Groups of operations with what they are about, in the order of the document; no two parts own the same. */
  readonly tags: Readonly<Record<string, string>>;
  /** From `createComponents`; no two parts have one of the same name. */
  readonly components: readonly object[];
  /** Its connections that stay open, for the AsyncAPI document. */
  readonly channels?: readonly AsyncChannel[];
  /** Registers the routes, without the prefix, in a scope of the part's own: hooks and parsers it adds are no other part's. */
  readonly routes: (http: Routes, deps: RouteDeps) => void | Promise<void>;
}

export interface Api {
  /** Takes a part in; to be called before `open`, by a door when it is attached. */
  register(part: Part): void;
  /** Serves every part that was registered; called once, before the listener listens. Rejects when two parts collide. */
  open(http: FastifyInstance): Promise<void>;
}

/** What belongs to no door. */
function ownPart(parts: readonly Part[]): Part {
  const channels = parts.flatMap((part) => part.channels ?? []);
  return {
    door: OWN.door,
    tags: { document: 'This document.' },
    components: COMPONENTS,
    routes(http, deps) {
      registerDocument(http, deps);
      registerAsyncDocument(http, deps, channels);
    },
  };
}

export const OWN = { door: 'api' };

export function createApi({ chat }: { chat: Chat }): Api {
  const parts: Part[] = [];
  let opened = false;
  return {
    register(part) {
      if (opened) throw new Error(`The door ${part.door} registers under ${PREFIX} after it was opened`);
      parts.push(part);
    },
    async open(http) {
      if (opened) throw new Error(`${PREFIX} is opened twice`);
      opened = true;
      // The document describes itself last.
      await http.register((scope) => openScope(scope, chat, [...parts, ownPart(parts)]), { prefix: PREFIX });
    },
  };
}

async function openScope(scope: FastifyInstance, chat: Chat, parts: readonly Part[]): Promise<void> {
  const http: Routes = scope.withTypeProvider<TypeBoxTypeProvider>();
  const paths = collectPaths(http);
  http.decorateRequest(CALLER);
  http.setValidatorCompiler(TypeBoxValidatorCompiler);
  // The codecs name every member they answer with, so nothing is left to filter.
  http.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  acceptJson(http);
  checkWholeNumbers(http);
  // Of a request that reaches no part: one for an unknown path whose body cannot be read.
  http.setErrorHandler((error, _request, reply) => answerError({ chat, door: OWN.door }, error, reply));
  http.setNotFoundHandler((request, reply) => answerUnknown({ paths, meter: chat.meter, door: OWN.door }, request, reply));
  http.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  });
  const tags = collectTags(parts);
  await startDocument(http, { tags, components: parts.flatMap(({ components }) => components) });
  for (const part of parts) await http.register((inner) => openPart(inner, chat, part, tags));
}

async function openPart(scope: FastifyInstance, chat: Chat, part: Part, tags: ReadonlyMap<string, string>): Promise<void> {
  const { door } = part;
  const http: Routes = scope.withTypeProvider<TypeBoxTypeProvider>();
  http.setErrorHandler((error, _request, reply) => answerError({ chat, door }, error, reply));
  await part.routes(http, { chat, operation: createOperations({ admit: createAdmission({ chat, door }), tags }) });
}

function collectTags(parts: readonly Part[]): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const [name, description] of parts.flatMap((part) => Object.entries(part.tags))) {
    if (tags.has(name)) throw new Error(`Two parts of ${PREFIX} have the tag ${name}`);
    tags.set(name, description);
  }
  return tags;
}

/** JSON bodies only. An empty one is an empty object, so that what is missing is named by its schema. */
function acceptJson(http: Routes): void {
  const parse = http.getDefaultJsonParser('error', 'error');
  http.removeAllContentTypeParsers();
  http.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (typeof body !== 'string' || body.trim() === '') done(null, {});
    else void parse(request, body, (error, parsed) => done(error && isJson(body) ? poisoned() : error, parsed));
  });
  http.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined) request.body = {};
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON that the parser refuses nevertheless. */
function poisoned(): ChatError {
  const problem = 'must not have a member __proto__, or a constructor with a prototype';
  return new ChatError('invalid_argument', `body: ${problem}`, { fields: { body: problem } });
}

/** One route: who may call it, what it is in the document, its schemas. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, FastifySchema, RawServerDefault } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Chat, ErrorCode } from '../core/index.ts';
import { ErrorAnswer } from './answers.ts';
import { PUBLIC } from './caller.ts';
import type { Admit, Rule } from './caller.ts';
import { ServerHeaders } from './schema.ts';
import { STATUS } from './status.ts';

/** Routes whose handlers are typed by their schemas. */
export type Routes = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;

export interface RouteDeps {
  readonly chat: Chat;
  readonly operation: Operation;
}

export interface About {
  /** Its name in generated clients. */
  readonly id: string;
  /** The group it is in, of its own part or another. */
  readonly tag: string;
  readonly summary: string;
  /** Refusals beyond those that its rule and its schemas bring along. */
  readonly refusals?: readonly ErrorCode[];
}

/** Turns a rule, words and schemas into what Fastify takes; the type of the schemas is kept for the handler. */
export function createOperations({ admit, tags }: { admit: Admit; tags: ReadonlyMap<string, string> }) {
  return function operation<const S extends FastifySchema>(rule: Rule | typeof PUBLIC, about: About, schema: S) {
    const { id, tag, summary } = about;
    if (!tags.has(tag)) throw new Error(`The operation ${id} has the tag ${tag}, which no part has`);
    return {
      onRequest: async (request: FastifyRequest): Promise<void> => {
        if (rule !== PUBLIC) await admit(request, rule);
      },
      schema: {
        ...headersOf(rule),
        ...schema,
        operationId: id,
        tags: [tag],
        summary,
        ...describeRule(rule),
        security: securityOf(rule),
        response: { ...answersOf(schema), ...refusalsOf(rule, about, schema) },
      },
    };
  };
}

export type Operation = ReturnType<typeof createOperations>;

export const SECURITY = {
  user: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The token of a user.' },
  server: { type: 'apiKey', in: 'header', name: 'Api-Token', description: 'The token of a back end.' },
} as const;

function securityOf(rule: Rule | typeof PUBLIC): { [scheme: string]: string[] }[] {
  if (rule === PUBLIC) return [];
  return [...(rule.users ? [{ user: [] }] : []), ...(rule.scope === undefined ? [] : [{ server: [] }])];
}

function describeRule(rule: Rule | typeof PUBLIC): { description?: string } {
  if (rule === PUBLIC || rule.scope === undefined) return {};
  const behalf = rule.forUser === true ? ' and X-On-Behalf-Of' : '';
  return { description: `Back ends: an Api-Token with the scope \`${rule.scope}\`${behalf}.` };
}

function headersOf(rule: Rule | typeof PUBLIC): object {
  return rule === PUBLIC || rule.scope === undefined ? {} : { headers: ServerHeaders };
}

function answersOf({ response }: FastifySchema): object {
  return typeof response === 'object' && response !== null ? response : {};
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'invalid_argument: the request is not as it must be; `fields` says where.',
  401: 'unauthenticated: no token, or one that is not valid.',
  403: 'permission_denied: not within the rights of the caller.',
  404: 'not_found: there is no such thing, or it is not yours; both answer the same.',
  409: 'already_exists or failed_precondition: it does not fit what is there.',
  413: 'too_large: the body, or a part of it, is beyond a limit.',
  429: 'rate_limited: too fast; Retry-After says when to try again.',
  500: 'internal: our fault; it has been logged.',
  503: 'unavailable: try again shortly.',
};

function refusalsOf(rule: Rule | typeof PUBLIC, about: About, schema: FastifySchema): object {
  const codes: ErrorCode[] = ['internal', 'unavailable', ...(about.refusals ?? [])];
  if (rule !== PUBLIC) codes.push('invalid_argument', 'unauthenticated', 'permission_denied');
  if (schema.params !== undefined || (rule !== PUBLIC && rule.scope !== undefined)) codes.push('not_found');
  if (schema.body !== undefined) codes.push('invalid_argument', 'too_large');
  return Object.fromEntries(codes.map((code) => [STATUS[code], { ...ErrorAnswer, description: REFUSALS[STATUS[code]] }]));
}

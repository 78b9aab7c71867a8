/**
 * Who is calling: a user with a token of their own, or a back end with an Api-Token that acts for a user or for nobody in particular.
 */
import type { FastifyRequest } from 'fastify';
import { ChatError, actorOf, checkScope, parseId, serverActor } from '../core/index.ts';
import type { Actor, Chat, Identity, Scope, Server } from '../core/index.ts';
import { NAMESPACE_PATTERN } from './schema.ts';

/** A user, or a back end; `actor` is who the core sees in both cases. */
export type Caller =
  | { readonly kind: 'user'; readonly actor: Actor; readonly identity: Identity }
  | { readonly kind: 'server'; readonly actor: Actor; readonly server: Server };

/** Who may call a route. */
export interface Rule {
  readonly users: boolean;
  /** Back ends whose token has this scope; absent: no back end. */
  readonly scope?: Scope;
  /** The route is about a user's own things: a back end must say whose. */
  readonly forUser?: boolean;
}

export const PUBLIC = 'public';
/** Users within their rights, and back ends. */
export const anyone = (scope: Scope): Rule => ({ users: true, scope });
/** Users, and back ends on behalf of one. */
export const someone = (scope: Scope): Rule => ({ users: true, scope, forUser: true });
export const usersOnly: Rule = { users: true };
export const serversOnly = (scope: Scope): Rule => ({ users: false, scope });

const DEFAULT_NAMESPACE = 'default';

const NAMESPACE = new RegExp(NAMESPACE_PATTERN);

/** W3C Trace Context, version 00 or later with the same beginning; anything else is no trace. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Where a request keeps its caller. */
export const CALLER = 'caller';

type Decorated = Pick<FastifyRequest, 'getDecorator'>;

/** The caller of a route that is not public. */
export function callerOf(request: Decorated): Caller {
  return request.getDecorator<Caller>(CALLER);
}

/** Whoever acts: for routes that users and back ends call alike. */
export function actorFrom(request: Decorated): Actor {
  return callerOf(request).actor;
}

/** The identity behind a call that only users make. */
export function identityFrom(request: Decorated): Identity {
  const caller = callerOf(request);
  if (caller.kind === 'user') return caller.identity;
  throw new ChatError('permission_denied', 'Only a user with a token of their own may do this.');
}

/** The back end behind a call that only back ends make. */
export function serverFrom(request: Decorated): Server {
  const caller = callerOf(request);
  if (caller.kind === 'server') return caller.server;
  throw new ChatError('permission_denied', 'Only back ends with an Api-Token may do this.');
}

/** The namespace a back end means; a token that is bound to one may not leave it. */
export function namespaceFor(server: Server, asked: string | undefined, otherwise: string): string {
  const namespace = asked ?? otherwise;
  if (server.namespace !== undefined && server.namespace !== namespace) {
    throw new ChatError('permission_denied', `The Api-Token ${server.name} is for another namespace.`);
  }
  return namespace;
}

/** Checks who calls before anything else of the request is read. `door`: through which they act. */
export function createAdmission(deps: { chat: Chat; door: string }) {
  const { chat, door } = deps;

  async function admitServer(request: FastifyRequest, secret: string, rule: Rule): Promise<Caller> {
    const server = chat.access.authenticateServer(secret);
    if (rule.scope === undefined) {
      throw new ChatError('permission_denied', 'Only a user with a token of their own may do this.');
    }
    checkScope(server, rule.scope);
    const asked = header(request, 'x-namespace');
    if (asked !== undefined && !NAMESPACE.test(asked)) throw badHeader('x-namespace', 'is not a valid name');
    const namespace = namespaceFor(server, asked, server.namespace ?? DEFAULT_NAMESPACE);
    const behalf = header(request, 'x-on-behalf-of');
    if (behalf === undefined && rule.forUser === true) throw badHeader('x-on-behalf-of', 'is needed: whose this is');
    const actor = behalf === undefined ? serverActor(namespace, 0, door) : await actFor(namespace, behalf);
    return { kind: 'server', server, actor: { ...actor, backEnd: server.name, ...traceOf(request) } };
  }

  async function actFor(namespace: string, behalf: string): Promise<Actor> {
    const id = parseId(behalf);
    if (id === undefined) throw badHeader('x-on-behalf-of', 'is not one user id');
    const user = await chat.findUser(namespace, id);
    if (user === undefined || user.erasedAt !== undefined) {
      const problem = 'there is no such user; a user appears with the first valid token';
      throw new ChatError('not_found', `x-on-behalf-of: ${problem}`, { fields: { 'x-on-behalf-of': problem } });
    }
    return serverActor(namespace, id, door, user.role);
  }

  async function admitUser(request: FastifyRequest, token: string, rule: Rule): Promise<Caller> {
    const identity = await chat.access.authenticate(token);
    if (!rule.users) throw new ChatError('permission_denied', 'Only back ends with an Api-Token may do this.');
    for (const name of ['x-on-behalf-of', 'x-namespace']) {
      if (header(request, name) !== undefined) throw badHeader(name, 'goes with an Api-Token only');
    }
    return {
      kind: 'user',
      identity,
      actor: actorOf(identity, door, 0, { trace: header(request, 'traceparent'), address: request.ip }),
    };
  }

  return async function admit(request: FastifyRequest, rule: Rule): Promise<void> {
    const secret = request.headers['api-token'];
    const token = userToken(request);
    if (secret !== undefined && (token !== undefined || request.headers.authorization !== undefined)) {
      throw new ChatError('invalid_argument', 'Give an Api-Token or a user token, not both.', {
        fields: { 'api-token': 'excludes a user token' },
      });
    }
    const caller =
      secret === undefined ? await admitUser(request, token ?? '', rule) : await admitServer(request, oneSecret(secret), rule);
    request.setDecorator(CALLER, caller);
  };
}

export type Admit = ReturnType<typeof createAdmission>;

/** Exactly one, not empty: a header given twice arrives as one text with a comma, which no secret contains. */
function oneSecret(value: string | readonly string[]): string {
  if (typeof value !== 'string' || value === '' || value.includes(',')) {
    throw new ChatError('unauthenticated', 'A valid Api-Token is needed.');
  }
  return value;
}

/** Where clients of the family put their token (wire.md section 1). */
function userToken(request: FastifyRequest): string | undefined {
  const bearer = /^Bearer +([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return (
    bearer ??
    header(request, 'grpc-metadata-token') ??
    header(request, 'appootb-token') ??
    queryOf(request).get('token') ??
    undefined
  );
}

function queryOf(request: FastifyRequest): URLSearchParams {
  const url = request.raw.url ?? '';
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function traceOf(request: FastifyRequest): { readonly trace?: string } {
  const trace = header(request, 'traceparent');
  return trace !== undefined && TRACEPARENT.test(trace) ? { trace } : {};
}

function badHeader(name: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${name}: ${problem}`, { fields: { [name]: problem } });
}

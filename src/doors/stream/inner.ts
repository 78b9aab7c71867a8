/**
 * `InnerChat`: what back ends call: show posts to live sessions, end sessions. gRPC, and their HTTP forms (wire.md section 1).
 * Callers show an Api-Token with the scope `deliver` (Deliver) or `sessions` (Kick).
 */
import type { FastifyInstance } from 'fastify';
import { ChatError, checkScope, parseId, serverActor } from '../../core/index.ts';
import type { Access, Actor, Audience, Chat, Scope } from '../../core/index.ts';
import type { GrpcUnaryMethod } from '../../grpc/index.ts';
import { toNotice } from './codec.ts';
import { identifyServer } from './credentials.ts';
import { refuse } from './grpc.ts';
import { answerJson, bodyOf, registerJsonRoutes } from './http.ts';
import type { StreamHttpOptions } from './http.ts';
import { EMPTY_BYTES, EMPTY_JSON, connectionsCodec, packageCodec } from './wire.ts';
import type { Connections, Package } from './wire.ts';

const DOOR = 'inner';

/** Connections named in one call. */
const MAX_CONNECTIONS = 1_000;

/** `product` is the namespace. A token bound to a namespace may not leave it. */
function actAs(access: Access, token: string | readonly string[] | undefined, scope: Scope, product: string): Actor {
  const server = identifyServer(access, token);
  checkScope(server, scope);
  if (server.namespace !== undefined && server.namespace !== product) {
    throw new ChatError('permission_denied', `The Api-Token ${server.name} is for another product.`);
  }
  return { ...serverActor(product, 0, DOOR), backEnd: server.name };
}

function deliver(chat: Chat, token: string | readonly string[] | undefined, { tag, conn, posts }: Package): void {
  const product = tag?.product ?? conn?.product;
  if (product === undefined) throw new ChatError('invalid_argument', 'target: tag or conn is needed');
  const actor = actAs(chat.access, token, 'deliver', product);
  const audience: Audience =
    tag === undefined ? { sessions: sessionIds(conn?.unique_ids ?? []) } : { tag: tag.name, prefixed: tag.prefixed ?? false };
  chat.deliverNotices(actor, audience, posts.map(toNotice));
}

/** Ends the sessions that are there; one that is gone already is no error. */
function kick(chat: Chat, token: string | readonly string[] | undefined, { product, unique_ids }: Connections): void {
  const actor = actAs(chat.access, token, 'sessions', product);
  const ids = sessionIds(unique_ids);
  const live = new Set(chat.listSessions(actor).map(({ id }) => id));
  for (const id of ids) if (live.has(id)) chat.endSession(actor, id);
}

function sessionIds(uniqueIds: readonly string[]): number[] {
  if (uniqueIds.length > MAX_CONNECTIONS) throw new ChatError('too_large', `unique_ids: at most ${MAX_CONNECTIONS}`);
  return uniqueIds.map((text) => parseId(text)).filter((id) => id !== undefined);
}

export function createInnerMethods(chat: Chat): { deliver: GrpcUnaryMethod; kick: GrpcUnaryMethod } {
  const method = (act: (token: string | undefined, request: Buffer) => void): GrpcUnaryMethod => ({
    kind: 'unary',
    handle(call, request) {
      try {
        act(call.metadata.get('api-token'), request);
        return EMPTY_BYTES;
      } catch (thrown) {
        throw refuse(chat, DOOR, thrown);
      }
    },
  });
  return {
    deliver: method((token, request) => deliver(chat, token, packageCodec.decode(request))),
    kick: method((token, request) => kick(chat, token, connectionsCodec.decode(request))),
  };
}

export function registerInnerRoutes(http: FastifyInstance, options: StreamHttpOptions): void {
  const { chat } = options;
  registerJsonRoutes(http, options, DOOR, (scope) => {
    scope.post('/message/inner/chat/deliver', (request, reply) => {
      deliver(chat, request.headers['api-token'], packageCodec.parseJson(bodyOf(request)));
      return answerJson(reply, EMPTY_JSON);
    });
    scope.delete<{ Params: { product: string; ids: string } }>('/message/inner/chat/conn/:product/:ids', (request, reply) => {
      const { product, ids } = request.params;
      kick(chat, request.headers['api-token'], { product, unique_ids: ids.split(',') });
      return answerJson(reply, EMPTY_JSON);
    });
  });
}

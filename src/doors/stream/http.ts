/** The HTTP forms: `POST /message/chat/send` and `/message/room/send`: a Post in, its Postmark out (seed 001, "Send"). */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ChatError, actorOf } from '../../core/index.ts';
import type { Chat } from '../../core/index.ts';
import { fromHttp, identify } from './credentials.ts';
import { sendPost } from './send.ts';
import { STATUS, toError } from './status.ts';
import { postCodec, postmarkCodec } from './wire.ts';

export interface StreamHttpOptions {
  readonly chat: Chat;
  readonly maxFrameBytes: number;
}

/** Registers a group of routes that take raw JSON text (64-bit numbers must not be rounded) and answer errors in this door's form. */
export function registerJsonRoutes(
  http: FastifyInstance,
  options: StreamHttpOptions,
  door: string,
  routes: (scope: FastifyInstance) => void,
): void {
  void http.register((scope, _, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: options.maxFrameBytes }, (_request, body, parsed) => {
      const bytes = Buffer.from(body);
      // Read leniently, wrong bytes would be stored as other characters than were sent.
      if (isUtf8(bytes)) parsed(null, bytes.toString('utf8'));
      else parsed(new ChatError('invalid_argument', 'The body is not UTF-8.'));
    });
    scope.setErrorHandler((thrown, _request, reply) => answerError(options.chat, door, toHttpError(thrown), reply));
    routes(scope);
    done();
  });
}

export function registerSendRoute(http: FastifyInstance, options: StreamHttpOptions, path: string, roomsOnly: boolean): void {
  const { chat } = options;
  const door = roomsOnly ? 'room' : 'stream';
  registerJsonRoutes(http, options, door, (scope) => {
    scope.post(path, async (request, reply) => {
      const query = queryOf(request);
      const identity = await identify(chat.access, fromHttp(request.headers, query));
      const actor = actorOf(identity, door, 0, { trace: header(request, 'traceparent'), address: request.ip });
      const postmark = await sendPost(
        chat,
        actor,
        postCodec.parseJson(bodyOf(request)),
        header(request, 'idempotency-key'),
        roomsOnly,
      );
      return answerJson(reply, postmarkCodec.toJson(postmark, { enums: query.get('enum') === 'name' ? 'name' : 'number' }));
    });
  });
}

export function queryOf(request: FastifyRequest): URLSearchParams {
  return new URL(request.raw.url ?? '/', 'http://localhost').searchParams;
}

export function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

export function bodyOf(request: FastifyRequest): string {
  if (typeof request.body === 'string') return request.body;
  throw new ChatError('invalid_argument', 'A JSON body is needed.');
}

export function answerJson(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .send(text);
}

/** `{"code": <gRPC code>, "message": "...", "details": []}` with the HTTP status of the code. */
function answerError(chat: Chat, door: string, error: ChatError, reply: FastifyReply): void {
  chat.meter.refused(door, error.code);
  if (error.code === 'internal') chat.log.error({ err: error.cause }, 'a request failed');
  const { http, grpc } = STATUS[error.code];
  if (error.retryAfter !== undefined) void reply.header('retry-after', String(Math.ceil(error.retryAfter / 1000)));
  void answerJson(reply.code(http), JSON.stringify({ code: grpc, message: error.message, details: [] }));
}

/** What the HTTP layer itself refuses (a body too large, an unreadable one) as one of our errors. */
function toHttpError(thrown: unknown): ChatError {
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') {
    if (thrown.statusCode === 413) return new ChatError('too_large', 'The body is too large.');
    if (thrown.statusCode < 500) return new ChatError('invalid_argument', thrown.message);
  }
  return toError(thrown);
}

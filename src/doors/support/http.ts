/** Server to server: what back ends tell the desk, over HTTP with an Api-Token (seeds 003 and 004, wire.md section 4). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ChatError, checkScope, serverActor, serves, toChatError } from '../../core/index.ts';
import type { Actor, Attendance, Chat } from '../../core/index.ts';
import { identifyServer } from '../credentials.ts';
import { DOOR } from './connection.ts';
import { invalid, parseJson } from './parse.ts';
import { toChatInput, toGlobal, toMessageInput, toMessageUpdate, toOperatorInputs } from './requests.ts';
import { STATUS } from './status.ts';
import type { OnlineUser } from './wire.ts';

const DEFAULT_NAMESPACE = 'default';

const NAMESPACE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What an Api-Token needs for any of these calls, besides `admin`. */
const SCOPE = 'messages';

interface Call {
  readonly actor: Actor;
  readonly body: unknown;
  /** Only operators who serve this widget are told. */
  readonly widget: string | undefined;
}

export function registerBackEndRoutes(
  http: FastifyInstance,
  options: { readonly chat: Chat; readonly maxBodyBytes: number },
): void {
  const { chat } = options;
  const { desk } = chat;

  function callOf(request: FastifyRequest): Call {
    const server = identifyServer(chat.access, request.headers['api-token']);
    checkScope(server, SCOPE);
    const namespace = header(request, 'x-namespace') ?? server.namespace ?? DEFAULT_NAMESPACE;
    if (!NAMESPACE.test(namespace)) throw invalid('x-namespace: is not a valid name', 'x-namespace');
    if (server.namespace !== undefined && server.namespace !== namespace) {
      throw new ChatError('permission_denied', `The Api-Token ${server.name} is for another namespace.`);
    }
    const widget = header(request, 'widget-source');
    const body = Buffer.isBuffer(request.body) ? parseJson(request.body) : undefined;
    return { actor: serverActor(namespace, 0, DOOR), body, widget };
  }

  type Handle = (call: Call) => Promise<unknown>;

  const handle =
    (work: Handle) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      await work(callOf(request));
      return answer(reply, 200, { success: true });
    };

  const createMessage = handle(({ actor, body, widget }) => desk.supplyMessage(actor, toMessageInput(body, widget)));
  const updateMessage = handle(({ actor, body, widget }) => desk.supplyMessageUpdate(actor, toMessageUpdate(body, widget)));
  const pushes: readonly (readonly [path: string, work: ReturnType<typeof handle>])[] = [
    ['/update/chat', handle(({ actor, body }) => desk.supplyChat(actor, toChatInput(body)))],
    ['/update/operators', handle(({ actor, body, widget }) => desk.supplyOperators(actor, toOperatorInputs(body), widget))],
    ['/global', handle(async ({ actor, body, widget }) => desk.supplyGlobal(actor, toGlobal(body), widget))],
    ['/notifications/chat', handle(({ actor, body }) => desk.notifyOperator(actor, toChatInput(body), {}))],
  ];

  void http.register((scope, _, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: options.maxBodyBytes }, (_request, body, parsed) =>
      parsed(null, body),
    );
    scope.setErrorHandler((thrown, _request, reply) => void answerError(chat, toHttpError(thrown), reply));
    scope.post('/message', createMessage);
    scope.put('/message', updateMessage);
    scope.patch('/message', updateMessage);
    for (const [path, work] of pushes) {
      scope.post(path, work);
      scope.put(path, work);
    }
    scope.get('/online-users', async (request, reply) => {
      const { actor, widget } = callOf(request);
      const known = [...(await chat.core.desk.settings.of(actor.namespace)).widgets.keys()];
      const attending = desk.listAttendances(actor).filter(({ sources }) => widget === undefined || serves(sources, widget));
      return answer(
        reply,
        200,
        attending.map((one) => toOnlineUser(one, known)),
      );
    });
    done();
  });
}

/** Who hears of everything is listed with every widget there is. */
function toOnlineUser({ session, sources, departments }: Attendance, widgets: readonly string[]): OnlineUser {
  return {
    user_id: session.actor.user,
    widget_sources: sources === 'all' ? [...widgets] : [...sources],
    department_sources: departments === 'all' ? [] : [...departments],
  };
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function answer(reply: FastifyReply, status: number, body: object): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .send(JSON.stringify(body));
}

function answerError(chat: Chat, error: ChatError, reply: FastifyReply): FastifyReply {
  const { code, message, fields, retryAfter } = error;
  chat.meter.refused(DOOR, code);
  if (code === 'internal') chat.log.error({ err: error.cause }, 'a call of a back end failed');
  if (retryAfter !== undefined) void reply.header('retry-after', String(Math.ceil(retryAfter / 1000)));
  return answer(reply, STATUS[code].http, { error: { code, message, ...(fields !== undefined && { fields }) } });
}

/** What the HTTP layer itself refuses (a body too large, an unreadable one) as one of our errors. */
function toHttpError(thrown: unknown): ChatError {
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') {
    if (thrown.statusCode === 413) return new ChatError('too_large', 'The body is too large.');
    if (thrown.statusCode < 500) return new ChatError('invalid_argument', thrown.message);
  }
  return toChatError(thrown);
}

/** The management door and all other parts of `/api` over a chat in memory, called without a network; every answer is held against the door's own document. */
import fastify from 'fastify';
import { Compile } from 'typebox/compile';
import { createApi } from '../../src/api/index.ts';
import type { Part } from '../../src/api/index.ts';
import { createPasswords } from '../../src/auth/passwords.ts';
import { createTokens } from '../../src/auth/tokens.ts';
import { createLocalBus } from '../../src/buses/local.ts';
import { DEFAULT_LIMITS, createChat, hashSecret } from '../../src/core/index.ts';
import type { ApiToken, Chat, DisconnectReason, Limits, Millis, Session } from '../../src/core/index.ts';
import { DESK_PART } from '../../src/doors/support/desk-api.ts';
import { createManagementDoor } from '../../src/doors/management/index.ts';
import { createMessengerApi } from '../../src/doors/messenger/rest.ts';
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import { memoryMedia } from './media.ts';
import { SECRET, tokenFor } from './tokens.ts';

/** Api-Tokens of every test server: one per scope, and one that may do everything but only elsewhere. */
export const API_TOKENS = {
  admin: 'secret-admin',
  users: 'secret-users',
  conversations: 'secret-conversations',
  messages: 'secret-messages',
  sessions: 'secret-sessions',
  tokens: 'secret-tokens',
  deliver: 'secret-deliver',
  moderation: 'secret-moderation',
  elsewhere: 'secret-elsewhere',
} as const;

export interface Answer {
  readonly status: number;
  /** The parsed body; undefined when there is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
}

export type Headers = Readonly<Record<string, string>>;

export interface ManagementServer extends AsyncDisposable {
  readonly chat: Chat;
  /** `METHOD /api/path` of everything the door serves. */
  readonly routes: readonly string[];
  /** `door code` of every refusal that was counted. */
  readonly refused: readonly string[];
  /** Every line that was logged, as text. */
  readonly logged: readonly string[];
  call(method: string, url: string, options?: { body?: unknown; headers?: Headers; payload?: string }): Promise<Answer>;
  /** Headers of a user with a valid token, whom the server knows from then on. */
  user(sub: number | string, claims?: object): Promise<Headers>;
  /** Takes the store away: whatever asks it from now on is a fault. */
  closeStore(): Promise<void>;
  /** A live session of a user, as another door would open it; `ended` resolves with why it was ended. */
  session(user: number, namespace?: string): Promise<{ id: string; ended: Promise<DisconnectReason> }>;
}

export const server = (token: keyof typeof API_TOKENS, more: Headers = {}): Headers => ({
  'api-token': API_TOKENS[token],
  ...more,
});

export async function startManagement(
  options: {
    limits?: Partial<Limits>;
    now?: () => Millis;
    bodyLimit?: number;
    algorithms?: string[];
    /** What other doors have under `/api`. */
    parts?: readonly Part[];
  } = {},
): Promise<ManagementServer> {
  const logged: string[] = [];
  const refused: string[] = [];
  const log = (fields: object, text: string): void => void logged.push(`${text} ${JSON.stringify(fields)}`);
  const now = options.now ?? Date.now;
  const store = await openSqliteStore({ folder: ':memory:', now });
  const bus = createLocalBus();
  const chat = await createChat({
    store,
    bus,
    media: memoryMedia(),
    tokens: createTokens({ secret: SECRET, algorithms: options.algorithms ?? ['HS256'], now }),
    passwords: createPasswords(),
    meter: { ...silentMeter, refused: (door, code) => void refused.push(`${door} ${code}`) },
    log: { debug: () => undefined, info: log, warn: log, error: log },
    links: { secret: 'the secret of the tests', lifetime: 3_600_000, origin: '' },
    limits: {
      ...DEFAULT_LIMITS,
      rate: undefined,
      addressRate: undefined,
      spam: undefined,
      presenceGrace: 0,
      ...options.limits,
    },
    commits: { maxBatch: 1_000, maxWaiting: 10_000 },
    directorySize: 1_000,
    apiTokens: configuredTokens(now()),
    now,
  });
  let closed: Promise<void> | undefined;
  const closeStore = (): Promise<void> => (closed ??= chat.core.committer.idle().then(() => store.close()));
  const http = fastify({
    exposeHeadRoutes: false,
    bodyLimit: options.bodyLimit ?? 1_048_576,
    routerOptions: { maxParamLength: 8_192 },
  });
  const routes: string[] = [];
  http.addHook('onRoute', ({ method, url }) => void routes.push(...[method].flat().map((one) => `${one} ${url}`)));
  const api = createApi({ chat });
  await createManagementDoor().attach({
    http,
    api,
    grpc: { register: () => undefined, registerService: () => undefined },
    upgrade: () => undefined,
    refusals: () => undefined,
  });
  for (const part of [createMessengerApi({ door: 'messenger' }), DESK_PART, ...(options.parts ?? [])]) api.register(part);
  await api.open(http);
  await http.ready();
  const document: unknown = (await http.inject('/api/openapi.json')).json();
  const check = createAnswerCheck(document);

  return {
    chat,
    routes,
    refused,
    logged,
    closeStore,
    async call(method, url, { body, headers = {}, payload } = {}) {
      const given = payload ?? (body as object | undefined);
      const response = await http.inject({
        method: toMethod(method),
        url,
        headers,
        ...(given !== undefined && { payload: given }),
      });
      const answer = {
        status: response.statusCode,
        body: response.body === '' ? undefined : response.json(),
        headers: response.headers,
      };
      check(method, url, answer);
      return answer;
    },
    async user(sub, claims = {}) {
      const headers = { authorization: `Bearer ${tokenFor(sub, claims)}` };
      await chat.access.authenticate(tokenFor(sub, claims));
      return headers;
    },
    async session(user, namespace = 'default') {
      const { promise: ended, resolve } = Promise.withResolvers<DisconnectReason>();
      const session: Session = {
        id: chat.newSessionId(),
        actor: { namespace, user, role: 'user', server: false, door: 'test', session: 0 },
        codec: { name: 'none', encode: () => undefined },
        openedAt: now(),
        expiresAt: Infinity,
        issuedAt: now(),
        address: '127.0.0.1',
        deliver: () => undefined,
        end(reason) {
          chat.closeSession(session, reason);
          resolve(reason);
        },
      };
      await chat.openSession(session);
      return { id: String(session.id), ended };
    },
    async [Symbol.asyncDispose]() {
      await http.close();
      await chat.drain();
      await bus.close();
      await closeStore();
    },
  };
}

function toMethod(name: string) {
  const method = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).find((known) => known === name);
  if (method === undefined) throw new Error(`no method of this interface: ${name}`);
  return method;
}

const silentMeter = {
  committed: () => undefined,
  sent: () => undefined,
  delivered: () => undefined,
  refused: () => undefined,
  judged: () => undefined,
  sessionOpened: () => undefined,
  sessionClosed: () => undefined,
};

function configuredTokens(createdAt: Millis): ApiToken[] {
  return Object.entries(API_TOKENS).map(([name, secret]) => ({
    name,
    hash: hashSecret(secret),
    scopes: name === 'elsewhere' ? ['admin'] : [name],
    ...(name === 'elsewhere' && { namespace: 'elsewhere' }),
    createdAt,
  }));
}

interface OpenApi {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>>;
  components: { schemas: Record<string, object> };
}

/** Throws when an answer is not one of those the document promises for its operation. */
function createAnswerCheck(document: unknown): (method: string, url: string, answer: Answer) => void {
  const { paths, components } = document as OpenApi;
  const definitions = { $defs: components.schemas };
  const patterns = Object.keys(paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
  }));
  // The more literal path first: /users/me before /users/{id}.
  patterns.sort((one, other) => one.path.split('{').length - other.path.split('{').length);
  const compiled = new Map<object, { Check(value: unknown): boolean; Errors(value: unknown): unknown }>();
  return (method, url, { status, body }) => {
    const [path = ''] = url.split('?', 1);
    const found = patterns.find(({ pattern }) => pattern.test(path));
    const operation = found === undefined ? undefined : paths[found.path]?.[method.toLowerCase()];
    if (operation === undefined) return;
    const answer = operation.responses[String(status)];
    if (answer === undefined)
      throw new Error(`${method} ${path} answered ${status}, which is not documented: ${JSON.stringify(body)}`);
    const schema = answer.content?.['application/json']?.schema;
    if (schema === undefined) {
      if (body !== undefined) throw new Error(`${method} ${path} answered ${status} with a body that is not documented`);
      return;
    }
    let validator = compiled.get(schema);
    if (validator === undefined) {
      validator = Compile(
        JSON.parse(JSON.stringify({ ...schema, ...definitions }).replaceAll('#/components/schemas/', '#/$defs/')) as object,
      );
      compiled.set(schema, validator);
    }
    if (!validator.Check(body)) {
      throw new Error(
        `${method} ${path} answered ${JSON.stringify(body)}, which is not as documented: ${JSON.stringify(validator.Errors(body))}`,
      );
    }
  };
}

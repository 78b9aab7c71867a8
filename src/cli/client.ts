/** How commands talk to a running server: where it is, who they are, and what its refusals mean. */
import { findSecret } from '../auth/secret.ts';
import type { Config } from '../config.ts';
import { parseId } from '../core/index.ts';
import { CommandError, EXIT } from './command.ts';
import type { Arguments, CommandOption } from './command.ts';
import { harmless } from './print.ts';
import { mintLocally } from './token.ts';

export const CLIENT_OPTIONS: readonly CommandOption[] = [
  {
    name: 'as',
    value: '<user id>',
    about: 'Act as this user with a token minted from the local secret, where the data folder is at hand.',
  },
  { name: 'ns', value: '<namespace>', about: 'The namespace of --as.', default: 'default' },
];

/** A minted token is used at once. */
const OWN_TOKEN_TTL_MS = 3_600_000;

/** A server that does not answer a request by then is not there. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface Client {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string;
  /** The user id in the token. Throws when the token names its user by an external id. */
  user(): number;
  /** Resolves with the parsed JSON answer; undefined for an empty one. Throws `CommandError`. */
  request(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<unknown>;
}

export async function createClient(config: Config, args: Arguments): Promise<Client> {
  const url = serverUrl(config);
  const token = await tokenFor(config, args);
  return {
    url,
    token,
    user: () => userOf(token),
    async request(method, path, body, headers = {}) {
      const response = await reach(url, () =>
        fetch(url + path, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
          redirect: 'error',
        }),
      );
      const text = await reach(url, () => response.text());
      const answer = parsed(text);
      if (!response.ok) throw refusal(url, response.status, answer);
      return answer;
    },
  };
}

export function serverUrl(config: Config): string {
  if (config.client.url !== undefined) return config.client.url.replace(/\/+$/, '');
  if (config.port === 0)
    throw new CommandError(EXIT.usage, 'Which server? Its port is chosen at its start: give --url or SWITCHBOARD_URL.');
  return `http://${reachableHost(config.host)}:${config.port}`;
}

/** A host to listen on as one to connect to. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

export async function tokenFor(config: Config, args: Arguments): Promise<string> {
  const subject = args.text('as');
  if (subject === undefined) {
    if (config.client.token !== undefined) return config.client.token;
    throw new CommandError(
      EXIT.usage,
      'Who are you? Give --token or SWITCHBOARD_TOKEN, or --as <user id> where the data folder is at hand.',
    );
  }
  const request = { subject, namespace: args.text('ns') ?? 'default', role: 'user', ttl: OWN_TOKEN_TTL_MS } as const;
  return mintLocally(config, request, (folder) => {
    const secret = findSecret(folder);
    if (secret !== undefined) return secret;
    throw new CommandError(
      EXIT.usage,
      `There is no token secret in ${folder}: --as needs the data folder of the server. Give it with --data, or use --token.`,
    );
  });
}

/** Read without checking: the server checks. */
function userOf(token: string): number {
  const payload = parsed(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const subject = field(payload, 'sub');
  const id = typeof subject === 'string' ? parseId(subject) : undefined;
  if (id !== undefined) return id;
  throw new CommandError(
    EXIT.usage,
    'The sub of the token is not a user id, which this command needs: use a token of a user with a decimal id, or --as <user id>.',
  );
}

export async function reach<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new CommandError(EXIT.cannotConnect, `${cannotConnect(url)} (${reasonOf(cause)}).${START_HINT}`, { cause });
  }
}

export const cannotConnect = (url: string): string => `No answer from ${url}`;

export const START_HINT = ' Is the server running? Start it with: switchboard start, or name another with --url.';

/** fetch hides the reason in the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0]);
  if (cause instanceof Error) return reasonOf(cause);
  if (error.name === 'TimeoutError') return `nothing for ${ANSWER_TIMEOUT_MS / 1000} s`;
  return error.message;
}

export function refusal(url: string, status: number, answer: unknown): CommandError {
  const message = field(answer, 'message') ?? field(field(answer, 'error'), 'message');
  const words =
    typeof message === 'string' ? harmless(message) : `it answered ${status} without saying why; is ${url} a Switchboard?`;
  const hint = status === 401 ? ' Mint a fresh token with: switchboard token --sub <user>' : '';
  return new CommandError(EXIT.refused, `The server refused (${status}): ${words}${hint}`);
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A member of a value of unknown shape. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Reflect.get(value, name) : undefined;
}

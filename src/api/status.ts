/** Refusals in the API's one form: `{"error": {"code", "message", "fields"?}}` with the HTTP status of the code. */
import type { FastifyError, FastifyReply } from 'fastify';
import { ChatError, toChatError } from '../core/index.ts';
import type { Chat, ErrorCode } from '../core/index.ts';
import type { ErrorAnswer } from './answers.ts';
import { ID_PATTERN, NAMESPACE_PATTERN } from './schema.ts';

export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 409,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  not_supported: 501,
  internal: 500,
};

type Violation = NonNullable<FastifyError['validation']>[number];

export function answerError(deps: { chat: Chat; door: string }, thrown: unknown, reply: FastifyReply): void {
  const { chat, door } = deps;
  const error = toError(thrown);
  chat.meter.refused(door, error.code);
  if (error.code === 'internal') chat.log.error({ err: error.cause }, 'a request failed');
  if (error.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(error.retryAfter / 1000)));
  if (error.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="switchboard"');
  void reply.code(STATUS[error.code]).send(toAnswer(error));
}

export function toAnswer({ code, message, fields }: Pick<ChatError, 'code' | 'message' | 'fields'>): ErrorAnswer {
  return { error: { code, message, ...(fields !== undefined && { fields: { ...fields } }) } };
}

/** What is refused before the API has the request, in its form. */
export function wordRefusal({ code, message }: { readonly code: string; readonly message: string }): string {
  return JSON.stringify({ error: { code, message } });
}

/** Anything thrown while a request was read or handled, as an error of the core. */
export function toError(thrown: unknown): ChatError {
  if (!isFastifyError(thrown)) return toChatError(thrown);
  if (thrown.validation !== undefined) return toInvalid(thrown.validation, thrown.validationContext ?? 'body');
  const status = thrown.statusCode ?? 500;
  if (status === 413) return new ChatError('too_large', 'The body is too large.', { fields: { body: 'is too large' } });
  if (status === 415) return refuse('content-type', 'must be application/json');
  if (status < 500)
    return refuse(
      'body',
      thrown.code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH' ? 'has another length than said' : 'is not valid JSON',
    );
  return toChatError(thrown);
}

function isFastifyError(thrown: unknown): thrown is FastifyError {
  return thrown instanceof Error && !(thrown instanceof ChatError) && ('validation' in thrown || 'statusCode' in thrown);
}

function refuse(field: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}

/** One problem per field: the first, which is the most particular one. */
function toInvalid(violations: readonly Violation[], context: string): ChatError {
  const fields: Record<string, string> = {};
  for (const violation of violations) {
    const path = violation.instancePath.split('/').slice(1).map(unescape);
    for (const [name, problem] of problemsOf(violation)) {
      const field = [...path, ...name].join('.') || context;
      if (!Object.hasOwn(fields, field)) fields[field] = problem;
    }
  }
  const message = Object.entries(fields).map(([field, problem]) => `${field}: ${problem}`);
  return new ChatError('invalid_argument', message.join('; '), { fields });
}

/** RFC 6901, section 4. */
function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

const PATTERNS: ReadonlyMap<unknown, string> = new Map([
  [ID_PATTERN, 'must be an id: a decimal number as a string'],
  [NAMESPACE_PATTERN, 'must be 1 to 64 letters, digits, dots, dashes or underscores'],
]);

/** What is wrong with the value itself, or with members of it by name. */
function problemsOf({ keyword, params, message }: Violation): [string[], string][] {
  const { requiredProperties: missing, allowedValues: allowed } = params;
  if (keyword === 'required' && Array.isArray(missing)) return missing.map((name) => [[String(name)], 'is needed']);
  if (keyword === 'enum' && Array.isArray(allowed)) return [[[], `must be one of ${allowed.join(', ')}`]];
  return [[[], PATTERNS.get(params['pattern']) ?? message ?? 'is not valid']];
}

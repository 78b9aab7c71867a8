/** Bytes from outside as typed values, or a clear error that names the member. JSON is parsed once; sizes are the carrier's, depth ends here. */
import { isUtf8 } from 'node:buffer';
import { Compile } from 'typebox/compile';
import type { Static, TSchema } from 'typebox';
import { ChatError } from '../../core/index.ts';
import type { Json, JsonObject } from '../../core/index.ts';
import { CLIENT_FRAMES } from './wire.ts';
import type { ClientFrame, ClientFrameType } from './wire.ts';

/** Levels of objects and lists in one body: what is documented has five. */
const MAX_DEPTH = 16;

/** Members of a message that the server alone says: a client that brings one tries to be somebody else. */
const FORGED = ['id', 'type', 'type_role', 'status', 'user', 'role', 'chat', 'send_time', 'message_index'];

export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw invalid('the text is not UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalid('the text is not JSON');
  }
  if (isDeeper(value, MAX_DEPTH)) throw invalid(`more than ${MAX_DEPTH} levels of objects and lists`);
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((member) => isDeeper(member, levels - 1));
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a compiled schema takes; throws what is wrong with the first members that are. */
export function createCheck<S extends TSchema>(schema: S): (value: unknown) => Static<S> {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return value;
    const fields: Record<string, string> = {};
    for (const { instancePath, keyword, params, message } of validator.Errors(value)) {
      const path = instancePath.split('/').slice(1);
      const missing = 'requiredProperties' in params ? params.requiredProperties : [];
      if (keyword === 'required') for (const name of missing) fields[[...path, name].join('.')] ??= 'is needed';
      else if (keyword !== 'anyOf') fields[path.join('.') || 'body'] ??= message;
    }
    const [[field, problem] = ['body', 'is not as documented']] = Object.entries(fields);
    throw new ChatError('invalid_argument', `${field}: ${problem}`, { fields });
  };
}

const checks = {
  send_message: createCheck(CLIENT_FRAMES.send_message),
  mark_message_delivered: createCheck(CLIENT_FRAMES.mark_message_delivered),
  mark_message_read: createCheck(CLIENT_FRAMES.mark_message_read),
  update_typing: createCheck(CLIENT_FRAMES.update_typing),
};

/** A frame from a client whose envelope is right; its data are not looked at yet. */
export interface RawFrame {
  readonly type: ClientFrameType;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Throws when it is no frame of the interface at all: the connection ends with that. */
export function parseEnvelope(bytes: Buffer): RawFrame {
  const value = parseJson(bytes);
  if (!isObject(value)) throw invalid('a frame is an object with type and data');
  const { type, data = {} } = value;
  if (!isFrameType(type)) throw invalid(`type: must be one of ${Object.keys(CLIENT_FRAMES).join(', ')}`);
  if (!isObject(data)) throw invalid('data: must be an object');
  return { type, data };
}

/** Throws when the data are not the interface’s: the client is told so, and the connection lives on. */
export function parseFrame({ type, data }: RawFrame): ClientFrame {
  switch (type) {
    case 'send_message': {
      const forged = FORGED.find((name) => Object.hasOwn(data, name));
      if (forged !== undefined) throw invalid(`${forged}: is not for the sender to say`, forged);
      return { type, data: checks.send_message(data) };
    }
    case 'mark_message_delivered':
    case 'mark_message_read':
      return { type, data: checks[type](data) };
    case 'update_typing':
      return { type, data: checks.update_typing(data) };
  }
}

function isFrameType(type: unknown): type is ClientFrameType {
  return typeof type === 'string' && Object.hasOwn(CLIENT_FRAMES, type);
}

/** The members that are not named, as they came. */
export function othersOf(value: object, known: readonly string[]): JsonObject | undefined {
  const others = Object.entries(value).filter((entry): entry is [string, Json] => !known.includes(entry[0]));
  return others.length === 0 ? undefined : Object.fromEntries(others);
}

export function invalid(message: string, field?: string): ChatError {
  return new ChatError('invalid_argument', message, field === undefined ? {} : { fields: { [field]: message } });
}

/**
 * Messages that come as a form, with a file or without (wire.md section 3). The file goes to the store as it comes in, wherever in the form it
 * stands; what the fields say is looked at afterwards, as if they had come as JSON. A file that no message takes in is removed after a while.
 */
import type { FastifyRequest } from 'fastify';
import { actorFrom, toId } from '../../api/index.ts';
import { ChatError } from '../../core/index.ts';
import type { Chat, StoredFile } from '../../core/index.ts';
import { limitBody, readOn, toBodyError, watchBody } from '../slow-body.ts';

/** The fields of a message; a form has a few more, which nobody looks at, and one file. */
const FIELDS = ['chatId', 'content', 'clientMessageId'] as const;
const FILE = 'file';
const FORM = { files: 1, fields: 16, parts: 17, fieldNameSize: 128, headerPairs: 32 };

type Fields = Partial<Record<(typeof FIELDS)[number], string>>;

export interface Forms {
  /** Reads a form to its end; its fields are the request's body from then on. For what is no form, only its patience is limited. */
  read(request: FastifyRequest): Promise<void>;
  /** The file that came with a request. */
  fileOf(request: FastifyRequest): StoredFile | undefined;
}

export function createForms({ chat }: { chat: Chat }): Forms {
  const files = new WeakMap<object, StoredFile>();

  async function readParts(request: FastifyRequest): Promise<Fields> {
    const { maxFileBytes, maxTextBytes } = chat.limits;
    const fields: Fields = {};
    // One byte more than allowed of each, so that the core refuses it and not the form.
    const limits = { ...FORM, fileSize: maxFileBytes + 1, fieldSize: maxTextBytes + 1 };
    for await (const part of request.parts({ limits })) {
      if (part.type === 'field') {
        takeField(fields, part.fieldname, part.value);
        continue;
      }
      const bytes = part.file.iterator({ destroyOnReturn: false });
      // What a browser sends for a file that was not chosen.
      if (part.filename === '') part.file.resume();
      else {
        await checkChat(request, fields);
        files.set(request, await chat.uploadFile(actorFrom(request), { name: nameOf(part.filename), bytes }));
      }
    }
    return fields;
  }

  /** Where the chat is known before the file comes, whose it is not need not send it. */
  async function checkChat(request: FastifyRequest, { chatId }: Fields): Promise<void> {
    if (chatId !== undefined) await chat.findConversation(actorFrom(request), { conversation: toId('chatId', chatId) });
  }

  return {
    async read(request) {
      if (!request.isMultipart()) return;
      watchBody(request.raw);
      try {
        const fields = await readParts(request);
        request.body = files.has(request) ? { content: '', ...fields } : fields;
      } catch (error) {
        readOn(request.raw);
        throw toFormError(error);
      }
    },
    fileOf: (request) => files.get(request),
  };
}

/** For a route that takes forms: what is none has to be here in time. */
export function limitOthers(request: FastifyRequest): void {
  if (!/^multipart\/form-data/i.test(request.headers['content-type'] ?? '')) limitBody(request.raw);
}

/** The form parser gives none where the part has none, whatever its types say; the core then names the file. */
function nameOf(given: string | undefined): string {
  return given ?? '';
}

function takeField(fields: Fields, name: string, value: unknown): void {
  const known = FIELDS.find((field) => field === name);
  // Nothing is lost of one that is empty: a file that was not chosen.
  if (name === FILE && value !== '')
    throw bad(FILE, 'is no file: its part needs a filename, or the type application/octet-stream');
  if (known === undefined) return;
  if (fields[known] !== undefined) throw bad(known, 'is given twice');
  if (typeof value !== 'string') throw bad(known, 'must be text');
  fields[known] = value;
}

/** What the form parser finds wrong is its sender's doing. */
function toFormError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^FST_(PARTS|FILES|FIELDS)_LIMIT$/.test(code)) {
    const problem = `has too many ${code.slice(4, -6).toLowerCase()}: one file and ${FORM.fields} fields at the most`;
    return new ChatError('too_large', `body: ${problem}`, { fields: { body: problem } });
  }
  if (code === 'FST_PROTO_VIOLATION' || code === 'FST_INVALID_JSON_FIELD_ERROR')
    return bad('body', 'has a field that is not valid');
  return toBodyError(error);
}

function bad(field: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}

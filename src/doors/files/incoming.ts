/** The bytes of an upload as they come in: of a form with one file, or of a body that is the file. */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { ChatError } from '../../core/index.ts';
import type { UploadFile } from '../../core/index.ts';
import { watchBody } from '../slow-body.ts';

/** A form is one file and a few fields that nobody looks at. Places and bytes. */
const FORM = { files: 1, fields: 16, parts: 32, fieldSize: 4_096, fieldNameSize: 128, headerPairs: 32 };

export async function incomingOf(request: FastifyRequest, name: string | undefined, maxBytes: number): Promise<UploadFile> {
  watchBody(request.raw);
  // One more than allowed, so that the core refuses it and not the form.
  if (request.isMultipart()) return fromForm(request, maxBytes + 1);
  if (!hasBody(request.raw)) throw missing();
  return { name: name ?? '', bytes: request.raw.iterator({ destroyOnReturn: false }) };
}

async function fromForm(request: FastifyRequest, fileSize: number): Promise<UploadFile> {
  const part = await request.file({ limits: { ...FORM, fileSize }, throwFileSizeLimit: false });
  if (part === undefined) throw missing();
  // The form parser gives no name where the part has none, whatever its types say.
  const { filename }: { filename?: string } = part;
  return { name: filename ?? '', bytes: part.file.iterator({ destroyOnReturn: false }) };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function missing(): ChatError {
  return new ChatError('invalid_argument', 'file: is needed', { fields: { file: 'is needed' } });
}

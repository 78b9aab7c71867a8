/** Files under `/api`: upload one, ask for fresh links to one. */
import multipart from '@fastify/multipart';
import { actorFrom, anyone, pathId } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import { toFile } from './codec.ts';
import { readOn, toBodyError } from '../slow-body.ts';
import { incomingOf } from './incoming.ts';
import { ByFile, File, UploadBody, UploadName } from './wire.ts';

export async function registerUploads(http: Routes, { chat, operation }: RouteDeps): Promise<void> {
  const { maxFileBytes } = chat.limits;
  const checkOthers = http.validatorCompiler ?? (() => () => true);
  // Whatever the sender calls it, it is bytes.
  http.removeAllContentTypeParsers();
  await http.register(multipart);
  http.addContentTypeParser('*', (_request, _payload, done) => done(null));

  http.post(
    '/files',
    {
      ...operation(
        anyone('messages'),
        {
          id: 'uploadFile',
          tag: 'files',
          summary: 'Upload a file: a form with one, or a body that is it',
          refusals: ['rate_limited'],
        },
        { querystring: UploadName, body: UploadBody, response: { 201: File } },
      ),
      validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : checkOthers(part)),
      config: { slowBody: true },
    },
    async (request, reply) => {
      try {
        const upload = await incomingOf(request, request.query.name, maxFileBytes);
        const file = await chat.uploadFile(actorFrom(request), upload);
        return await reply.code(201).send(toFile(file, chat.links));
      } catch (error) {
        readOn(request.raw);
        throw toBodyError(error);
      }
    },
  );

  http.get(
    '/files/:id',
    operation(
      anyone('messages'),
      { id: 'getFile', tag: 'files', summary: 'A file with fresh links' },
      { params: ByFile, response: { 200: File } },
    ),
    async (request) => toFile(await chat.findFile(actorFrom(request), pathId(request.params.id)), chat.links),
  );
}

/** What is kept of a person: all of it for the person, and its erasure. */
import { Readable } from 'node:stream';
import { actorFrom, anyone, callerOf, pathId, serversOnly, toId } from '../../api/index.ts';
import type { RouteDeps, Routes } from '../../api/index.ts';
import type { ExportRecord, Links } from '../../core/index.ts';
import { Type } from 'typebox';
import { toErasure, toExportLine } from './people-codec.ts';
import { ById, Confirm } from './requests.ts';
import { Erasure } from './wire.ts';

/** Records that wait for a slow reader. */
const RECORDS_AHEAD = 16;

export function registerPeople(http: Routes, { chat, operation }: RouteDeps): void {
  http.get(
    '/users/:id/export',
    operation(
      anyone('users'),
      {
        id: 'exportUser',
        tag: 'users',
        summary: 'All that is kept of a person, one JSON record per line',
        refusals: ['rate_limited'],
      },
      {
        params: ById,
        response: {
          200: {
            description: 'Lines of JSON: user, conversation, block, session, file and message records.',
            content: { 'application/x-ndjson': { schema: Type.Unsafe<Readable>(Type.String()) } },
          },
        },
      },
    ),
    async (request, reply) => {
      const records = await chat.exportUser(actorFrom(request), pathId(request.params.id));
      const lines = Readable.from(linesOf(chat.links, records), { highWaterMark: RECORDS_AHEAD });
      return reply.type('application/x-ndjson').send(lines);
    },
  );

  http.delete(
    '/users/:id',
    operation(
      anyone('admin'),
      {
        id: 'eraseUser',
        tag: 'users',
        summary: 'Erase a person: oneself, with one’s own id in `confirm`; a back end anybody',
      },
      { params: ById, body: Confirm, response: { 202: Erasure } },
    ),
    async (request, reply) => {
      const { confirm } = request.body;
      const confirmed = confirm === undefined ? undefined : toId('confirm', confirm);
      const erasure = await chat.eraseUser(actorFrom(request), pathId(request.params.id), confirmed);
      return reply.code(202).send(toErasure(erasure));
    },
  );

  http.get(
    '/users/:id/erasure',
    operation(
      serversOnly('users'),
      { id: 'getErasure', tag: 'users', summary: 'How far the erasure of a person has come' },
      { params: ById, response: { 200: Erasure } },
    ),
    async (request) => toErasure(await chat.findErasure(callerOf(request).actor, pathId(request.params.id))),
  );
}

async function* linesOf(links: Links, records: AsyncIterable<ExportRecord>): AsyncGenerator<string> {
  for await (const record of records) yield `${JSON.stringify(toExportLine(links, record))}\n`;
}

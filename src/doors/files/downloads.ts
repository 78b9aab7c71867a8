/** `/files/<id>/<name>`: bytes for whoever has a good link, or a token of somebody who may see the file. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS, toAnswer, toError } from '../../api/index.ts';
import { actorOf, notFound, parseId } from '../../core/index.ts';
import type { Chat, StoredFile } from '../../core/index.ts';
import { contentTypeOf, dispositionOf } from './disposition.ts';
import { isKnown, partOf, tagOf } from './ranges.ts';

/**
 * Nothing of a file is ever run: not by its type, not by a guess, and what a browser shows in place has no origin, no scripts and loads nothing.
 * Pages elsewhere may show pictures they have a link to: the link is what protects them.
 */
const GUARDS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
} as const;

interface Asked {
  readonly file: StoredFile;
  /** Seconds that a browser may keep it for. */
  readonly maxAge: number;
}

export function registerDownloads(http: FastifyInstance, deps: { chat: Chat; door: string }): void {
  const { chat } = deps;
  http.route<{ Params: { id: string } }>({
    method: ['GET', 'HEAD'],
    url: '/files/:id/:name',
    errorHandler: (thrown, _request, reply) => answerError(deps, thrown, reply),
    async handler(request, reply) {
      const query = new URL(request.raw.url ?? '/', 'http://localhost').searchParams;
      const { file, maxAge } = await find(deps, request, parseId(request.params.id), query);
      const { hash, size, mediaType, read } = await chat.readFile(file, query.get('preview') === '1');
      const tag = tagOf(hash);
      reply.headers({
        ...GUARDS,
        etag: tag,
        'accept-ranges': 'bytes',
        'cache-control': maxAge > 0 ? `private, max-age=${maxAge}, immutable` : 'private, no-cache',
        'content-disposition': dispositionOf(mediaType, file.name),
      });
      if (isKnown(one(request.headers['if-none-match']), tag)) return reply.code(304).send();
      reply.type(contentTypeOf(mediaType));
      const { range, 'if-range': ifRange } = request.headers;
      const part = partOf({ range, ifRange: one(ifRange) }, tag, size);
      if (part.kind === 'none') return reply.code(416).header('content-range', `bytes */${size}`).send();
      const { first, last } = part.kind === 'part' ? part.range : { first: 0, last: size - 1 };
      reply.header('content-length', last - first + 1);
      if (part.kind === 'part') reply.code(206).header('content-range', `bytes ${first}-${last}/${size}`);
      if (request.method === 'HEAD') return reply.send();
      return reply.send(toReadable(await read(part.kind === 'part' ? part.range : undefined)));
    },
  });
}

/** A link that is not good, a file that is gone and one that is not the caller's answer the same. */
async function find(
  { chat, door }: { chat: Chat; door: string },
  request: FastifyRequest,
  id: number | undefined,
  query: URLSearchParams,
): Promise<Asked> {
  if (id === undefined) throw notFound();
  const signature = query.get('sig');
  if (signature !== null) {
    const expires = query.get('exp') ?? '';
    const file = await chat.findLinkedFile({ file: id, expires, signature });
    return { file, maxAge: Math.max(0, Math.floor(Number(expires) - chat.now() / 1000)) };
  }
  const token = /^Bearer +([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? query.get('token');
  if (token === null) throw notFound();
  const actor = actorOf(await chat.access.authenticate(token), door, 0);
  return { file: await chat.findFile(actor, id), maxAge: 0 };
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.join(',');
}

function toReadable(bytes: AsyncIterable<Uint8Array>): Readable {
  return bytes instanceof Readable ? bytes : Readable.from(bytes, { objectMode: false });
}

function answerError({ chat, door }: { chat: Chat; door: string }, thrown: unknown, reply: FastifyReply): void {
  const error = toError(thrown);
  chat.meter.refused(door, error.code);
  if (error.code === 'internal') chat.log.error({ err: error.cause }, 'a download failed');
  void reply
    .code(STATUS[error.code])
    .headers({ ...GUARDS, 'cache-control': 'no-store' })
    .type('application/json; charset=utf-8')
    .send(toAnswer(error));
}

/** What is asked for that is not there: an unknown path (404), or a known one with another method (405 with Allow). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Meter } from '../core/index.ts';
import { toAnswer } from './status.ts';

interface Path {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

export type Paths = ReadonlyMap<string, Path>;

/** Keeps the methods of every path registered from now on. */
export function collectPaths(http: Pick<FastifyInstance, 'addHook'>): Paths {
  const paths = new Map<string, Path>();
  http.addHook('onRoute', ({ url, method }) => {
    const path = paths.get(url) ?? { pattern: toPattern(url), methods: new Set() };
    for (const one of [method].flat()) path.methods.add(one);
    paths.set(url, path);
  });
  return paths;
}

/** The methods that a path takes, as `Allow` has them; empty when there is nothing at it. */
export function allowedAt(paths: Paths, path: string): string {
  const methods = [...paths.values()].filter(({ pattern }) => pattern.test(path)).flatMap((known) => [...known.methods]);
  return [...new Set(methods)].sort().join(', ');
}

/** Answers what reached no operation; counted under `door`. */
export function answerUnknown(
  deps: { paths: Paths; meter: Pick<Meter, 'refused'>; door: string },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const [path = ''] = request.url.split('?', 1);
  const allowed = allowedAt(deps.paths, path);
  const code = allowed === '' ? 'not_found' : 'not_supported';
  deps.meter.refused(deps.door, code);
  if (allowed === '') {
    void reply.code(404).send(toAnswer({ code, message: `There is nothing at ${path}.`, fields: undefined }));
    return;
  }
  void reply
    .code(405)
    .header('allow', allowed)
    .send(toAnswer({ code, message: `${path} takes ${allowed}, not ${request.method}.`, fields: undefined }));
}

/** `/a/:id` as an expression for paths: a parameter is one segment that is not empty. */
function toPattern(url: string): RegExp {
  const segments = url
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${segments.join('/')}$`);
}

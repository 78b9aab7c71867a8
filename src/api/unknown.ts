/** What is asked for that is not there: an unknown path (404), or a known one with another method (405 with Allow). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Routes } from './operation.ts';
import { toAnswer } from './status.ts';

interface Path {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

export type Paths = ReadonlyMap<string, Path>;

/** Keeps the methods of every path registered from now on. */
export function collectPaths(http: Routes): Paths {
  const paths = new Map<string, Path>();
  http.addHook('onRoute', ({ url, method }) => {
    const path = paths.get(url) ?? { pattern: toPattern(url), methods: new Set() };
    for (const one of [method].flat()) path.methods.add(one);
    paths.set(url, path);
  });
  return paths;
}

export function answerUnknown(paths: Paths, request: FastifyRequest, reply: FastifyReply): void {
  const [path = ''] = request.url.split('?', 1);
  const methods = [...paths.values()].filter(({ pattern }) => pattern.test(path)).flatMap((known) => [...known.methods]);
  if (methods.length === 0) {
    void reply.code(404).send(toAnswer({ code: 'not_found', message: `There is nothing at ${path}.`, fields: undefined }));
    return;
  }
  const allowed = [...new Set(methods)].sort().join(', ');
  void reply
    .code(405)
    .header('allow', allowed)
    .send(toAnswer({ code: 'not_supported', message: `${path} takes ${allowed}, not ${request.method}.`, fields: undefined }));
}

/** `/a/:id` as an expression for paths: a parameter is one segment that is not empty. */
function toPattern(url: string): RegExp {
  const segments = url
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${segments.join('/')}$`);
}

/** What nothing of the door takes under `/message`, in the door's own form: addresses, methods, and what the listener itself refuses. */
import type { FastifyInstance } from 'fastify';
import { allowedAt, collectPaths } from '../../api/index.ts';
import type { Chat } from '../../core/index.ts';
import { GrpcStatus } from '../../grpc/index.ts';
import type { Refusal } from '../door.ts';
import { answerJson } from './http.ts';
import { STATUS } from './status.ts';

export const PREFIX = '/message';

/** `{"code": <gRPC code>, "message": "...", "details": []}`. */
export function wordRefusal({ code, message }: Pick<Refusal, 'code' | 'message'>): string {
  const grpc = code === 'timeout' ? GrpcStatus.DEADLINE_EXCEEDED : STATUS[code].grpc;
  return JSON.stringify({ code: grpc, message, details: [] });
}

/** Answers what no route takes: 405 with `Allow` where another method would do, else 404. To be called before the routes are registered. */
export function answerUnknown(http: FastifyInstance, chat: Chat, door: string): void {
  const paths = collectPaths(http);
  void http.register(
    (scope, _, done) => {
      // Nobody reads the body of what is not there.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, payload, parsed) => {
        payload.resume();
        parsed(null);
      });
      scope.setNotFoundHandler((request, reply) => {
        const [path = ''] = request.url.split('?', 1);
        const allowed = allowedAt(paths, path);
        const code = allowed === '' ? 'not_found' : 'not_supported';
        chat.meter.refused(door, code);
        if (allowed === '') return answerJson(reply.code(404), wordRefusal({ code, message: `There is nothing at ${path}.` }));
        const message = `${path} takes ${allowed}, not ${request.method}.`;
        return answerJson(reply.code(405).header('allow', allowed), wordRefusal({ code, message }));
      });
      done();
    },
    { prefix: PREFIX },
  );
}

/** One POST to a receiver that is not trusted: what it answers is its status and nothing more, within a time limit, from an address that was checked. */
import http from 'node:http';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';

/** Bytes of an answer that are read, and thrown away, to use the connection again; with more to come it is cut. An answer to an event has nothing to say. */
const MAX_ANSWER_BYTES = 16_384;

/** Bytes of an answer's headers: what common servers allow. */
const MAX_HEADER_BYTES = 16_384;

/** An unused connection is closed before common load balancers drop it without a word. Milliseconds. */
const IDLE_TIMEOUT_MS = 30_000;

export interface PostClientOptions {
  readonly url: URL;
  readonly lookup: LookupFunction;
  /** Connections at the most. */
  readonly connections: number;
  /** For the whole exchange: name, connection, request, answer. Milliseconds. */
  readonly timeout: number;
  /** Certificates to trust in place of the system's. */
  readonly ca?: string | undefined;
}

export interface Answer {
  readonly status: number;
  /** `Retry-After` as it came. */
  readonly retryAfter: string | undefined;
}

/** The connection was closed before there was an answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** The receiver said nothing within the time limit. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

export interface PostClient {
  /** Rejects when there is no answer: with `TooLate`, the signal's reason, or the error of the connection. */
  post(body: Buffer, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer>;
  close(): void;
}

export function createPostClient(options: PostClientOptions): PostClient {
  const { url, lookup, connections, timeout, ca } = options;
  const { request, Agent } = url.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections, timeout: IDLE_TIMEOUT_MS });
  const fixed = { method: 'POST', agent, lookup, maxHeaderSize: MAX_HEADER_BYTES, ...(ca !== undefined && { ca }) };
  return {
    async post(body, headers, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const sent = request(url, { ...fixed, headers: { ...headers, 'content-length': String(body.length) } });
      let said: Answer | undefined;
      let failure: Error = new NoAnswer();
      sent.on('response', (answer) => {
        said = { status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] };
        discard(answer);
      });
      sent.on('error', (error) => {
        failure = error;
      });
      // The status is what the receiver had to say; how the rest of its answer went changes nothing.
      sent.on('close', () => (said === undefined ? reject(failure) : resolve(said)));
      const abort = (): void => void sent.destroy(new Error('stopped'));
      const timer = setTimeout(() => sent.destroy(new TooLate()), timeout);
      signal.addEventListener('abort', abort, { once: true });
      try {
        if (signal.aborted) abort();
        else sent.end(body);
        return await promise;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      }
    },
    close: () => agent.destroy(),
  };
}

function discard(answer: IncomingMessage): void {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) answer.destroy();
  });
  answer.on('error', () => undefined);
}

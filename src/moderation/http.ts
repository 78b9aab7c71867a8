/**
 * A moderator behind one address: each message is a POST, its answer the verdict (docs/moderation.md). Requests are signed as webhooks are
 * (standardwebhooks.com, 1.0.0) where there is a secret. The operator has chosen the address, so it may be a private one; it is the only one:
 * redirects are not followed. Whatever is no verdict rejects.
 */
import { createHmac, randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { ModerationRequest, Moderator } from '../core/index.ts';
import { parseVerdict, toBody } from './wire.ts';

/** Connections at the most: as many verdicts are under way at the moderator, the rest wait for one. */
const CONNECTIONS = 64;

/** Bytes of an answer's headers: what common servers allow. */
const MAX_HEADER_BYTES = 16_384;

/** An unused connection is closed before common load balancers drop it without a word. Milliseconds. */
const IDLE_TIMEOUT_MS = 30_000;

/** How the standard marks a key that is written in Base64. */
const KEY_PREFIX = 'whsec_';

export interface HttpModerator extends Moderator {
  close(): void;
}

export interface HttpModeratorDeps {
  readonly url: string;
  /** Signs; undefined: nothing is signed. */
  readonly secret: string | undefined;
  /** Bytes of one answer: the longest text, escaped, with room. */
  readonly maxAnswerBytes: number;
  readonly now?: () => number;
}

export function createHttpModerator({ url: address, secret, maxAnswerBytes, now = Date.now }: HttpModeratorDeps): HttpModerator {
  const url = new URL(address);
  const { request, Agent } = url.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE_TIMEOUT_MS });
  const key = secret === undefined ? undefined : keyOf(secret);

  function headersOf(body: string): Record<string, string> {
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'switchboard',
    };
    if (key === undefined) return headers;
    const id = randomUUID();
    const timestamp = String(Math.floor(now() / 1000));
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    return { ...headers, 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
  }

  async function post(body: string, signal: AbortSignal): Promise<{ status: number; answer: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = request(url, { method: 'POST', agent, signal, headers: headersOf(body), maxHeaderSize: MAX_HEADER_BYTES });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.end(body);
    const response = await promise;
    return { status: response.statusCode ?? 0, answer: await readAnswer(response, maxAnswerBytes) };
  }

  return {
    async judge(asked: ModerationRequest, signal: AbortSignal) {
      const { status, answer } = await post(toBody(asked), signal);
      if (status === 204) return { verdict: 'pass' };
      if (status !== 200) throw new Error(`the moderation hook answered ${status}`);
      return parseVerdict(answer);
    },
    close: () => agent.destroy(),
  };
}

/** Rejects, and gives the connection up, when there is more than may be. */
async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the moderation hook answered more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The bytes of a secret: what follows `whsec_` is Base64, everything else is the text's own UTF-8. */
function keyOf(secret: string): Buffer {
  return secret.startsWith(KEY_PREFIX) ? Buffer.from(secret.slice(KEY_PREFIX.length), 'base64') : Buffer.from(secret);
}

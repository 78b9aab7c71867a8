import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { ModerationRequest } from '../core/index.ts';
import { createHttpModerator } from './http.ts';

const REQUEST: ModerationRequest = {
  namespace: 'default',
  user: 7,
  role: 'user',
  door: 'stream',
  server: false,
  place: { peer: 8 },
  content: { kind: 'text', text: 'Hello, Wörld' },
  at: 0,
};

type Answering = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A hook on a port of its own, and a moderator that asks it. */
async function hook(answer: Answering, options: { secret?: string; maxAnswerBytes?: number } = {}) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, Buffer.concat(chunks).toString('utf8')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { secret, maxAnswerBytes = 10_000 } = options;
  const moderator = createHttpModerator({
    url: `http://127.0.0.1:${port}/judge?v=1`,
    secret,
    maxAnswerBytes,
    now: () => 1_700_000_000_500,
  });
  const close = async (): Promise<void> => {
    moderator.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  const judge = (signal = new AbortController().signal) => moderator.judge(REQUEST, signal);
  return { judge, close };
}

test('a message is one POST of JSON, and the answer its verdict', async () => {
  const seen: (string | undefined)[] = [];
  const { judge } = await hook((request, response, body) => {
    seen.push(
      request.method,
      request.url,
      request.headers['content-type'],
      JSON.parse(body).text,
      request.headers['webhook-signature']?.toString(),
    );
    response.end('{"verdict":"change","text":"Hi"}');
  });
  expect(await judge()).toEqual({ verdict: 'change', text: 'Hi' });
  expect(seen).toEqual(['POST', '/judge?v=1', 'application/json', 'Hello, Wörld', undefined]);
});

test.each(['a plain secret', `whsec_${Buffer.from('the bytes of a key').toString('base64')}`])(
  'is signed with %s',
  async (secret) => {
    const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret;
    const { judge } = await hook(
      ({ headers }, response, body) => {
        const signed = `${headers['webhook-id']?.toString()}.${headers['webhook-timestamp']?.toString()}.${body}`;
        const isOurs = headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
        response.statusCode = isOurs && headers['webhook-timestamp'] === '1700000000' ? 204 : 403;
        response.end();
      },
      { secret },
    );
    expect(await judge()).toEqual({ verdict: 'pass' });
  },
);

test.each<[string, Answering]>([
  ['an error', (_, response) => void response.writeHead(500).end('{"verdict":"pass"}')],
  ['no success that has a verdict', (_, response) => void response.writeHead(202).end('{"verdict":"pass"}')],
  [
    'a redirect',
    ({ url }, response) =>
      void (url === '/other' ? response.end('{"verdict":"pass"}') : response.writeHead(307, { location: '/other' }).end()),
  ],
  ['what is no JSON', (_, response) => void response.end('<html>')],
  ['megabytes', (_, response) => void response.end(`{"verdict":"pass","x":"${'x'.repeat(5_000_000)}"}`)],
  [
    'headers without end',
    (_, response) => void response.writeHead(200, { 'x-much': 'x'.repeat(60_000) }).end('{"verdict":"pass"}'),
  ],
  [
    'half of it',
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"verd');
      response.destroy();
    },
  ],
  ['nothing', ({ socket }) => void socket.destroy()],
  ['what is no HTTP', ({ socket }) => void socket.end('verdict: pass\r\n\r\n')],
])('has no verdict from who answers %s', async (_, answer) => {
  const { judge } = await hook(answer);
  await expect(judge()).rejects.toThrow(Error);
});

test('has no verdict from nobody', async () => {
  const { judge, close } = await hook((_, response) => void response.end());
  await close();
  await expect(judge()).rejects.toThrow(/ECONNREFUSED/);
});

test.each<[string, Answering]>([
  ['never answers', () => undefined],
  ['trickles', (_, response) => void response.writeHead(200).write('{"verdict"')],
])('gives up a hook that %s when nobody waits any more', async (_, answer) => {
  const began = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const { judge } = await hook((request, response, body) => {
    request.socket.on('close', () => gone.resolve());
    answer(request, response, body);
    began.resolve();
  });
  const stop = new AbortController();
  const verdict = judge(stop.signal).then(
    () => 'a verdict',
    () => 'none',
  );
  await began.promise;
  stop.abort();
  expect(await verdict).toBe('none');
  await gone.promise;
});

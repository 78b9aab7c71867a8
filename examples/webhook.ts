/** Receives webhooks, checks their signatures and drops repetitions, until Ada's message to Bob is told: `npx node examples/webhook.ts "$ADA" "$BOB"` */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

const url = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080';
const key = Buffer.from((process.env['WEBHOOK_SECRET'] ?? '').replace('whsec_', ''), 'base64');

/** Five minutes are for clocks that differ; what is older was caught by somebody and sent again. */
const MAX_AGE_SECONDS = 300;

/** Over the bytes as they came, and in a time that tells nothing of where two signatures differ. */
function isGenuine(headers: IncomingHttpHeaders, body: string): boolean {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) => String(headers[`webhook-${name}`]));
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) < MAX_AGE_SECONDS)) return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  // While secrets are changed there are several.
  return (signatures ?? '').split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** A receiver keeps the ids where it keeps what it makes of the events, for as long as events may be repeated. */
const seen = new Set<string>();
const hello = `hello to a webhook ${crypto.randomUUID()}`;
const told = Promise.withResolvers<void>();

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  if (!isGenuine(request.headers, body)) return void response.writeHead(401).end();
  const event = JSON.parse(body);
  const isNew = !seen.has(event.id);
  seen.add(event.id);
  // Answered before anything takes long: the next event of the conversation waits for it.
  response.writeHead(204).end();
  if (isNew && event.payload.personalChatSent?.payload === hello) {
    console.log(`${event.name}: ${hello.slice(0, 18)}`);
    told.resolve();
  }
}

const server = createServer((request, response) => void receive(request, response));
const port = process.env['WEBHOOK_PORT'] ?? '8787';
server.listen(Number(port), '127.0.0.1');
await once(server, 'listening');

// A forged request comes to nothing.
const forged = {
  'webhook-id': 'x',
  'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
  'webhook-signature': 'v1,Zm9yZ2Vk',
};
const { status } = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers: forged, body: '{}' });
console.log('forged:', status);

const [ada, bob] = [process.argv[2], process.argv[3]].map((token = 'missing') => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
}));
// Bob is known from the first time that he shows himself.
await fetch(`${url}/api/users/me`, { headers: bob ?? {} });
const letter = { method: 'POST', headers: ada ?? {}, body: JSON.stringify({ text: hello }) };
const sent = await fetch(`${url}/api/private/2/messages`, letter);
if (sent.ok) await told.promise;
server.close();
server.closeAllConnections();
if (!sent.ok) throw new Error(`${sent.status} ${await sent.text()}`);

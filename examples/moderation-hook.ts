/** A moderation hook, and a Switchboard that asks it before anything is stored: `npx node examples/moderation-hook.ts` */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createSwitchboard, parseConfig } from 'switchboard';

const secret = randomBytes(32).toString('hex');

/** Only what the server has signed is answered (standardwebhooks.com). */
function isSigned({ headers }: IncomingMessage, body: string): boolean {
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const wanted = Buffer.from(`v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
  const given = Buffer.from(String(headers['webhook-signature']));
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

function judge(words: string): object {
  if (/casino/i.test(words)) return { verdict: 'refuse', reason: 'No advertising here.' };
  const polite = words.replaceAll(/\bdamn\b/gi, 'd***');
  return polite === words ? { verdict: 'pass' } : { verdict: 'change', text: polite };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  if (!isSigned(request, body)) {
    response.writeHead(401).end();
    return;
  }
  const message: { text?: string } = JSON.parse(body);
  response.end(JSON.stringify(judge(message.text ?? '')));
}

const hook = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
const address = hook.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;

const data = await mkdtemp(join(tmpdir(), 'switchboard-hook-'));
const options = {
  port: '0',
  data,
  'log-level': 'warn',
  'moderation-url': `http://127.0.0.1:${port}/`,
  'moderation-secret': secret,
  'moderation-timeout': '5s',
  'moderation-failure': 'refuse',
};
const switchboard = await createSwitchboard(parseConfig({ options, env: {} }));
const { url } = await switchboard.listen();
const tokenOf = (subject: string): Promise<string> =>
  switchboard.chat.mintToken({ subject, namespace: 'default', role: 'user', ttl: 60_000 });
const [ada, bob] = [await tokenOf('1'), await tokenOf('2')];
// Bob appears with his first valid token.
await fetch(`${url}/api/users/me`, { headers: { authorization: `Bearer ${bob}` } });

for (const words of ['Good morning', 'Where is my damn parcel?', 'Visit my CASINO!']) {
  const said = await fetch(`${url}/api/private/2/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ada}`, 'content-type': 'application/json' },
    body: JSON.stringify({ text: words }),
  });
  const told: { text?: string; error?: { message: string } } = JSON.parse(await said.text());
  console.log(`Ada: ${words} -> ${said.status} ${told.text ?? told.error?.message ?? ''}`);
}

await switchboard.close();
hook.close();
await rm(data, { recursive: true });

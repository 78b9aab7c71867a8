/** What a back end pushes to the support desk: `npx node examples/support-backend.ts "$API_TOKEN"` */
import { once } from 'node:events';

const url = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080';
const headers = { 'api-token': process.argv[2] ?? 'missing', 'content-type': 'application/json', 'widget-source': 'shop' };

async function call(path: string, body: unknown, method = 'POST') {
  const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return JSON.parse(await answer.text());
}

/** What an operator's screen shows of the frames it hears. */
interface Told {
  readonly type: string;
  readonly data: {
    readonly message?: {
      readonly text: string;
      readonly user: { readonly firstname: string };
      readonly chat: { readonly uuid: string };
    };
    readonly chat?: { readonly uuid: string; readonly owner_user: { readonly firstname: string } };
    readonly unread_chats?: number;
  };
}

function lineOf({ type, data: { message, chat: other, unread_chats: unread } }: Told): string | undefined {
  // Other chats of the widget are other people's business here.
  if ((message?.chat ?? other)?.uuid === chat.uuid) {
    if (type === 'message_added') return `${message?.user.firstname}: ${message?.text}`;
    if (type === 'message_updated') return `${message?.user.firstname}, corrected: ${message?.text}`;
    if (type === 'chat_notification') return `a bell for the chat of ${other?.owner_user.firstname}`;
  }
  return type === 'global_updated' && unread === 42 ? `unread chats: ${unread}` : undefined;
}

const { token } = await call('/api/tokens', { sub: '7001', role: 'operator', name: 'Olga', ttlSeconds: 3600 });
const screen = new WebSocket(`${url.replace('http', 'ws')}/broadcast?source=shop`, ['bearer', token]);
const done = new Promise<void>((resolve) => {
  screen.addEventListener('message', ({ data }) => {
    const line = lineOf(JSON.parse(data));
    if (line === undefined) return;
    console.log(line);
    if (line.startsWith('unread')) resolve();
  });
});
await once(screen, 'open');

// The chat, the message and its author bring their own ids: the same call again is the same message.
const client = { id: 7002, role: 'user', firstname: 'Anna' };
const operator = { id: 7001, role: 'operator', firstname: 'Olga' };
const chat = {
  uuid: crypto.randomUUID(),
  widget: { source: 'shop' },
  status: 'open',
  owner_user: client,
  operator_user: operator,
};
const message = { id: Date.now(), type: 'standard', text: 'Where is my parcl?', user: client, chat };
await call('/message', message);
await call('/message', message);
await call('/message', { id: message.id, text: 'Where is my parcel?' }, 'PATCH');
await call('/notifications/chat', chat);
await call('/global', { unread_chats: 42 });
await done;
screen.close(1000);

/** The messenger's REST interface, with plain fetch: `npx node examples/messenger-rest.ts "$ADA" "$BOB"` */
import { randomUUID } from 'node:crypto';

const url = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080';
const [ada = 'missing', bob = 'missing'] = process.argv.slice(2);

async function call(token: string, method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return JSON.parse(await answer.text());
}

const [me, them] = [await call(ada, 'GET', '/users/me'), await call(bob, 'GET', '/users/me')];

// Opened once: asked for again, by either of them, the same chat is answered. Here Bob reads what an earlier run has left.
const chat = await call(ada, 'POST', '/chats', { userIds: [them.id] });
await call(bob, 'POST', `/chats/${chat.id}/read`, {});

// Sent again under the same clientMessageId, as after a lost connection, it is still one message.
const message = { chatId: chat.id, content: 'Привет, Боб 👋', clientMessageId: randomUUID() };
const first = await call(ada, 'POST', '/messages', message);
const again = await call(ada, 'POST', '/messages', message);
console.log(`Ada: #${first.id} is stored, ${first.id === again.id ? 'once' : 'twice'}`);

const list = await call(bob, 'GET', '/chats');
const seen = list.find(({ id }: { id: string }) => id === chat.id);
console.log(`Bob: ${seen.unreadCount} unread in the chat with ${me.name}: ${seen.messages[0].content}`);
const { unreadCount } = await call(bob, 'POST', `/chats/${chat.id}/read`, { messageId: first.id });
console.log(`Bob: ${unreadCount} unread after reading`);

const answer = await call(bob, 'POST', '/messages', { chatId: chat.id, content: '你好, Ada' });
await call(bob, 'PATCH', `/messages/${answer.id}`, { content: '你好, Ada!' });
const { messages } = await call(ada, 'GET', `/chats/${chat.id}/messages?limit=2`);
console.log('Ada sees:', messages.map(({ content }: { content: string }) => content).join(' | '));

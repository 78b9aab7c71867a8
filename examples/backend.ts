/** What a back end does with the Api-Token that the server was started with: `npx node examples/backend.ts "$API_TOKEN"` */
import { once } from 'node:events';

const url = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080';
const asBackEnd = { 'api-token': process.argv[2] ?? 'missing' };

async function call(who: Record<string, string>, path: string, body?: object) {
  const headers = { ...who, 'content-type': 'application/json' };
  const answer = await fetch(url + path, { headers, ...(body && { method: 'POST', body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return JSON.parse(await answer.text());
}

/** Mints a token for somebody of the account system; whoever shows it first makes the user known. */
async function signIn(sub: string): Promise<{ id: string; token: string }> {
  const { token } = await call(asBackEnd, '/api/tokens', { sub, ttlSeconds: 3600 });
  const { id } = await call({ authorization: `Bearer ${token}` }, '/api/users/me');
  return { id, token };
}

const [editor, reader] = [await signIn('staff-7'), await signIn('customer-77')];
const asEditor = { ...asBackEnd, 'x-on-behalf-of': editor.id };
const news = await call(asEditor, '/api/conversations', { kind: 'channel', name: 'News', members: [reader.id] });

const socket = new WebSocket(`${url.replace('http', 'ws')}/message/chat`, ['bearer', reader.token]);
socket.addEventListener('message', ({ data }) => console.log('the reader sees:', JSON.parse(data).postbox.posts[0].text.content));
await once(socket, 'open');
// Waited for from before the call: the push may be here earlier than the answer to the back end.
const issue = once(socket, 'message');
await call(asEditor, `/api/conversations/${news.id}/messages`, { text: 'the first issue is out' });
await issue;

// A notice goes to the sessions that are open now and is not stored.
const postmark = { category: 'CATEGORY_CHANNEL', sender: editor.id, receiver: news.id };
const posts = [{ postmark, type: 'TYPE_TEXT', text: { content: 'maintenance at ten' } }];
const notice = once(socket, 'message');
await call(asBackEnd, '/message/inner/chat/deliver', { tag: { product: 'default', name: `user:${reader.id}` }, sn: 'n1', posts });
await notice;
socket.close(1000);

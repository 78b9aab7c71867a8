/** A bot that greets every new client of a widget and hands over to people: `npx node examples/support-bot.ts "$API_TOKEN"` */
import { once } from 'node:events';

const url = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080';
const headers = { 'api-token': process.argv[2] ?? 'missing', 'content-type': 'application/json' };
const source = `bot-${process.pid}`;

async function call(path: string, body: unknown) {
  const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return JSON.parse(await answer.text());
}

async function connect(path: string, sub: string, role: string, name: string): Promise<WebSocket> {
  const { token } = await call('/api/tokens', { sub, role, name, ttlSeconds: 3600 });
  const socket = new WebSocket(url.replace('http', 'ws') + path, ['bearer', token]);
  await once(socket, 'open');
  return socket;
}

/** The bot listens where operators do, and speaks as a back end, so that what it says is of type `bot`. */
const robot = { id: 7100, role: 'bot', firstname: 'Robot' };
const ear = await connect(`/broadcast?source=${source}`, '7101', 'operator', 'The ear of the bot');
ear.addEventListener('message', ({ data }) => void greet(data));

async function greet(frame: string): Promise<void> {
  const { type, data } = JSON.parse(frame);
  if (type !== 'message_added' || data.message.user.role !== 'user') return;
  const { chat, text: question } = data.message;
  const say = (words: string) => call('/message', { type: 'bot', text: words, user: robot, chat: { uuid: chat.uuid } });
  if (/human|person/i.test(question)) {
    await say('I get you somebody.');
    // A note for whoever takes over: no client ever sees it.
    await call('/message', { type: 'note', text: `Asked: ${question}`, user: robot, chat: { uuid: chat.uuid } });
    await call('/update/chat', { uuid: chat.uuid, topic: 'handed over' });
  } else await say('Hello! I am a robot. Ask for a person at any time.');
}

// A client on the website.
const client = await connect(`/chat?source=${source}`, '7102', 'user', 'Anna');
const handedOver = new Promise<void>((resolve) => {
  client.addEventListener('message', ({ data: text }) => {
    const { type, data } = JSON.parse(text);
    if (type !== 'message_added') return;
    console.log(`${data.message.user.firstname}: ${data.message.text}`);
    if (data.message.text.startsWith('Hello!')) {
      client.send(JSON.stringify({ type: 'send_message', data: { text: 'A person, please.' } }));
    }
    if (data.message.text.startsWith('I get')) resolve();
  });
});
client.send(JSON.stringify({ type: 'send_message', data: { text: 'Good morning' } }));
await handedOver;
client.close(1000);
ear.close(1000);

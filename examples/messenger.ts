/** Ada and Bob in one chat over Socket.IO: Bob syncs and hears what comes, Ada types and writes. `npx node examples/messenger.ts "$ADA" "$BOB"` */
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';

const url = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:8080';
const [adaToken = 'missing', bobToken = 'missing'] = process.argv.slice(2);

async function connect(token: string): Promise<Socket> {
  const socket = io(url, { auth: { token }, forceNew: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', ({ message }) => reject(new Error(message)));
  });
  return socket;
}

/** Every event takes an acknowledgement: `{ok: true, ...}` or `{ok: false, error: {code, message}}`. */
async function ask(socket: Socket, event: string, payload: unknown) {
  const answer = await socket.timeout(5_000).emitWithAck(event, payload);
  if (!answer.ok) throw new Error(`${event}: ${answer.error.message}`);
  return answer;
}

const ada = await connect(adaToken);
const bob = await connect(bobToken);
const created = await fetch(`${url}/api/conversations`, {
  method: 'POST',
  headers: { authorization: `Bearer ${adaToken}`, 'content-type': 'application/json' },
  body: JSON.stringify({ kind: 'group', name: 'Lunch', members: ['2'] }),
});
const { id: chatId } = JSON.parse(await created.text());

bob.on('typing_start', ({ username }) => console.log(`Bob: ${username} is typing`));
const heard = new Promise<void>((resolve) => {
  bob.on('new_message', ({ id, content }) => {
    console.log(`Bob: #${id} ${content}`);
    resolve();
  });
});
// Bob opens the chat, which reads it, and takes what he has missed; what comes from now on is live.
await ask(bob, 'join_chat', chatId);
await ask(bob, 'sync', { chats: [{ chatId, lastId: '0' }] });

ada.emit('typing_start', chatId);
const { message } = await ask(ada, 'send_message', {
  chatId,
  content: 'hello from Socket.IO',
  clientMessageId: crypto.randomUUID(),
});
console.log(`Ada: #${message.id} is stored`);
await heard;
ada.disconnect();
bob.disconnect();

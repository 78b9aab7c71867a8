/**
 * The support desk's frames by `ws`, nothing stored and nobody asked who they are: what a client says in its chat (`/chat?chat=UUID`) is told to all in
 * the chat and to all operators (`/broadcast`). Frames are built once and written by an outbox, one write per socket per turn; with `--plain` by
 * `send`, as the documentation of `ws` shows it.
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { listenAndAnnounce } from './announce.ts';
import { createFlusher, textFrame } from './outbox.ts';
import { messageAdded, parseSaid } from './desk-wire.ts';

/** Writes the text of a frame to a socket. */
type Write = (frame: Frame) => void;

interface Frame {
  readonly text: string;
  readonly bytes: Buffer;
}

const { values } = parseArgs({ options: { plain: { type: 'boolean' } } });
const server = createServer();
const wss = new WebSocketServer({ noServer: true });
const operators = new Set<Write>();
const chats = new Map<string, Set<Write>>();
const flush = createFlusher();
const nothing = Buffer.alloc(0);
let messages = 0;

function toFrame(text: string): Frame {
  return { text, bytes: values.plain ? nothing : textFrame(text) };
}

server.on('upgrade', (request, socket, head) => {
  wss.handleUpgrade(request, socket, head, (connection) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const chat = url.searchParams.get('chat') ?? '';
    const user = Number(url.searchParams.get('user'));
    const outbox = { socket: request.socket, frames: [] };
    const own: Write = values.plain ? ({ text }) => connection.send(text) : ({ bytes }) => flush(outbox, bytes);
    const room = url.pathname === '/broadcast' ? operators : (chats.get(chat) ?? new Set<Write>());
    if (room !== operators) chats.set(chat, room);
    room.add(own);
    connection.on('close', () => room.delete(own));
    connection.on('message', (data) => {
      const { text, client_id: key } = parseSaid(data);
      messages += 1;
      own(toFrame(messageAdded({ number: messages, text, chat, user, key })));
      const told = toFrame(messageAdded({ number: messages, text, chat, user }));
      for (const write of room) if (write !== own) write(told);
      for (const write of operators) write(told);
    });
  });
});
listenAndAnnounce(server);

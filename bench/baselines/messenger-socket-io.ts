/**
 * Bare `socket.io`, websocket transport only, with the messenger's events: acknowledge a message, tell everybody in the chat of it and of what their
 * list of chats says, in the very members that Switchboard sends. No authentication, no storage, and no unread counts of each member's own.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listenAndAnnounce } from './announce.ts';

interface Send {
  readonly chatId: string;
  readonly content: string;
}

type Acknowledge = (answer: object) => void;

const server = createServer();
const io = new Server(server, { transports: ['websocket'], serveClient: false });
let last = 0;

io.on('connection', (socket) => {
  const { user } = socket.handshake.query;
  const id = String(user);
  // A chat of all, and one of every two.
  void socket.join(['1', `pair-${Math.floor((Number(id) - 1) / 2)}`]);
  socket.on('send_message', ({ chatId, content }: Send, acknowledge: Acknowledge) => {
    last += 1;
    const sender = { id, username: `user-${id}` };
    const message = { id: String(last), chatId, senderId: id, content, createdAt: new Date().toISOString(), sender };
    acknowledge({ ok: true, message });
    io.to(chatId).emit('new_message', message);
    io.to(chatId).emit('sidebar_update', { chatId, unreadCount: 1, message });
  });
  socket.on('join_chat', (chatId: string, acknowledge?: Acknowledge) => {
    void socket.join(`in ${chatId}`);
    acknowledge?.({ ok: true });
  });
  for (const event of ['typing_start', 'typing_end']) {
    socket.on(event, (chatId: string, acknowledge: Acknowledge) => {
      acknowledge({ ok: true });
      socket.to(`in ${chatId}`).emit(event, { chatId, userId: id, username: `user-${id}` });
    });
  }
});
listenAndAnnounce(server);

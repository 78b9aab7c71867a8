/** Bare `socket.io`, websocket transport only, as its documentation shows it: acknowledge, emit to a room. No authentication, no storage. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listenAndAnnounce } from './announce.ts';
import { ackOf, createStamp, deliveryOf, readSend } from './stream-wire.ts';

const PRIVATE = 1;
const server = createServer();
const io = new Server(server, { transports: ['websocket'], serveClient: false });
const stamp = createStamp();

io.on('connection', (socket) => {
  const { user } = socket.handshake.query;
  void socket.join(['everyone', `user:${String(user)}`]);
  socket.on('send', (frame, acknowledge) => {
    const send = readSend(frame);
    const given = stamp();
    acknowledge(ackOf(send, given));
    socket.to(send.category === PRIVATE ? `user:${send.receiver}` : 'everyone').emit('message', deliveryOf(send, given));
  });
});
listenAndAnnounce(server);

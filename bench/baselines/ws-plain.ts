/** Bare `ws` as its documentation shows it: parse, answer, and `send` to every receiver. No authentication, no storage. */
import { createServer } from 'node:http';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { listenAndAnnounce } from './announce.ts';
import { ackOf, createStamp, deliveryOf, parseSend } from './stream-wire.ts';

const PRIVATE = 1;
const server = createServer();
const wss = new WebSocketServer({ server });
const users = new Map<string, WebSocket>();
const stamp = createStamp();

wss.on('connection', (socket, request) => {
  const user = new URL(request.url ?? '/', 'http://localhost').searchParams.get('user') ?? '';
  users.set(user, socket);
  socket.on('close', () => users.delete(user));
  socket.on('message', (data) => {
    const send = parseSend(data);
    const given = stamp();
    socket.send(JSON.stringify(ackOf(send, given)));
    const delivery = JSON.stringify(deliveryOf(send, given));
    if (send.category === PRIVATE) {
      users.get(send.receiver)?.send(delivery);
      return;
    }
    for (const member of users.values()) if (member !== socket) member.send(delivery);
  });
});
listenAndAnnounce(server);

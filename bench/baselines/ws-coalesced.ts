/**
 * `ws` for the handshake and for reading; frames are built once and written by an outbox, one write per socket per turn.
 * With `--log FILE` the turn's messages are first committed to a SQLite log (WAL, FULL), then acknowledged and delivered.
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { listenAndAnnounce } from './announce.ts';
import { openLog } from './log.ts';
import type { Outbox } from './outbox.ts';
import { createFlusher, textFrame } from './outbox.ts';
import type { Send } from './stream-wire.ts';
import { ackOf, createStamp, deliveryOf, parseSend } from './stream-wire.ts';

const PRIVATE = 1;
const { values } = parseArgs({ options: { log: { type: 'string' } } });
const log = values.log === undefined ? undefined : openLog(values.log);
const server = createServer();
const wss = new WebSocketServer({ noServer: true });
const users = new Map<string, Outbox>();
const stamp = createStamp();
const write = createFlusher();

function deliver(send: Send, from: Outbox): void {
  const given = stamp();
  write(from, textFrame(JSON.stringify(ackOf(send, given))));
  const frame = textFrame(JSON.stringify(deliveryOf(send, given)));
  if (send.category === PRIVATE) {
    const receiver = users.get(send.receiver);
    if (receiver) write(receiver, frame);
    return;
  }
  for (const member of users.values()) if (member !== from) write(member, frame);
}

let turn: { send: Send; from: Outbox }[] = [];
function commitTurn(): void {
  const messages = turn;
  turn = [];
  log?.append(messages.map(({ send }) => send));
  for (const { send, from } of messages) deliver(send, from);
}

server.on('upgrade', (request, socket, head) => {
  wss.handleUpgrade(request, socket, head, (connection) => {
    const user = new URL(request.url ?? '/', 'http://localhost').searchParams.get('user') ?? '';
    const outbox: Outbox = { socket: request.socket, frames: [] };
    users.set(user, outbox);
    connection.on('close', () => users.delete(user));
    connection.on('message', (data) => {
      const send = parseSend(data);
      if (!log) deliver(send, outbox);
      else if (turn.push({ send, from: outbox }) === 1) setImmediate(commitTurn);
    });
  });
});
listenAndAnnounce(server);

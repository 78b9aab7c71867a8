/** What the server waits for, and for how long: clients that say nothing, too little or too slowly, tokens that end. The tests wait side by side. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS } from '../support/clients/carriers.ts';
import { open, parseAnswer, received } from '../support/clients/http.ts';
import { Opcode, WebSocketClient, clientFrame, handshake } from '../support/clients/websocket.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ 'ping-interval': '1s' });
});
afterAll(async () => {
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  // Two that said nothing to speak of, one whose headers never ended.
  expect(await server.metric('switchboard_refusals_total', { door: 'http', code: 'timeout' })).toBeGreaterThanOrEqual(3);
  await server.close();
});

async function connect(user: number, options: { answers?: boolean } = {}): Promise<WebSocketClient> {
  return WebSocketClient.connect({ port: server.port, path: `/message/chat?token=${tokenFor(user)}`, ...options });
}

/** Resolves when the user has no session any more. */
async function gone(user: number): Promise<void> {
  while (server.chat.listSessions(server.actor(user)).length > 0) await setTimeout(20);
}

describe.concurrent('clients that are slow or silent', () => {
  test('a connection that says nothing is closed', async () => {
    const socket = open(server.port);
    expect(await received(socket)).toHaveLength(0);
  });

  test('so is one that says less than it takes to know what it speaks', async () => {
    const socket = open(server.port);
    socket.write('PR');
    expect(await received(socket)).toHaveLength(0);
  });

  test('headers at one byte a second', async () => {
    const socket = open(server.port);
    const text = handshake({ port: server.port, path: '/message/chat' }, 'AAAAAAAAAAAAAAAAAAAAAA==');
    const over = received(socket);
    let isOver = false;
    void over.then(() => {
      isOver = true;
    });
    for (let at = 0; !isOver && at < text.length; at += 1) {
      socket.write(text.slice(at, at + 1));
      await Promise.race([setTimeout(1_000), over]);
    }
    const answer = await over;
    expect(answer.length === 0 ? 408 : parseAnswer(answer).status).toBe(408);
  });

  test('a client that answers no ping is gone after two', async () => {
    const [user] = await server.newUsers(1);
    const client = await connect(user, { answers: false });
    expect(await client.ended).toEqual({ code: 1006, reason: '' });
    expect(client.control.filter(({ opcode }) => opcode === Opcode.PING)).toHaveLength(1);
    await gone(user);
  });

  test('one that answers stays, whatever else it says or does not say', async () => {
    const [user] = await server.newUsers(1);
    const client = await connect(user);
    while (client.control.filter(({ opcode }) => opcode === Opcode.PING).length < 4) await setTimeout(50);
    await client.roundTrip();
    await client.close();
  });

  test('one that sends but answers no ping stays too', async () => {
    const [user] = await server.newUsers(1);
    const client = await connect(user, { answers: false });
    for (let at = 0; at < 30; at += 1) {
      client.text(`{"sn":"${at}","type":2,"postbox":{}}`);
      await client.nextText();
      await setTimeout(100);
    }
    client.drop();
  });

  test('a client that ends its side of the connection without a close frame is gone at once', async () => {
    const [user] = await server.newUsers(1);
    const client = await connect(user);
    client.socket.end();
    await gone(user);
    expect((await client.ended).code).toBe(1006);
  });

  test('so is one that is cut off in the middle of a frame', async () => {
    const [user] = await server.newUsers(1);
    const client = await connect(user);
    client.write(clientFrame('{"sn":"a"', {}).subarray(0, 8));
    client.drop();
    await gone(user);
  });

  test('a client that does not answer the close frame is not waited for', async () => {
    const [user] = await server.newUsers(1);
    const client = await connect(user, { answers: false });
    client.text('no JSON');
    expect((await client.ended).code).toBe(1007);
    const refused = await WebSocketClient.connect({ port: server.port, path: '/message/chat', answers: false });
    expect((await refused.ended).code).toBe(4401);
  });
});

describe.concurrent.each(CARRIERS)('tokens on $name', (carrier) => {
  test('a token that expires ends the connection it opened', async () => {
    const [user] = await server.newUsers(1);
    // Clocks may differ by five seconds: this one is over in two.
    const token = tokenFor(user, { exp: Math.floor(Date.now() / 1000) - 3 });
    const link = await carrier.connect({ port: server.port, token });
    expect(await link.ended).toEqual({ code: carrier.endings.unauthenticated, message: 'the token has expired' });
    const again = await carrier.connect({ port: server.port, token });
    expect(await again.ended).toEqual({ code: carrier.endings.unauthenticated, message: 'The token has expired.' });
  });

  test('a token that is revoked ends its connections, and no others', async () => {
    const [user, other] = await server.newUsers(2);
    const [stolen, good] = [tokenFor(user, { jti: `${carrier.name}-stolen` }), tokenFor(user, { jti: `${carrier.name}-good` })];
    const thief = await carrier.connect({ port: server.port, token: stolen });
    const owner = await StreamPeer.connect(carrier, server, user, { token: good });
    const peer = await StreamPeer.connect(carrier, server, other);
    await server.chat.revokeTokens('default', user, `${carrier.name}-stolen`);
    expect(await thief.ended).toEqual({ code: carrier.endings.unauthenticated, message: 'the token has been revoked' });
    expect(await (await carrier.connect({ port: server.port, token: stolen })).ended).toMatchObject({
      code: carrier.endings.unauthenticated,
    });
    await owner.send({ peer: other }, 'still me');
    expect((await peer.nextPush()).text?.content).toBe('still me');
    // All of them up to now.
    await server.chat.revokeTokens('default', user);
    expect((await owner.ended).code).toBe(carrier.endings.unauthenticated);
    await peer.settled();
  });
});

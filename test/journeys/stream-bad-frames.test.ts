/** Broken WebSocket frames and handshakes on the wire (RFC 6455): the right close code, nothing stored, nobody else harmed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverActor } from '../../src/core/index.ts';
import { exchange, open, parseAnswer, received } from '../support/clients/http.ts';
import { Category } from '../support/clients/stream-frame.ts';
import { Opcode, UpgradeRefused, WebSocketClient, clientFrame, closeFrame, handshake } from '../support/clients/websocket.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, textPost } from '../support/stream-peer.ts';
import { webSocketText } from '../support/clients/carriers.ts';
import { slowDisk } from '../support/slow-disk.ts';
import { tokenFor } from '../support/tokens.ts';
import { createWitness } from '../support/witness.ts';
import type { Witness } from '../support/witness.ts';

let server: TestServer;
let witness: Witness;
beforeAll(async () => {
  server = await startServer();
  witness = await createWitness(server);
});
afterAll(async () => {
  await witness.untouched();
  await server.close();
});

function connect(user = witness.one): Promise<WebSocketClient> {
  return WebSocketClient.connect({ port: server.port, path: `/message/chat?token=${tokenFor(user)}` });
}

/** A frame that would store a post, if it were taken. */
function post(): string {
  return JSON.stringify({ sn: 'bad', type: 2, postbox: { posts: [textPost({ group: witness.group }, witness.one, 'bad')] } });
}

const EMPTY = Buffer.alloc(0);
const PING = { opcode: Opcode.PING };

/** Close frames whose code or reason is not allowed. */
function badClose(code: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code, 0);
  return clientFrame(payload, { opcode: Opcode.CLOSE });
}

describe('broken frames', () => {
  const cases: [string, number, () => Uint8Array[]][] = [
    ['an unmasked frame', 1002, () => [clientFrame(post(), { masked: false })]],
    ['an unmasked ping', 1002, () => [clientFrame('', { ...PING, masked: false })]],
    ['RSV1: compression that was not agreed on', 1002, () => [clientFrame(post(), { reserved: 4 })]],
    ['RSV2', 1002, () => [clientFrame(post(), { reserved: 2 })]],
    ['RSV3', 1002, () => [clientFrame(post(), { reserved: 1 })]],
    ['RSV1 on a ping', 1002, () => [clientFrame('', { ...PING, reserved: 4 })]],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, number, () => Uint8Array[]] => [
      `opcode ${opcode}`,
      1002,
      () => [clientFrame(post(), { opcode })],
    ]),
    ['a continuation of nothing', 1002, () => [clientFrame(post(), { opcode: Opcode.CONTINUATION })]],
    ['a new message inside another', 1002, () => [clientFrame('{', { fin: false }), clientFrame(post())]],
    ['a ping in fragments', 1002, () => [clientFrame('', { ...PING, fin: false })]],
    ['a ping of 126 bytes', 1002, () => [clientFrame(Buffer.alloc(126), PING)]],
    ['a close frame of one byte', 1002, () => [clientFrame(Buffer.alloc(1), { opcode: Opcode.CLOSE })]],
    ...[0, 999, 1004, 1005, 1006, 1015, 1100, 2999, 5000, 65_535].map((code): [string, number, () => Uint8Array[]] => [
      `close code ${code}`,
      1002,
      () => [badClose(code)],
    ]),
    ['a close reason that is not UTF-8', 1007, () => [clientFrame(Buffer.from([3, 232, 0xc3, 0x28]), { opcode: Opcode.CLOSE })]],
    ['a text that is not UTF-8', 1007, () => [clientFrame(Buffer.from([0xc3, 0x28]))]],
    ['half a character', 1007, () => [clientFrame(Buffer.from([0xf0, 0x9f, 0x98]))]],
    ['a surrogate in UTF-8', 1007, () => [clientFrame(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))]],
    ['an overlong character', 1007, () => [clientFrame(Buffer.from([0x22, 0xc0, 0xaf, 0x22]))]],
    [
      'half a character at the end of the last fragment',
      1007,
      () => [clientFrame('"', { fin: false }), clientFrame(Buffer.from([0xf0, 0x9f]), { opcode: Opcode.CONTINUATION })],
    ],
    ['a length over the limit', 1009, () => [clientFrame(EMPTY, { claimedLength: 524_289n })]],
    ['a length of 4 GiB', 1009, () => [clientFrame(EMPTY, { claimedLength: 2n ** 32n })]],
    ['a length of 2^63-1', 1009, () => [clientFrame(EMPTY, { claimedLength: 2n ** 63n - 1n })]],
    ['a length of 2^64-1', 1009, () => [clientFrame(EMPTY, { claimedLength: 2n ** 64n - 1n })]],
    [
      'fragments over the limit together',
      1009,
      () => [
        clientFrame(Buffer.alloc(500_000, ' '), { fin: false }),
        clientFrame(Buffer.alloc(24_289, ' '), { opcode: Opcode.CONTINUATION }),
      ],
    ],
    [
      'a flood of fragments',
      1008,
      () => [
        clientFrame('{', { fin: false }),
        ...Array.from({ length: 2_000 }, () => clientFrame(' ', { opcode: Opcode.CONTINUATION, fin: false })),
      ],
    ],
    [
      'a flood of empty fragments',
      1008,
      () => [
        clientFrame('', { fin: false }),
        ...Array.from({ length: 2_000 }, () => clientFrame('', { opcode: Opcode.CONTINUATION, fin: false })),
      ],
    ],
  ];

  test.each(cases)('%s', async (_name, code, frames) => {
    const refusals = (): Promise<number> => server.metric('switchboard_refusals_total', { door: 'stream' });
    const before = await refusals();
    const client = await connect();
    client.write(Buffer.concat([...frames(), clientFrame(post())]));
    expect((await client.ended).code).toBe(code);
    expect(await refusals()).toBe(before + 1);
    expect(client.violations).toEqual([]);
    await witness.unharmed();
  });

  test('nothing is pushed behind the close frame, and the session is over at once', async () => {
    const sessions = await server.metric('switchboard_sessions');
    const client = await WebSocketClient.connect({
      port: server.port,
      path: `/message/chat?token=${tokenFor(witness.two)}`,
      answers: false,
    });
    client.write(clientFrame('x', { reserved: 2 }));
    await expect(client.roundTrip()).rejects.toThrow('the connection ended: 1002');
    for (let at = 0; at < 3; at += 1) await witness.unharmed();
    expect(await client.ended).toMatchObject({ code: 1002 });
    expect(client.violations).toEqual([]);
    expect(await server.metric('switchboard_sessions')).toBe(sessions);
  });
});

describe('closing', () => {
  test.each([1000, 1001, 1003, 1011, 3000, 4999])('code %d is answered with the same', async (code) => {
    const client = await connect();
    client.write(closeFrame(code, 'bye'));
    expect(await client.ended).toMatchObject({ code });
  });

  test('a close frame without a code is answered', async () => {
    const client = await connect();
    client.write(clientFrame('', { opcode: Opcode.CLOSE }));
    expect([1000, 1005]).toContain((await client.ended).code);
  });

  test('what is sent after the close frame is not read', async () => {
    const client = await connect();
    client.write(Buffer.concat([closeFrame(1000), clientFrame(post()), clientFrame(post()), Buffer.alloc(100_000, 0xff)]));
    expect((await client.ended).code).toBe(1000);
    await witness.unharmed();
  });

  test('a client that closes in the middle of its posts keeps those that were taken', async () => {
    const [one, two] = await server.newUsers(2);
    const client = await connect(one);
    // From then on nothing has to be looked up: a post is taken when it is read.
    const before = await StreamPeer.connect(webSocketText, server, one);
    await before.post([textPost({ peer: two }, one, 'before')]);
    const frames = Array.from({ length: 50 }, (_, at) =>
      clientFrame(JSON.stringify({ sn: `${at}`, type: 2, postbox: { posts: [textPost({ peer: two }, one, `text ${at}`)] } })),
    );
    client.write(Buffer.concat([...frames, closeFrame(1000), ...frames.map(() => clientFrame('x'))]));
    await client.ended;
    await server.chat.core.committer.idle();
    const reader = await StreamPeer.connect(webSocketText, server, two);
    const { posts } = await reader.sync([{ category: Category.PRIVATE }]);
    const taken = Array.from({ length: 50 }, (_, at) => `text ${at}`);
    expect(posts.map(({ text }) => text?.content)).toEqual(['before', ...taken]);
  });

  test('thousands of close codes do not make thousands of metrics', async () => {
    for (let code = 4_000; code < 4_040; code += 1) await (await connect()).close(code);
    expect(await server.metric('switchboard_sessions_closed_total', { door: 'stream', reason: 'other' })).toBeGreaterThanOrEqual(
      40,
    );
    expect(await server.metric('switchboard_sessions_closed_total', { door: 'stream', reason: '4001' })).toBe(0);
  });
});

describe('handshakes', () => {
  const path = (): string => `/message/chat?token=${tokenFor(witness.one)}`;
  const refused = async (options: {
    path?: string;
    headers?: Record<string, string>;
    method?: string;
  }): Promise<UpgradeRefused> => {
    const client = await WebSocketClient.connect({ port: server.port, path: path(), ...options }).catch(
      (error: unknown) => error,
    );
    expect(client).toBeInstanceOf(UpgradeRefused);
    return client as UpgradeRefused;
  };

  test.each([
    ['/', 404],
    ['/message', 404],
    ['/message/chat/', 404],
    ['//message/chat', 404],
    ['/message//chat', 404],
    ['/message/./chat', 404],
    ['/message/x/../chat', 404],
    ['/message/%63hat', 404],
    ['/message/chat%00', 404],
    ['/message/chat;x=1', 404],
    ['/Message/Chat', 404],
    ['/message/chat/send', 404],
    ['/metrics', 404],
    ['http://127.0.0.1/message/chat', 404],
    ['/message/chat%', 404],
    ['//', 404],
    ['http://[', 404],
    ['/message/chatty', 404],
    [`/${'x'.repeat(10_000)}`, 404],
  ])('%s is not a path', async (place, status) => {
    expect((await refused({ path: `${place}?token=${tokenFor(witness.one)}` })).status).toBe(status);
    await witness.unharmed();
  });

  test.each([
    ['no key', { 'Sec-WebSocket-Key': '' }],
    ['a short key', { 'Sec-WebSocket-Key': 'AAAA' }],
    ['a key that is not base64', { 'Sec-WebSocket-Key': '************************' }],
    ['no version', { 'Sec-WebSocket-Version': '' }],
    ['another version', { 'Sec-WebSocket-Version': '12' }],
    ['subprotocols that are none', { 'Sec-WebSocket-Protocol': 'a,,b' }],
    ['the same subprotocol twice', { 'Sec-WebSocket-Protocol': 'a, a' }],
  ])('with %s: 400, the version of ours, and no session is left behind', async (_name, headers) => {
    const sessions = await server.metric('switchboard_sessions');
    const live = server.chat.listSessions(serverActor('default', 0, 'test')).length;
    for (const place of [path(), '/message/chat?token=bad']) {
      const { status, head } = await refused({ path: place, headers });
      expect(status).toBe(400);
      expect(head).toContain('Sec-WebSocket-Version: 13');
    }
    expect(await server.metric('switchboard_sessions')).toBe(sessions);
    expect(server.chat.listSessions(serverActor('default', 0, 'test'))).toHaveLength(live);
    await witness.unharmed();
  });

  test('with POST', async () => {
    expect((await refused({ method: 'POST', headers: { 'Content-Length': '0' } })).status).toBe(400);
  });

  test('an upgrade to something else is answered as if it had not been asked for', async () => {
    const { status } = await refused({ headers: { Upgrade: 'h2c' } });
    expect(status).toBe(404);
    const [other] = await server.newUsers(1);
    const text = JSON.stringify(textPost({ peer: other }, other, 'x'));
    const answer = await exchange(
      server.port,
      Buffer.from(
        `POST /message/chat/send?token=${tokenFor(other)} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      ),
    );
    expect(parseAnswer(answer).status).toBe(200);
  });

  test('headers over the limit', async () => {
    const { status } = await refused({ headers: { 'X-Large': 'x'.repeat(17_000) } });
    expect(status).toBe(431);
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`X-${at}`, '1']));
    expect((await refused({ headers: many })).status).toBe(431);
  });

  test.each([404, 400])('a refused client (%d) that keeps its side open is let go', async (status) => {
    const socket = open(server.port);
    const answer = received(socket);
    const version = status === 400 ? '12' : '13';
    const place = status === 400 ? path() : '/nowhere';
    socket.allowHalfOpen = true;
    socket.write(
      handshake({ port: server.port, path: place, headers: { 'Sec-WebSocket-Version': version } }, 'AAAAAAAAAAAAAAAAAAAAAA=='),
    );
    // A half-open connection takes what is written; one that is gone answers the second write with an error.
    const writing = setInterval(() => socket.write('more'), 5);
    expect(parseAnswer(await answer).status).toBe(status);
    clearInterval(writing);
  });

  test('more connections than a user may have, all at once', async () => {
    await using small = await startServer({ 'max-sessions-per-user': '5', 'max-sessions': '8' }, slowDisk);
    const [one, two] = await small.newUsers(2);
    // What a busy disk makes them wait for, they wait for side by side.
    const busy = (async () => {
      for (let at = 0; at < 40; at += 1) {
        await small.chat.sendMessage(small.actor(one), { target: { peer: one }, content: { kind: 'text', text: 'x' } });
      }
    })();
    const openAll = (user: number): Promise<WebSocketClient[]> =>
      Promise.all(
        Array.from({ length: 20 }, () =>
          WebSocketClient.connect({ port: small.port, path: `/message/chat?token=${tokenFor(user)}` }),
        ),
      );
    const clients = [...(await openAll(one)), ...(await openAll(two))];
    const codes: Record<number, number> = {};
    for (const client of clients) {
      const end = await Promise.race([
        client.ended,
        client.roundTrip().then(
          () => undefined,
          () => client.ended,
        ),
      ]);
      codes[end?.code ?? 0] = (codes[end?.code ?? 0] ?? 0) + 1;
    }
    // Five of the one, three of the other: then the server is full.
    expect(codes).toEqual({ 0: 8, 1008: 15, 1011: 17 });
    expect(await small.metric('switchboard_sessions')).toBe(8);
    await busy;
  });
});

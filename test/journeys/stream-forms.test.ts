/** The JSON forms of the interface over WebSocket and HTTP, and single sends over HTTP and gRPC (wire.md, section 1, "JSON" and "HTTP"). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PostSchema, PostmarkSchema } from '../../src/protobuf/gen/appootb/message/chat_pb.js';
import { GrpcClient } from '../support/clients/grpc.ts';
import { webSocketText } from '../support/clients/carriers.ts';
import { request } from '../support/clients/http.ts';
import type { HttpAnswer } from '../support/clients/http.ts';
import { Category, Type, decodeMessage, encodeMessage, encodeStream } from '../support/clients/stream-frame.ts';
import type { PostJson, PostmarkJson } from '../support/clients/stream-frame.ts';
import { Opcode, WebSocketClient, clientFrame } from '../support/clients/websocket.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, markPost, textPost } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

function open(user: number, query = ''): Promise<WebSocketClient> {
  return WebSocketClient.connect({ port: server.port, path: `/message/chat?token=${tokenFor(user)}${query}` });
}

/** Sends raw JSON and resolves with the text of the answer. */
async function say(client: WebSocketClient, json: string): Promise<string> {
  client.text(json);
  return client.nextText();
}

describe('what comes in', () => {
  test.each([
    ['enums by number', (me: number) => post(me, '1', '1')],
    ['enums by name', (me: number) => post(me, '"CATEGORY_PRIVATE"', '"TYPE_TEXT"')],
    ['both', (me: number) => post(me, '1', '"TYPE_TEXT"')],
    ['64-bit integers as numbers', (me: number) => post(me, '1', '1').replaceAll(`"${me}"`, String(me))],
    ['integers with an exponent', (me: number) => post(me, '1e0', '1.0')],
    ['camelCase', (me: number) => post(me, '1', '1').replace('"sender"', '"uniqueId":"5","sender"')],
    [
      'unknown fields',
      (me: number) => post(me, '1', '1').replace('{', '{"new":[{"deep":[1,{}]}],"__proto__":{"sn":1},"constructor":null,'),
    ],
    ['null for what is not set', (me: number) => post(me, '1', '1').replace('{', '{"target":null,"receipts":null,')],
    ['white space', (me: number) => `\n\t ${post(me, '1', '1')} \r\n`],
    ['escapes', (me: number) => post(me, '1', '1').replace('"content"', String.raw`"\u0063ontent"`)],
  ])('%s', async (_name, frame) => {
    const [me] = await server.newUsers(1);
    const client = await open(me);
    const answer = JSON.parse(await say(client, frame(me)));
    expect(answer).toMatchObject({
      sn: 'x',
      type: 2,
      postbox: { posts: [{ type: 1, postmark: { category: 1, sender: String(me) } }] },
    });
    await client.close();
  });

  function post(me: number, category: string, type: string): string {
    return `{"sn":"x","type":2,"postbox":{"posts":[{"postmark":{"category":${category},"sender":"${me}","receiver":"${me}"},"type":${type},"text":{"content":"hi"}}]}}`;
  }

  test('last_id and lastId, payload types by name and number', async () => {
    const [me] = await server.newUsers(1);
    const client = await open(me);
    const sent = JSON.parse(await say(client, post(me, '1', '1')));
    const id = sent.postbox.posts[0].postmark.unique_id;
    for (const [type, key, value] of [
      ['1', 'last_id', `"${id}"`],
      ['"PAYLOAD_TYPE_SYNC"', 'lastId', String(id)],
    ]) {
      const ids = `[{"category":"CATEGORY_PRIVATE","${key}":${value}}]`;
      expect(JSON.parse(await say(client, `{"sn":"s","type":${type},"local":{"ids":${ids}}}`))).toEqual({
        sn: 's',
        type: 2,
        postbox: {},
      });
    }
    const older = await say(client, `{"sn":"t","type":1,"local":{"ids":[{"category":1,"lastId":${Number(id) - 1}}]}}`);
    expect(JSON.parse(older).postbox.posts).toHaveLength(1);
    expect(JSON.parse(await client.nextText())).toEqual({ sn: 't', type: 2, postbox: {} });
  });

  test('floats as numbers and as strings', async () => {
    const [me] = await server.newUsers(1);
    const client = await open(me);
    const other = await open(me);
    for (const [latitude, longitude, expected] of [
      ['48.137432', '"11.57549"', { latitude: 48.137432, longitude: 11.57549 }],
      ['-90', '180', { latitude: -90, longitude: 180 }],
      ['"1e1"', '-0', { latitude: 10, longitude: -0 }],
    ] as const) {
      const json = post(me, '1', '8').replace(
        '"text":{"content":"hi"}',
        `"coordinate":{"latitude":${latitude},"longitude":${longitude}}`,
      );
      await say(client, json);
      expect(JSON.parse(await other.nextText()).postbox.posts[0].coordinate).toEqual(expected);
    }
  });

  test('empty and blank frames are passed over and change nothing', async () => {
    const [me] = await server.newUsers(1);
    const client = await open(me);
    client.text('');
    client.text(' \t\r\n');
    client.binary(Buffer.alloc(0));
    expect(JSON.parse(await say(client, '{"sn":"a","type":2,"postbox":{}}')).sn).toBe('a');
    client.binary(encodeStream({ sn: 'b', type: 2, postbox: {} }));
    expect((await client.messages.next()).opcode).toBe(Opcode.BINARY);
    client.text('  ');
    await client.roundTrip();
    await server.chat.sendMessage(server.actor(me), { target: { peer: me }, content: { kind: 'text', text: 'push' } });
    expect((await client.messages.next()).opcode).toBe(Opcode.BINARY);
  });

  test('a frame in fragments, with a ping in between', async () => {
    const [me] = await server.newUsers(1);
    const client = await open(me);
    const bytes = Buffer.from(post(me, '1', '1'));
    client.write(clientFrame(bytes.subarray(0, 10), { fin: false }));
    client.write(clientFrame('still there?', { opcode: Opcode.PING }));
    client.write(clientFrame(bytes.subarray(10, 11), { opcode: Opcode.CONTINUATION, fin: false }));
    client.write(clientFrame(bytes.subarray(11), { opcode: Opcode.CONTINUATION }));
    expect(JSON.parse(await client.nextText()).postbox.posts).toHaveLength(1);
    expect(client.control).toEqual([{ opcode: Opcode.PONG, payload: Buffer.from('still there?') }]);
  });

  test('a frame in the same segment as the handshake', async () => {
    const [me] = await server.newUsers(1);
    const client = await WebSocketClient.connect({
      port: server.port,
      path: `/message/chat?token=${tokenFor(me)}`,
      head: clientFrame('{"sn":"early","type":2,"postbox":{}}'),
    });
    expect(JSON.parse(await client.nextText()).sn).toBe('early');
  });
});

describe('what goes out', () => {
  test('JSON for text, binary for binary, frame by frame, and pushes in the form of the last', async () => {
    const [me] = await server.newUsers(1);
    const client = await open(me);
    const notes = { target: { peer: me }, content: { kind: 'text', text: 'push' } } as const;
    await server.chat.sendMessage(server.actor(me), notes);
    expect((await client.messages.next()).opcode).toBe(Opcode.TEXT);
    client.binary(encodeStream({ sn: 'b', type: 2, postbox: {} }));
    expect((await client.messages.next()).opcode).toBe(Opcode.BINARY);
    await server.chat.sendMessage(server.actor(me), notes);
    expect((await client.messages.next()).opcode).toBe(Opcode.BINARY);
    client.text('{"sn":"t","type":2,"postbox":{}}');
    expect(await client.nextText()).toBe('{"sn":"t","type":2,"postbox":{}}');
    await server.chat.sendMessage(server.actor(me), notes);
    expect((await client.messages.next()).opcode).toBe(Opcode.TEXT);
  });

  test('proto names, enums as numbers, 64-bit integers as strings, nothing that is not set', async () => {
    const [me, peer] = await server.newUsers(2);
    const client = await open(peer);
    const sender = await StreamPeer.connect(webSocketText, server, me);
    const mark = await sender.send({ peer }, 'hi', { expire: '60s' });
    const push = await client.nextText();
    const sn = JSON.parse(push).sn;
    expect(push).toBe(
      `{"sn":"${sn}","type":2,"postbox":{"posts":[{"postmark":{"category":1,"sender":"${me}","receiver":"${peer}","unique_id":"${mark.unique_id}","expire":"60s","timestamp":"${mark.timestamp}"},"type":1,"text":{"content":"hi"}}]}}`,
    );
  });

  test('enum=name prints names, on a WebSocket and over HTTP', async () => {
    const [me] = await server.newUsers(1);
    const names = await open(me, '&enum=name');
    const numbers = await open(me, '&enum=number');
    const answer = await request(server.port, {
      path: `/message/chat/send?enum=name&token=${tokenFor(me)}`,
      body: JSON.stringify(textPost({ peer: me }, me, 'hi')),
    });
    expect(JSON.parse(answer.body).category).toBe('CATEGORY_PRIVATE');
    const expected = { postmark: { category: 'CATEGORY_PRIVATE' }, type: 'TYPE_TEXT' };
    expect(JSON.parse(await names.nextText())).toMatchObject({ type: 'PAYLOAD_TYPE_MESSAGES', postbox: { posts: [expected] } });
    expect(JSON.parse(await numbers.nextText())).toMatchObject({ type: 2, postbox: { posts: [{ type: 1 }] } });
    // A word on binary does not change what text is answered with.
    names.binary(encodeStream({ sn: 'b', type: 2, postbox: {} }));
    expect((await names.messages.next()).opcode).toBe(Opcode.BINARY);
    expect(JSON.parse(await say(names, '{"sn":"n","type":2,"postbox":{}}'))).toEqual({
      sn: 'n',
      type: 'PAYLOAD_TYPE_MESSAGES',
      postbox: {},
    });
  });

  test('nothing of ours for those who did not ask, everything for those who did', async () => {
    const [me, peer] = await server.newUsers(2);
    const plain = await open(peer);
    const other = await open(peer, '&extensions=0');
    const asking = await open(peer, '&extensions=1');
    const { message } = await server.chat.sendMessage(server.actor(me), {
      target: { peer },
      content: { kind: 'text', text: 'first' },
    });
    await server.chat.editMessage(server.actor(me), message.id, { kind: 'text', text: 'second' });
    for (const client of [plain, other, asking]) expect(JSON.parse(await client.nextText())).not.toHaveProperty('changed');
    expect(JSON.parse(await asking.nextText())).toMatchObject({
      changed: true,
      postbox: { posts: [{ text: { content: 'second' } }] },
    });
    for (const client of [plain, other]) {
      await client.roundTrip();
      expect(client.messages.size).toBe(0);
    }
  });
});

/** How one post is sent over HTTP or gRPC. */
interface Sender {
  send(
    user: number,
    post: PostJson,
    key?: string,
    trace?: string,
  ): Promise<{ code: number; mark: PostmarkJson | undefined; message: string }>;
}

const overHttp: Sender = {
  async send(user, post, key, trace) {
    const answer: HttpAnswer = await request(server.port, {
      path: '/message/chat/send',
      headers: {
        Authorization: `Bearer ${tokenFor(user)}`,
        ...(key !== undefined && { 'Idempotency-Key': key }),
        ...(trace !== undefined && { traceparent: trace }),
      },
      body: JSON.stringify(post),
    });
    const body = JSON.parse(answer.body);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    if (answer.status === 200) return { code: 0, mark: body, message: '' };
    expect(Object.keys(body)).toEqual(['code', 'message', 'details']);
    const status = { 3: 400, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400 }[body.code as 3];
    expect(answer.status).toBe(status);
    return { code: body.code, mark: undefined, message: body.message };
  },
};

const overGrpc: Sender = {
  async send(user, post, key, trace) {
    using client = new GrpcClient(server.port);
    const metadata = {
      token: tokenFor(user),
      ...(key !== undefined && { 'idempotency-key': key }),
      ...(trace !== undefined && { traceparent: trace }),
    };
    const { code, details, response } = await client.unary(
      '/appootb.message.Chat/Send',
      encodeMessage(PostSchema, post),
      metadata,
    );
    return { code, mark: response && decodeMessage<PostmarkJson>(PostmarkSchema, response), message: details };
  },
};

describe.each([
  ['HTTP', overHttp],
  ['gRPC', overGrpc],
])('a single send over %s', (_name, sender) => {
  test('is answered with the bare postmark and reaches all others', async () => {
    const [one, two] = await server.newUsers(2);
    const own = await StreamPeer.connect(webSocketText, server, one);
    const peer = await StreamPeer.connect(webSocketText, server, two);
    const { mark } = await sender.send(one, textPost({ peer: two }, one, 'hello'));
    expect(mark).toEqual({
      category: 1,
      sender: String(one),
      receiver: String(two),
      unique_id: expect.any(String),
      timestamp: expect.any(String),
    });
    expect((await peer.nextPush()).postmark).toEqual(mark);
    expect((await own.nextPush()).postmark).toEqual(mark);
  });

  test('the same key is the same post; with another content it is a mistake', async () => {
    const [one, two] = await server.newUsers(2);
    const peer = await StreamPeer.connect(webSocketText, server, two);
    const post = textPost({ peer: two }, one, 'once');
    const first = await sender.send(one, post, 'key');
    expect(await sender.send(one, post, 'key')).toEqual(first);
    expect((await sender.send(one, textPost({ peer: two }, one, 'twice'), 'key')).code).toBe(6);
    expect((await sender.send(one, textPost({ peer: one }, one, 'once'), 'key')).code).toBe(6);
    expect((await sender.send(one, post, 'k'.repeat(129))).code).toBe(3);
    const other = await sender.send(one, post, 'k'.repeat(128));
    expect(other.mark?.unique_id).not.toBe(first.mark?.unique_id);
    await Promise.all([sender.send(one, post, 'at once'), sender.send(one, post, 'at once'), sender.send(one, post, 'at once')]);
    expect((await peer.pushes.take(3)).map(({ text }) => text?.content)).toEqual(['once', 'once', 'once']);
    await peer.settled();
    expect(peer.pushes.size).toBe(0);
  });

  test('a trace is kept with the post when it is one', async () => {
    const [one] = await server.newUsers(1);
    const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const traces = [];
    for (const trace of [good, `${good}0`, 'x'.repeat(10_000), '']) {
      const { mark } = await sender.send(one, textPost({ peer: one }, one, 'traced'), undefined, trace);
      const [event] = await server.chat.core.store.events(Number(mark?.unique_id) - 1, 1);
      traces.push(event?.origin.trace);
    }
    expect(traces).toEqual([good, undefined, undefined, undefined]);
  });

  test('without a key each is a post of its own', async () => {
    const [one, two] = await server.newUsers(2);
    const post = textPost({ peer: two }, one, 'again');
    const ids = [await sender.send(one, post), await sender.send(one, post)].map(({ mark }) => mark?.unique_id);
    expect(new Set(ids).size).toBe(2);
  });

  test('RECALL and READ are posts like others', async () => {
    const [one, two] = await server.newUsers(2);
    const [mine, theirs] = [
      await StreamPeer.connect(webSocketText, server, one),
      await StreamPeer.connect(webSocketText, server, two),
    ];
    const { unique_id: id = '' } = await mine.send({ peer: two }, 'hello');
    await theirs.nextPush();
    const read = await sender.send(two, markPost(Type.READ, { peer: one }, two, id));
    expect((await mine.nextPush()).postmark).toEqual(read.mark);
    const recalled = await sender.send(one, markPost(Type.RECALL, { peer: two }, one, id));
    expect(recalled.mark?.unique_id).toBe(id);
    expect((await theirs.pushes.take(2)).map(({ type, postmark }) => [type, postmark.unique_id])).toEqual([
      [Type.READ, id],
      [Type.RECALL, id],
    ]);
  });

  test('every refusal has its code', async () => {
    const [one, two, three] = await server.newUsers(3);
    const group = await server.group([two, three]);
    const channel = await server.group([two, one], 'channel');
    await server.chat.setBlock(server.actor(three), one, true);
    const codes = async (...posts: PostJson[]): Promise<number[]> =>
      Promise.all(posts.map(async (post) => (await sender.send(one, post)).code));
    expect(
      await codes(
        textPost({ group }, one, 'not a member'),
        textPost({ peer: 999_999_999 }, one, 'nobody'),
        textPost({ channel }, one, 'not an admin'),
        textPost({ peer: three }, one, 'blocked'),
        textPost({ peer: two }, two, 'forged'),
        textPost({ peer: two }, one, ''),
        textPost({ peer: two }, one, 'a\0b'),
        textPost({ peer: two }, one, 'x'.repeat(65_537)),
        textPost({ peer: two }, one, 'x', { expire: '0s' }),
        textPost({ peer: two }, one, 'x', { expire: '-1s' }),
        textPost({ peer: two }, one, 'x', { expire: '315576000000s' }),
        { ...textPost({ peer: two }, one, 'x'), type: 0 },
        { ...textPost({ peer: two }, one, 'x'), postmark: { ...textPost({ peer: two }, one, 'x').postmark, category: 0 } },
        { postmark: textPost({ peer: two }, one, 'x').postmark, type: Type.TEXT },
        { postmark: textPost({ peer: two }, one, 'x').postmark, type: Type.PHOTO, resource: { url: '' } },
        { postmark: textPost({ peer: two }, one, 'x').postmark, type: Type.PHOTO, resource: { url: 'u'.repeat(4_097) } },
        {
          postmark: textPost({ peer: two }, one, 'x').postmark,
          type: Type.LOCATION,
          coordinate: { latitude: 90.01, longitude: 0 },
        },
        { postmark: textPost({ peer: two }, one, 'x').postmark, type: Type.RECALL },
      ),
    ).toEqual([5, 5, 7, 7, 7, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
    const peer = await StreamPeer.connect(webSocketText, server, two);
    expect((await peer.sync([{ category: Category.PRIVATE }])).posts).toEqual([]);
  });

  test('the longest text passes', async () => {
    const [one, two] = await server.newUsers(2);
    const peer = await StreamPeer.connect(webSocketText, server, two);
    for (const text of ['x'.repeat(65_536), 'ü'.repeat(32_768), '\u0001'.repeat(65_536)]) {
      expect((await sender.send(one, textPost({ peer: two }, one, text))).code).toBe(0);
      expect((await peer.nextPush()).text?.content).toBe(text);
    }
  });

  test('a user who sends too fast is told when to try again', async () => {
    await using limited = await startServer({ 'rate-limit': '1/60000' });
    const [one] = await limited.newUsers(1);
    const post = textPost({ peer: one }, one, 'x');
    const send = () => request(limited.port, { path: `/message/chat/send?token=${tokenFor(one)}`, body: JSON.stringify(post) });
    expect((await send()).status).toBe(200);
    const refused = await send();
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([429, 8]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    using client = new GrpcClient(limited.port);
    const { code, trailers } = await client.unary('/appootb.message.Chat/Send', encodeMessage(PostSchema, post), {
      token: tokenFor(one),
    });
    expect(code).toBe(8);
    expect(Number(trailers.get('retry-after-ms')[0])).toBeGreaterThan(0);
  });
});

/** InnerChat: back ends show posts to live sessions and end sessions, over gRPC and HTTP, each by its scope (wire.md, section 1). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConnectionsSchema, PackageSchema } from '../../src/protobuf/gen/appootb/message/inner_pb.js';
import { serverActor } from '../../src/core/index.ts';
import { CARRIERS, webSocketText } from '../support/clients/carriers.ts';
import { GrpcClient } from '../support/clients/grpc.ts';
import { request } from '../support/clients/http.ts';
import { Category, Type, encodeMessage } from '../support/clients/stream-frame.ts';
import type { PostJson } from '../support/clients/stream-frame.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { StreamPeer, postmarkTo, textPost } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

interface PackageJson {
  readonly tag?: { readonly product: string; readonly name: string; readonly prefixed?: boolean };
  readonly conn?: { readonly product: string; readonly unique_ids: readonly string[] };
  readonly sn: string;
  readonly posts: readonly PostJson[];
}

/** How a back end calls. Answers with the gRPC code. */
interface Caller {
  deliver(pack: PackageJson, apiToken?: string): Promise<number>;
  kick(product: string, ids: readonly string[], apiToken?: string): Promise<number>;
}

const STATUS_OF = { 0: 200, 3: 400, 7: 403, 16: 401 };

const overHttp: Caller = {
  async deliver(pack, apiToken = API_TOKENS.deliver) {
    return codeOf(
      await request(server.port, {
        path: '/message/inner/chat/deliver',
        headers: { 'Api-Token': apiToken },
        body: JSON.stringify(pack),
      }),
    );
  },
  async kick(product, ids, apiToken = API_TOKENS.sessions) {
    const path = `/message/inner/chat/conn/${encodeURIComponent(product)}/${ids.join(',')}`;
    return codeOf(await request(server.port, { method: 'DELETE', path, headers: { 'Api-Token': apiToken } }));
  },
};

function codeOf({ status, body }: { status: number; body: string }): number {
  if (status === 200) {
    expect(body).toBe('{}');
    return 0;
  }
  const { code, ...rest } = JSON.parse(body);
  expect(rest).toEqual({ message: expect.any(String), details: [] });
  expect(STATUS_OF[code as 3]).toBe(status);
  return code;
}

const overGrpc: Caller = {
  async deliver(pack, apiToken = API_TOKENS.deliver) {
    using client = new GrpcClient(server.port);
    const path = '/appootb.message.InnerChat/Deliver';
    const { code, response } = await client.unary(path, encodeMessage(PackageSchema, pack), { 'api-token': apiToken });
    if (code === 0) expect(response).toHaveLength(0);
    return code;
  },
  async kick(product, ids, apiToken = API_TOKENS.sessions) {
    using client = new GrpcClient(server.port);
    const request = encodeMessage(ConnectionsSchema, { product, unique_ids: ids });
    return (await client.unary('/appootb.message.InnerChat/Kick', request, { 'api-token': apiToken })).code;
  },
};

/** The session ids of a user, oldest first. */
function sessionsOf(user: number, namespace = 'default'): string[] {
  return server.chat
    .listSessions(serverActor(namespace, 0, 'test'))
    .filter((session) => session.user === user)
    .map(({ id }) => String(id));
}

const notice = (text: string): PostJson => textPost({ peer: 1 }, 2, text);
const toTag = (name: string, posts: PostJson[], prefixed?: boolean): PackageJson => ({
  tag: { product: 'default', name, ...(prefixed !== undefined && { prefixed }) },
  sn: 'p',
  posts,
});

describe.each([
  ['HTTP', overHttp],
  ['gRPC', overGrpc],
])('over %s', (_name, caller) => {
  test.each(CARRIERS)('posts for a user, to all of their connections of $name', async (carrier) => {
    const [one, two] = await server.newUsers(2);
    const mine = [await StreamPeer.connect(carrier, server, one), await StreamPeer.connect(webSocketText, server, one)];
    const other = await StreamPeer.connect(carrier, server, two);
    const given = { ...postmarkTo({ peer: one }, 77), unique_id: '4711', timestamp: '2026-01-02T03:04:05.678Z' };
    const posts = [{ ...notice('first'), postmark: given }, notice('second')];
    expect(await caller.deliver(toTag(`user:${one}`, posts))).toBe(0);
    for (const peer of mine) {
      const [first, second] = await peer.pushes.take(2);
      expect(first?.postmark).toEqual(given);
      expect([first?.text?.content, second?.text?.content]).toEqual(['first', 'second']);
      expect(first?.sn).not.toBe(second?.sn);
      // Nothing may be resumed after a post that is stored nowhere.
      expect(second?.postmark).not.toHaveProperty('unique_id');
    }
    await other.settled();
    expect(other.pushes.size).toBe(0);
    // Nothing of it is stored.
    expect((await mine[0]?.sync([{ category: Category.PRIVATE }]))?.posts).toEqual([]);
  });

  test('posts for a conversation, a door, single connections, and by the beginning of a tag', async () => {
    const [one, two, three] = await server.newUsers(3);
    const group = await server.group([one, two]);
    const room = await server.room(one);
    const peers = {
      one: await StreamPeer.connect(webSocketText, server, one),
      two: await StreamPeer.connect(webSocketText, server, two),
      roomer: await StreamPeer.connect(webSocketText, server, three, { room: true }),
    };
    await peers.roomer.sync([{ category: Category.ROOM }], room);
    const heard = async (): Promise<string[]> => {
      await Promise.all(Object.values(peers).map((peer) => peer.settled()));
      return Object.entries(peers).flatMap(([name, peer]) => peer.pushes.drain().map(() => name));
    };
    const posts = [notice('x')];
    expect(await caller.deliver(toTag(`conversation:${group}`, posts))).toBe(0);
    expect(await heard()).toEqual(['one', 'two']);
    expect(await caller.deliver(toTag(`conversation:${room}`, posts))).toBe(0);
    expect(await heard()).toEqual(['roomer']);
    expect(await caller.deliver(toTag('door:room', posts))).toBe(0);
    expect(await heard()).toEqual(['roomer']);
    expect(await caller.deliver(toTag(`user:${String(one).slice(0, -1)}`, posts, true))).toBe(0);
    expect((await heard()).length).toBeGreaterThan(0);
    expect(await caller.deliver(toTag(`user:${String(one)}`, posts, false))).toBe(0);
    expect(await heard()).toEqual(['one']);
    const unique_ids = [...sessionsOf(two), ...sessionsOf(three), '12345', 'not an id', ''];
    expect(await caller.deliver({ conn: { product: 'default', unique_ids }, sn: 'p', posts })).toBe(0);
    expect(await heard()).toEqual(['two', 'roomer']);
    // Tags that are nobody's.
    for (const name of ['user:0', 'user:999999999', 'user', ':', 'conversation:x', 'door:', 'nothing:1']) {
      expect(await caller.deliver(toTag(name, posts))).toBe(0);
    }
    expect(await heard()).toEqual([]);
  });

  test('what may be delivered is checked like any post, all or nothing', async () => {
    const [one] = await server.newUsers(1);
    const peer = await StreamPeer.connect(webSocketText, server, one);
    const good = notice('good');
    const codes = [];
    for (const bad of [
      { ...good, text: { content: '' } },
      { ...good, text: { content: 'x'.repeat(65_537) } },
      { ...good, type: Type.PHOTO },
      { ...good, type: Type.RECALL },
      { ...good, type: 0 },
      { ...good, postmark: { ...good.postmark, category: 0 } },
      { ...good, postmark: { ...good.postmark, receiver: String(2 ** 53) } },
    ]) {
      codes.push(await caller.deliver(toTag(`user:${one}`, [good, bad])));
    }
    codes.push(await caller.deliver({ sn: 'p', posts: [good] }));
    codes.push(await caller.deliver(toTag('', [good])));
    codes.push(await caller.deliver(toTag('t'.repeat(129), [good])));
    codes.push(
      await caller.deliver(
        toTag(
          `user:${one}`,
          Array.from({ length: 1_001 }, () => good),
        ),
      ),
    );
    expect(codes).toEqual(codes.map(() => 3));
    await peer.settled();
    expect(peer.pushes.size).toBe(0);
  });

  test.each(CARRIERS)('ends connections of $name, and no others', async (carrier) => {
    const [one, two] = await server.newUsers(2);
    const first = await StreamPeer.connect(carrier, server, one);
    const second = await StreamPeer.connect(carrier, server, one);
    const other = await StreamPeer.connect(carrier, server, two);
    const before = await server.metric('switchboard_sessions_closed_total', { reason: 'kicked' });
    const [id = ''] = sessionsOf(one);
    expect(await caller.kick('default', [id, '999999999', 'nonsense'])).toBe(0);
    expect((await first.ended).code).toBe(carrier.endings.kicked);
    expect(await caller.kick('default', [id])).toBe(0);
    expect(
      await caller.kick(
        'default',
        Array.from({ length: 1_001 }, () => '1'),
      ),
    ).toBe(3);
    await second.settled();
    await other.settled();
    expect(await server.metric('switchboard_sessions_closed_total', { reason: 'kicked' })).toBe(before + 1);
    expect(sessionsOf(one)).toHaveLength(1);
    await server.chat.core.committer.idle();
    const [entry] = await server.chat.readAudit(serverActor('default', 0, 'test'), 0, 1);
    expect(entry).toMatchObject({ action: 'session.ended', user: one, subject: id, by: { apiToken: 'kicker' } });
  });

  test('an Api-Token acts within its scope and its namespace', async () => {
    const [one] = await server.newUsers(1);
    const peer = await StreamPeer.connect(webSocketText, server, one);
    const [id = ''] = sessionsOf(one);
    const pack = toTag(`user:${one}`, [notice('no')]);
    const before = await server.metric('switchboard_refusals_total', { door: 'inner' });
    for (const [apiToken, deliverCode, kickCode] of [
      ['', 16, 16],
      ['wrong', 16, 16],
      [tokenFor(one), 16, 16],
      [`${API_TOKENS.admin},${API_TOKENS.admin}`, 16, 16],
      ['x'.repeat(8_193), 16, 16],
      [API_TOKENS.sessions, 7, 0],
      [API_TOKENS.deliver, 0, 7],
      [API_TOKENS.elsewhere, 7, 7],
    ] as const) {
      expect(await caller.deliver(pack, apiToken)).toBe(deliverCode);
      if (kickCode !== 0) expect(await caller.kick('default', [id], apiToken)).toBe(kickCode);
    }
    expect(await server.metric('switchboard_refusals_total', { door: 'inner' })).toBe(before + 14);
    await peer.settled();
    expect(peer.pushes.drain().map(({ text }) => text?.content)).toEqual(['no']);
    // A token of another namespace, and another namespace's token: nobody there hears of us.
    expect(await caller.deliver({ ...pack, tag: { product: 'elsewhere', name: `user:${one}` } }, API_TOKENS.elsewhere)).toBe(0);
    expect(await caller.kick('elsewhere', [id], API_TOKENS.elsewhere)).toBe(0);
    expect(await caller.kick('elsewhere', [id], API_TOKENS.admin)).toBe(0);
    await peer.settled();
    expect(peer.pushes.size).toBe(0);
    expect(await caller.kick('default', [id], API_TOKENS.admin)).toBe(0);
    expect((await peer.ended).code).toBe(1008);
  });
});

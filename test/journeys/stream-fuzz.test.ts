/** Frames with random damage, connections that come and go at random: never a fault of the server, never a session left behind. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CARRIERS, webSocketText } from '../support/clients/carriers.ts';
import type { Carrier } from '../support/clients/carriers.ts';
import { GrpcClient } from '../support/clients/grpc.ts';
import { open, request } from '../support/clients/http.ts';
import { Category, PayloadType, Type, encodeStream } from '../support/clients/stream-frame.ts';
import type { StreamJson } from '../support/clients/stream-frame.ts';
import { WebSocketClient, clientFrame, handshake } from '../support/clients/websocket.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { postmarkTo, textPost } from '../support/stream-peer.ts';
import { tokenFor } from '../support/tokens.ts';
import { createWitness } from '../support/witness.ts';
import type { Witness } from '../support/witness.ts';

let server: TestServer;
let witness: Witness;
let user: number;
beforeAll(async () => {
  server = await startServer({ 'max-sessions-per-user': '1000' });
  witness = await createWitness(server);
  [user] = await server.newUsers(1);
});
afterAll(async () => {
  await witness.untouched();
  await server.close();
});

const sessions = (): Promise<number> => server.metric('switchboard_sessions');

/** Waits until there are no more sessions than before. */
async function backTo(count: number): Promise<void> {
  while ((await sessions()) > count) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A frame of every kind, to be damaged. */
function frames(): StreamJson[] {
  const place = { peer: user };
  return [
    {
      sn: 'sync',
      type: PayloadType.SYNC,
      target: '7',
      local: { ids: [{ category: Category.PRIVATE, last_id: '5' }, { category: Category.GROUP }] },
    },
    {
      sn: 'posts',
      type: PayloadType.MESSAGES,
      postbox: {
        posts: [
          textPost(place, user, 'text', { expire: '60.5s' }),
          { postmark: postmarkTo(place, user), type: Type.LOCATION, coordinate: { latitude: 1.5, longitude: -2.5 } },
        ],
      },
    },
    {
      sn: 'media',
      type: PayloadType.MESSAGES,
      postbox: {
        posts: [{ postmark: postmarkTo(place, user), type: Type.PHOTO, resource: { url: 'https://x', thumbnail: 'y' } }],
      },
    },
    {
      sn: 'receipts',
      type: PayloadType.RECEIPTS,
      receipts: { local_ids: [{ category: Category.GROUP, last_id: '9' }], postmarks: [postmarkTo(place, user)] },
    },
  ];
}

const damage = fc.array(
  fc.record({
    at: fc.nat(10_000),
    how: fc.constantFrom('flip' as const, 'drop' as const, 'double' as const, 'insert' as const, 'cut' as const),
    byte: fc.nat(255),
  }),
  { minLength: 1, maxLength: 4 },
);

function damaged(bytes: Buffer, changes: readonly { at: number; how: string; byte: number }[]): Buffer {
  let result = bytes;
  for (const { at: place, how, byte } of changes) {
    const at = place % Math.max(1, result.length);
    const [before, after] = [result.subarray(0, at), result.subarray(at)];
    if (how === 'flip') result = Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
    else if (how === 'drop') result = Buffer.concat([before, after.subarray(1)]);
    else if (how === 'double') result = Buffer.concat([before, after, after]);
    else if (how === 'insert') result = Buffer.concat([before, Buffer.from([byte]), after]);
    else result = before;
  }
  return result;
}

/** What a damaged frame may end with; one that is whole by chance ends nothing. */
function allowed({ endings }: Carrier): readonly number[] {
  return [endings.badFrame, endings.notAllowed, endings.kicked];
}

describe.each(CARRIERS)('over $name', (carrier) => {
  test('damaged frames are refused or taken, and nothing else happens', async () => {
    const before = await sessions();
    await fc.assert(
      fc.asyncProperty(fc.nat(3), damage, async (which, changes) => {
        const frame = frames()[which];
        if (frame === undefined) return;
        const bytes = carrier === webSocketText ? Buffer.from(JSON.stringify(frame)) : encodeStream(frame);
        const link = await carrier.connect({ port: server.port, token: tokenFor(user) });
        link.sendBytes(damaged(bytes, changes));
        // Taken, it has an answer, or it is RECEIPTS, which have none: the frame behind it is answered in any case.
        link.send({ sn: 'behind', type: PayloadType.MESSAGES, postbox: {} });
        for (;;) {
          const next = await link.next().catch(() => undefined);
          if (next === undefined) break;
          if (next.sn === 'behind') {
            await link.close();
            return;
          }
        }
        expect(allowed(carrier)).toContain((await link.ended).code);
      }),
      { numRuns: 150 },
    );
    await backTo(before);
    await witness.unharmed();
  });

  test('connections that are dropped while they open leave nothing behind', async () => {
    const before = await sessions();
    const opening = Array.from({ length: 60 }, async (_, at) => {
      const token = at % 4 === 0 ? 'bad' : tokenFor(user);
      const link = await carrier.connect({ port: server.port, token });
      link.send(frames()[at % 4] ?? { sn: '', type: 1 });
      link.drop();
    });
    await Promise.all(opening);
    await backTo(before);
    await witness.unharmed();
  });
});

test('handshakes that are cut at any byte leave nothing behind', async () => {
  const before = await sessions();
  const path = `/message/chat?token=${tokenFor(user)}`;
  const text = Buffer.concat([
    Buffer.from(handshake({ port: server.port, path }, 'AAAAAAAAAAAAAAAAAAAAAA==')),
    clientFrame('{"sn":"a","type":2,"postbox":{}}'),
  ]);
  await Promise.all(
    Array.from({ length: 120 }, async (_, at) => {
      const socket = open(server.port);
      socket.write(text.subarray(0, Math.floor((text.length * at) / 119)));
      await new Promise(setImmediate);
      if (at % 2 === 0) socket.destroy();
      else socket.end();
      socket.resume();
      await new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once('close', resolve)));
    }),
  );
  await backTo(before);
  await witness.unharmed();
});

test('gRPC calls that are cancelled at once leave nothing behind', async () => {
  const before = await sessions();
  using client = new GrpcClient(server.port);
  const calls = Array.from({ length: 200 }, (_, at) =>
    client.stream('/appootb.message.Chat/Interact', { token: at % 3 === 0 ? 'bad' : tokenFor(user) }),
  );
  await calls[0]?.opened;
  for (const { call } of calls) call.cancel();
  await Promise.all(calls.map(({ status }) => status));
  await backTo(before);
  await witness.unharmed();
});

test('bytes of any kind after the handshake', async () => {
  const before = await sessions();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 5 }), async (chunks) => {
      const client = await WebSocketClient.connect({ port: server.port, path: `/message/chat?token=${tokenFor(user)}` });
      for (const chunk of chunks) client.write(chunk);
      client.socket.end();
      const { code } = await client.ended;
      expect([1000, 1002, 1005, 1006, 1007, 1008, 1009]).toContain(code);
      expect(client.violations).toEqual([]);
    }),
    { numRuns: 150 },
  );
  await backTo(before);
  await witness.unharmed();
});

test('what happened is in the metrics', async () => {
  const { status, headers, body } = await request(server.port, { method: 'GET', path: '/metrics' });
  expect(status).toBe(200);
  expect(headers['content-type']).toContain('text/plain');
  expect(body).toMatch(/^switchboard_refusals_total\{door="stream",code="invalid_argument"\} [1-9]/m);
  expect(body).toMatch(/^switchboard_refusals_total\{door="stream",code="unauthenticated"\} [1-9]/m);
  expect(body).toMatch(/^switchboard_sessions\{door="stream"\} 2$/m);
  expect(body).toMatch(/^switchboard_sends_total\{door="stream"\} [1-9]/m);
  expect(body).toMatch(/^switchboard_grpc_calls_total\{path="\/appootb\.message\.Chat\/Interact",code="3"\} [1-9]/m);
  expect(body).not.toContain('code="internal"');
});

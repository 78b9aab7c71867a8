import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { readDirectly } from './websocket-reading.ts';

const MAX_BYTES = 1_000;
const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

interface Frame {
  readonly first: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

function toBytes({ first, masked, payload }: Frame): Buffer {
  const size = payload.length;
  const head =
    size < 126
      ? [size]
      : size < 65_536
        ? [126, size >> 8, size & 0xff]
        : [127, 0, 0, 0, 0, 0, size >> 16, (size >> 8) & 0xff, size & 0xff];
  head[0] = (head[0] ?? 0) | (masked ? 0x80 : 0);
  if (!masked) return Buffer.concat([Buffer.from([first, ...head]), payload]);
  return Buffer.concat([Buffer.from([first, ...head]), KEY, payload.map((byte, at) => byte ^ (KEY[at & 3] ?? 0))]);
}

const text = (said: string): Frame => ({ first: 0x81, masked: true, payload: Buffer.from(said) });

/** A server's end of a connection, and what its client writes to. */
function accept(): { readonly websocket: WebSocket; readonly client: Duplex } {
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_BYTES, maxFragments: 4, maxBufferedChunks: 64 });
  const [client, socket] = duplexPair();
  const headers = { upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' };
  let accepted: WebSocket | undefined;
  server.handleUpgrade({ method: 'GET', headers } as never, socket, Buffer.alloc(0), (websocket) => (accepted = websocket));
  if (accepted === undefined) throw new Error('the handshake failed');
  return { websocket: accepted, client };
}

/** All that a server notices of the bytes of a client, in order, and what it answers. */
async function notice(chunks: readonly Buffer[], begin: (websocket: WebSocket, note: (...said: unknown[]) => void) => void) {
  const { websocket, client } = accept();
  const noticed: unknown[] = [];
  const note = (...said: unknown[]): void => void noticed.push(said);
  websocket.on('message', (data: Buffer, isBinary: boolean) => note('message', data.toString('hex'), isBinary));
  websocket.on('ping', (data: Buffer) => note('ping', data.toString('hex')));
  websocket.on('pong', (data: Buffer) => note('pong', data.toString('hex')));
  websocket.on('error', ({ message }) => note('error', message));
  const closed = new Promise<void>((resolve) => {
    websocket.on('close', (code, reason) => {
      note('close', code, reason.toString('hex'));
      resolve();
    });
  });
  const answered: Buffer[] = [];
  client.on('data', (data: Buffer) => answered.push(data));
  begin(websocket, note);
  for (const chunk of chunks) {
    client.write(chunk);
    // One by one, as the network brings them.
    await new Promise(setImmediate);
  }
  client.end();
  await closed;
  return { noticed, answered: Buffer.concat(answered).toString('latin1') };
}

const frames = fc.array(
  fc.record({
    first: fc.oneof(
      { weight: 8, arbitrary: fc.constant(0x81) },
      fc.constantFrom(0x01, 0x80, 0x00, 0x82, 0x89, 0x8a, 0xc1, 0x91, 0x88, 0x83, 0x09),
    ),
    masked: fc.oneof({ weight: 30, arbitrary: fc.constant(true) }, fc.constant(false)),
    payload: fc.oneof(
      { weight: 6, arbitrary: fc.string({ unit: 'binary', maxLength: 130 }).map((said) => Buffer.from(said)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 130 }).map((bytes) => Buffer.from(bytes)) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(0, 1, 125, 126, 127, MAX_BYTES, MAX_BYTES + 1, 70_000).map((size) => Buffer.alloc(size, 'x')),
      },
    ),
  }),
  { minLength: 1, maxLength: 12 },
);

test('whatever a client sends, in whatever pieces, is noticed and answered as by ws alone', async () => {
  await fc.assert(
    fc.asyncProperty(frames, fc.array(fc.nat(2_000), { maxLength: 6 }), async (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(toBytes));
      const places = [...new Set(cuts.map((cut) => cut % bytes.length))].toSorted((one, other) => one - other);
      const chunks = [...places, bytes.length].map((end, at) => bytes.subarray(places[at - 1] ?? 0, end));
      const copies = (): Buffer[] => chunks.map((chunk) => Buffer.from(chunk));
      const alone = await notice(copies(), () => undefined);
      const direct = await notice(copies(), (websocket, note) =>
        readDirectly(websocket, MAX_BYTES, (said) => {
          note('message', said.toString('hex'), false);
          return true;
        }),
      );
      const declined = await notice(copies(), (websocket) => readDirectly(websocket, MAX_BYTES, () => false));
      expect(direct).toEqual(alone);
      expect(declined).toEqual(alone);
    }),
  );
});

test('whole text messages are taken without ws, also where several come together', async () => {
  const taken: string[] = [];
  const chunk = Buffer.concat(
    [text('one'), text('two'), text('\u{1F600}'.repeat(50)), { ...text('bytes'), first: 0x82 }, text('last')].map(toBytes),
  );
  const { noticed } = await notice([chunk], (websocket) =>
    readDirectly(websocket, MAX_BYTES, (said) => {
      taken.push(said.toString());
      return true;
    }),
  );
  expect(taken).toEqual(['one', 'two', '\u{1F600}'.repeat(50)]);
  // What follows a message that is left to `ws` in one piece is left to it too, so that the order is kept.
  expect(noticed.slice(0, 2)).toEqual(
    ['bytes', 'last'].map((said, at) => ['message', Buffer.from(said).toString('hex'), at === 0]),
  );
});

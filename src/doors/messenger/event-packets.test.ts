import * as fc from 'fast-check';
import { Decoder } from 'socket.io-parser';
import { expect, test } from 'vitest';
import { createEventNames } from './event-names.ts';
import { announcesBytes, readEvent } from './event-packets.ts';

const names = createEventNames([['new_message', 'message']]);
const read = (text: string) => readEvent(Buffer.from(text), names);

/** What Socket.IO makes of the same text, without the `4` of Engine.IO. */
function decode(text: string): { readonly id?: number; readonly nsp: string; readonly data: readonly unknown[] } {
  let packet: unknown;
  const decoder = new Decoder();
  decoder.on('decoded', (decoded: unknown) => (packet = decoded));
  decoder.add(text.slice(1));
  return packet as ReturnType<typeof decode>;
}

const piece = fc.oneof(
  fc.constantFrom(
    '4',
    '2',
    '42',
    '420',
    '421',
    '5-',
    '/',
    '/admin,',
    '[',
    ']',
    '"',
    ',',
    '"join_chat"',
    '"typing_start"',
    '["send_message",',
  ),
  fc.constantFrom(
    '{"chatId":"1"}',
    '{"_placeholder":true,"num":0}',
    '\\u006a',
    ' ',
    '\t',
    '-1',
    '1e3',
    '9'.repeat(15),
    '9'.repeat(16),
    'null',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.json({ maxDepth: 2 }),
);
const texts = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  fc
    .tuple(
      fc.constantFrom('', '0', '7', '007', '999999999999999'),
      fc.constantFrom('join_chat', 'sync', 'typing'),
      fc.array(fc.jsonValue()),
    )
    .map(([id, name, args]) => `42${id}${JSON.stringify([name, ...args])}`),
);

test('whatever is read is what Socket.IO would have read', () => {
  let readable = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const packet = read(text);
      if (packet === undefined) return;
      readable += 1;
      const { id, nsp, data } = decode(text);
      expect([nsp, data[0], id]).toEqual(['/', packet.name, packet.id]);
      // As clients wrote it: `__proto__` is a member like any other.
      expect(JSON.stringify(packet.payload)).toBe(JSON.stringify(data[1]));
      expect(packet.event).toBe(names.incoming(packet.name));
    }),
    { numRuns: 2_000 },
  );
  expect(readable).toBeGreaterThan(100);
});

test.each([
  ['42["join_chat","1"]', { event: 'join_chat', name: 'join_chat', id: undefined, payload: '1' }],
  ['4212["join-chat",{"chatId":"1"},2]', { event: 'join_chat', name: 'join-chat', id: 12, payload: { chatId: '1' } }],
  ['420["leave_chat"]', { event: 'leave_chat', name: 'leave_chat', id: 0, payload: undefined }],
])('%s is read', (text, packet) => {
  expect(read(text)).toEqual(packet);
});

test.each([
  '',
  '4',
  '42',
  '42[',
  '42["',
  '42["join_chat"',
  '42["join_chat",]',
  '42[]',
  '42[7]',
  '42["nope","1"]',
  '42["new_message","1"]',
  '42["disconnect"]',
  '42["constructor"]',
  '42/admin,["join_chat","1"]',
  '42 ["join_chat","1"]',
  '42-1["join_chat","1"]',
  '421000000000000000["join_chat","1"]',
  '451-["join_chat","1"]',
  '430["join_chat"]',
  '32["join_chat"]',
])('%s is left to Socket.IO', (text) => {
  expect(read(text)).toBeUndefined();
});

test('packets that bytes follow are known', () => {
  for (const text of ['451-["x",{"_placeholder":true,"num":0}]', '461-0[]']) expect(announcesBytes(Buffer.from(text))).toBe(true);
  for (const text of ['42["x"]', '4', '5', '', '2']) expect(announcesBytes(Buffer.from(text))).toBe(false);
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { acknowledgementFrame, eventFrame, packetsIn } from './packets.ts';

test('a frame is one Socket.IO packet in one WebSocket text frame', () => {
  const frame = eventFrame('new_message', '{"id":"1"}');
  expect([...frame.subarray(0, 2)]).toEqual([0x81, frame.length - 2]);
  expect(frame.toString('utf8', 2)).toBe('42["new_message",{"id":"1"}]');
  expect(acknowledgementFrame(7, '{"ok":true}').toString('utf8', 2)).toBe('437[{"ok":true}]');
});

test('the packets of one buffer are taken out once', () => {
  const frames = Buffer.concat([eventFrame('e', '1'), eventFrame('e', '2')]);
  expect(packetsIn(frames)).toBe(packetsIn(frames));
});

test('the packets come out of joined frames of any size as they went in', () => {
  // Around the sizes at which the header of a frame grows.
  const sizes = fc.constantFrom(0, 1, 90, 91, 92, 93, 94, 95, 96, 65_500, 65_501, 65_510, 65_520, 70_000);
  const payloads = fc.array(fc.record({ size: sizes, letter: fc.constantFrom('x', 'я', '語', '😀') }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(payloads, (list) => {
      const texts = list.map(({ size, letter }) => JSON.stringify(letter.repeat(size)));
      const frames = texts.map((text, at) => (at % 2 === 0 ? eventFrame('e', text) : acknowledgementFrame(at, text)));
      const wanted = texts.map((text, at) => (at % 2 === 0 ? `2["e",${text}]` : `3${at}[${text}]`));
      expect(packetsIn(Buffer.concat(frames))).toEqual(wanted);
    }),
    { numRuns: 50 },
  );
});

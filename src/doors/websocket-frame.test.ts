import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameBinary, frameText } from './websocket-frame.ts';

/** Reads one frame as RFC 6455, section 5.2 has it. */
function read(frame: Buffer): { first: number; masked: boolean; payload: Buffer; headBytes: number } {
  const [first = 0, second = 0] = frame;
  const short = second & 0x7f;
  const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
  const length = short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
  expect(frame).toHaveLength(headBytes + length);
  return { first, masked: (second & 0x80) !== 0, payload: frame.subarray(headBytes), headBytes };
}

describe('a frame', () => {
  test('of any text holds the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme' })), (text) => {
        const { first, masked, payload } = read(frameText(text));
        expect([first, masked, payload.toString('utf8')]).toEqual([0x81, false, text]);
      }),
    );
  });

  test('of any bytes holds the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { first, masked, payload } = read(frameBinary(bytes));
        expect([first, masked, new Uint8Array(payload)]).toEqual([0x82, false, bytes]);
      }),
    );
  });

  test.each([
    [0, 2],
    [1, 2],
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
    [1_000_000, 10],
  ])('of %d bytes has a head of %d', (length, headBytes) => {
    expect(read(frameText('x'.repeat(length))).headBytes).toBe(headBytes);
    expect(read(frameBinary(Buffer.alloc(length))).headBytes).toBe(headBytes);
    // Two bytes a character: the length is that of the bytes.
    if (length % 2 === 0) expect(read(frameText('\u00e9'.repeat(length / 2))).headBytes).toBe(headBytes);
  });

  test('of text that is not quite ASCII is UTF-8', () => {
    for (const text of ['\u007f', '\u0080', '\u00ff', '\u0100', '\u{1F600}', 'a\u0000b']) {
      expect(read(frameText(text)).payload).toEqual(Buffer.from(text, 'utf8'));
    }
  });
});

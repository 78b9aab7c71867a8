import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChatError } from '../../core/index.ts';
import { parseEnvelope, parseFrame, parseJson } from './parse.ts';

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof ChatError) return `${thrown.code} ${thrown.message}`;
    throw thrown;
  }
  return 'taken';
}

test('whatever comes is a frame of the interface or refused with a reason', () => {
  const types = fc.constantFrom(
    'send_message',
    'mark_message_delivered',
    'mark_message_read',
    'update_typing',
    'toString',
    '__proto__',
  );
  const frame = fc.oneof(
    fc.jsonValue(),
    fc.record({ type: types, data: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())) }),
  );
  fc.assert(
    fc.property(frame, (value) => {
      const refusal = refusalOf(() => parseFrame(parseEnvelope(bytes(value))));
      expect(refusal).toMatch(/^(taken|invalid_argument .+)$/);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), (noise) => {
      expect(refusalOf(() => parseEnvelope(Buffer.from(noise)))).toMatch(/^invalid_argument .+$/);
    }),
  );
});

describe('a refusal names the member', () => {
  test.each<[object, RegExp]>([
    [{ type: 'send_message', data: { text: 7 } }, /^invalid_argument text: /],
    [{ type: 'send_message', data: { attachments: ['x'] } }, /^invalid_argument attachments\.0: /],
    [{ type: 'send_message', data: { user: {} } }, /^invalid_argument user: is not for the sender to say/],
    [{ type: 'mark_message_read', data: {} }, /^invalid_argument message_id: is needed/],
    [{ type: 'update_typing', data: { stopped: 1 } }, /^invalid_argument stopped: /],
    [{ type: 'update_typing' }, /^taken/],
    [{ type: 'nothing' }, /^invalid_argument type: must be one of/],
  ])('%j', (frame, refusal) => {
    expect(refusalOf(() => parseFrame(parseEnvelope(bytes(frame))))).toMatch(refusal);
  });
});

test('a body may be sixteen levels deep', () => {
  const nested = (levels: number): Buffer => bytes(`${'['.repeat(levels)}1${']'.repeat(levels)}`);
  expect(refusalOf(() => parseJson(nested(16)))).toBe('taken');
  expect(refusalOf(() => parseJson(nested(17)))).toMatch(/levels/);
  expect(refusalOf(() => parseJson(nested(100_000)))).toMatch(/levels/);
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstIdAt } from '../../core/index.ts';
import type { Content } from '../../core/index.ts';
import { EXPIRED, RECALLED, SENT, sameContent, toColumns, toContent, toMessage } from './rows.ts';
import type { MessageRow } from './rows.ts';

const degrees = fc.double({ min: -180, max: 180, noNaN: true }).map((value) => value + 0);
const resource = fc.record({ url: fc.string(), thumbnail: fc.string() }, { requiredKeys: ['url'] });
const content: fc.Arbitrary<Content> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('text' as const, 'sticker' as const, 'contact' as const),
    text: fc.string({ unit: 'grapheme' }),
  }),
  fc.record({
    kind: fc.constantFrom(
      'photo' as const,
      'video' as const,
      'file' as const,
      'audio' as const,
      'gif' as const,
      'sticker' as const,
    ),
    resource,
  }),
  fc.record({ kind: fc.constant('location' as const), location: fc.record({ latitude: degrees, longitude: degrees }) }),
);

function row(given: Content, rest: Partial<MessageRow> = {}): MessageRow {
  return {
    id: firstIdAt(1_767_225_600_000),
    conversation: 10,
    idx: 3,
    sender: 1,
    state: SENT,
    key: null,
    expires_at: null,
    edited_at: null,
    desk: null,
    ...toColumns(given),
    ...rest,
  };
}

describe('content in columns', () => {
  test('reads back as it was, and is the same as itself alone', () => {
    fc.assert(
      fc.property(content, content, (one, other) => {
        expect(toContent(toColumns(one))).toEqual(one);
        const equal = JSON.stringify(toColumns(one)) === JSON.stringify(toColumns(other));
        expect(sameContent(row(one), toColumns(one))).toBe(true);
        expect(sameContent(row(one), toColumns(other))).toBe(equal);
      }),
    );
  });

  test('is the same in whatever order its parts are named', () => {
    const one = toColumns({ kind: 'video', resource: { url: 'u', thumbnail: 't' } });
    expect(toColumns({ resource: { thumbnail: 't', url: 'u' }, kind: 'video' })).toEqual(one);
    const place = toColumns({ kind: 'location', location: { latitude: 1, longitude: 2 } });
    expect(toColumns({ kind: 'location', location: { longitude: 2, latitude: 1 } })).toEqual(place);
  });
});

describe('a message row', () => {
  const secret: Content = { kind: 'text', text: 'secret' };

  test.each([
    ['sent', SENT, null, 'sent'],
    ['recalled', RECALLED, null, 'recalled'],
    ['expired', EXPIRED, 5, 'expired'],
    ['due now', SENT, 1_000, 'expired'],
    ['due later', SENT, 1_001, 'sent'],
    ['recalled and due', RECALLED, 1_000, 'expired'],
  ] as const)('that is %s reads so at this moment, with content only when sent', (_, state, expiresAt, reads) => {
    const message = toMessage(row(secret, { state, expires_at: expiresAt }), 1_000);
    expect(message.state).toBe(reads);
    expect('content' in message).toBe(reads === 'sent');
    expect(message.sentAt).toBe(1_767_225_600_000);
  });
});

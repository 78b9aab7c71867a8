import { describe, expect, test } from 'vitest';
import { ChatError } from '../../core/index.ts';
import { END, STATUS, toError, toGrpcError } from './status.ts';
import { DecodeError } from './wire.ts';

/** HTTP statuses of the gRPC codes (wire.md, section 1, "HTTP"). */
const HTTP: Readonly<Record<number, number>> = {
  3: 400,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  12: 501,
  13: 500,
  14: 503,
  16: 401,
};

describe('every error', () => {
  test.each(Object.entries(STATUS))('%s has one meaning on every carrier', (_code, { grpc, http, close }) => {
    expect(http).toBe(HTTP[grpc]);
    expect([1007, 1008, 1009, 1011, 4401, 4403]).toContain(close);
  });

  test('that is none of ours is internal, and tells nothing of itself', () => {
    const error = toError(new TypeError('password of the database'));
    expect([error.code, error.message]).toEqual(['internal', expect.not.stringContaining('password')]);
    expect(toError('thrown').code).toBe('internal');
    expect(toError(undefined).code).toBe('internal');
  });

  test('of decoding names the place', () => {
    expect(toError(new DecodeError('missing', 'postbox.posts[0].postmark'))).toMatchObject({
      code: 'invalid_argument',
      message: 'postbox.posts[0].postmark: missing',
    });
  });

  test('with a wait says how long', () => {
    const limited = toGrpcError(new ChatError('rate_limited', 'slowly', { retryAfter: 1_500 }));
    expect([limited.code, limited.metadata]).toEqual([8, { 'retry-after-ms': '1500' }]);
    expect(toGrpcError(new ChatError('not_found', 'x')).metadata).toEqual({});
  });
});

describe('every ending', () => {
  test.each(Object.entries(END))(
    '%s has a code that a server may send, and a reason that fits',
    (_reason, { close, message }) => {
      expect([1001, 1008, 1011, 4401, 4403]).toContain(close);
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(123);
    },
  );
});

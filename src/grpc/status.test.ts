import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GrpcError, GrpcStatus, encodeStatusMessage, statusTrailers, toGrpcError } from './status.ts';

/** Any UTF-16 units, halves of surrogate pairs included. */
const codeUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 100 });

describe('status message', () => {
  test('printable ASCII stays as it is, the rest is percent-encoded UTF-8', () => {
    expect(encodeStatusMessage('not found')).toBe('not found');
    expect(encodeStatusMessage('100 %')).toBe('100 %25');
    expect(encodeStatusMessage('ü\n😀')).toBe('%C3%BC%0A%F0%9F%98%80');
  });

  test('any text comes back by percent-decoding, and is always a valid header value', () => {
    fc.assert(
      fc.property(
        codeUnits.map((units) => String.fromCharCode(...units)),
        (text) => {
          const encoded = encodeStatusMessage(text);
          expect(encoded).toMatch(/^[ -~]*$/);
          expect(decodeURIComponent(encoded)).toBe(text.toWellFormed());
        },
      ),
    );
  });

  test('a long text is cut', () => {
    expect(encodeStatusMessage('ü'.repeat(100_000)).length).toBeLessThan(8192);
  });
});

describe('errors', () => {
  test('what is not a GrpcError becomes INTERNAL and says nothing of its cause', () => {
    const error = toGrpcError(new Error('password is hunter2'));
    expect(error.code).toBe(GrpcStatus.INTERNAL);
    expect(error.message).not.toContain('hunter2');
  });

  test('metadata that cannot be sent fails where the error is made', () => {
    expect(() => new GrpcError(GrpcStatus.NOT_FOUND, 'no', { 'grpc-status': '0' })).toThrow(TypeError);
  });

  test('trailers carry code, message and metadata', () => {
    expect(statusTrailers(new GrpcError(GrpcStatus.NOT_FOUND, 'no', { reason: 'gone' }))).toEqual({
      'grpc-status': '5',
      'grpc-message': 'no',
      reason: 'gone',
    });
    expect(statusTrailers({ code: GrpcStatus.OK })).toEqual({ 'grpc-status': '0' });
  });
});

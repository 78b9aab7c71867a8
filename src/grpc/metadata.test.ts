import { describe, expect, test } from 'vitest';
import { ReceivedMetadata, encodeMetadata } from './metadata.ts';

describe('received metadata', () => {
  const metadata = new ReceivedMetadata({
    ':path': '/secret',
    token: 'abc',
    'set-cookie': ['a', 'b'],
    'trace-bin': 'AQID',
    'padded-bin': 'AQ==, Ag==',
    'wrong-bin': 'not base64!',
  });

  test('names are found in any case, repeated values joined', () => {
    expect(metadata.get('Token')).toBe('abc');
    expect(metadata.get('set-cookie')).toBe('a, b');
    expect(metadata.get('missing')).toBeUndefined();
  });

  test('pseudo headers are not metadata', () => {
    expect(metadata.get(':path')).toBeUndefined();
  });

  test('binary values are decoded, padded or not', () => {
    expect(metadata.getBinary('trace-bin')).toEqual(Buffer.from([1, 2, 3]));
    expect(metadata.getBinary('padded-bin')).toEqual(Buffer.from([1]));
    expect(metadata.getBinary('wrong-bin')).toBeUndefined();
    expect(metadata.getBinary('missing-bin')).toBeUndefined();
  });
});

describe('metadata to send', () => {
  test('text as it is, bytes as base64, several values as an array', () => {
    expect(encodeMetadata({ a: 'b', 'c-bin': Buffer.from([1, 2, 3]), d: ['e', 'f'] })).toEqual({
      a: 'b',
      'c-bin': 'AQID',
      d: ['e', 'f'],
    });
  });

  test.each([
    [{ ':path': 'x' }],
    [{ 'Upper-Case': 'x' }],
    [{ 'with space': 'x' }],
    [{ '': 'x' }],
    [{ 'grpc-status': '0' }],
    [{ connection: 'close' }],
    [{ 'content-length': '5' }],
    [{ 'http2-settings': 'x' }],
    [{ 'content-type': 'x' }],
    [{ a: 'line\nbreak' }],
    [{ a: 'ü' }],
    [{ a: Buffer.from('bytes') }],
  ])('%j cannot be sent', (fields) => {
    expect(() => encodeMetadata(fields)).toThrow(TypeError);
  });
});

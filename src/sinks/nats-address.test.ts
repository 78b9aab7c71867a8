import { expect, test } from 'vitest';
import { parseNatsAddress } from './nats-address.ts';

test('one server, or several with commas between', () => {
  expect(parseNatsAddress('nats://127.0.0.1:4222')).toEqual({ servers: ['127.0.0.1:4222'], tls: false });
  expect(parseNatsAddress('nats://a:4222, b:4223,nats://[::1]:4224')).toEqual({
    servers: ['a:4222', 'b:4223', '[::1]:4224'],
    tls: false,
  });
});

test('who we are there: user and password, or a token', () => {
  expect(parseNatsAddress('tls://us%40er:p%3Ass@host')).toEqual({ servers: ['host'], user: 'us@er', pass: 'p:ss', tls: true });
  expect(parseNatsAddress('nats://s3cret@host:4222')).toEqual({ servers: ['host:4222'], token: 's3cret', tls: false });
});

test.each(['', 'http://host', 'nats://', 'nats://host/path', 'nats://a,,b', 'nats://host:99999', 'nats://%zz@host'])(
  '%j is no address of NATS',
  (text) => {
    expect(parseNatsAddress(text)).toBeUndefined();
  },
);

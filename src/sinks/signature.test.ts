import { describe, expect, it } from 'vitest';
import { keyOf, signatureOf } from './signature.ts';

describe('signatures', () => {
  it('are those of the standard: its own example', () => {
    const key = keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(signatureOf([key], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('with several keys stand beside each other, in their order', () => {
    const [old, fresh] = [keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), keyOf('words of another secret')];
    const alone = [old, fresh].map((key) => signatureOf([key], 'id', 1, '{}'));
    expect(signatureOf([old, fresh], 'id', 1, '{}')).toBe(alone.join(' '));
  });

  it('a secret without the mark of the standard is its own bytes', () => {
    expect(keyOf('ключ').toString('hex')).toBe('d0bad0bbd18ed187');
  });
});

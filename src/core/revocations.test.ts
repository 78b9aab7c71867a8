import { describe, expect, test } from 'vitest';
import { createClock } from '../../test/support/clock.ts';
import { recordingSession } from '../../test/support/core.ts';
import { checkSession, createRevocations } from './revocations.ts';
import type { Revocation } from './ports.ts';

const all: Revocation = { namespace: 'default', user: 1, before: 1_000, until: 9_000 };
const one: Revocation = { namespace: 'default', user: 1, token: 'a', before: 1_000, until: 5_000 };

describe('revocations', () => {
  test('of all tokens hold for those issued up to that moment, and for that user in that namespace', () => {
    const revocations = createRevocations({ stored: [all] });
    expect(revocations.has('default', 1, undefined, 1_000)).toBe(true);
    expect(revocations.has('default', 1, 'x', 0)).toBe(true);
    expect(revocations.has('default', 1, 'x', 1_001)).toBe(false);
    expect(revocations.has('default', 2, undefined, 0)).toBe(false);
    expect(revocations.has('other', 1, undefined, 0)).toBe(false);
  });

  test('of one token hold for it alone, whenever it was issued', () => {
    const revocations = createRevocations({ stored: [] });
    revocations.add(one);
    expect(revocations.has('default', 1, 'a', 99_999)).toBe(true);
    expect(revocations.has('default', 1, 'b', 0)).toBe(false);
    expect(revocations.has('default', 1, undefined, 0)).toBe(false);
  });

  test('stand side by side; a newer one of the same kind replaces the older', () => {
    const revocations = createRevocations({ stored: [one, all, { ...one, token: 'b' }] });
    expect(['a', 'b', 'c'].map((token) => revocations.has('default', 1, token, 2_000))).toEqual([true, true, false]);
    revocations.add({ ...all, before: 3_000 });
    expect(revocations.has('default', 1, 'c', 2_000)).toBe(true);
  });

  test('are forgotten when the tokens would have ended', () => {
    const revocations = createRevocations({ stored: [all, one] });
    revocations.prune(5_000);
    expect([revocations.has('default', 1, 'a', 2_000), revocations.has('default', 1, 'a', 500)]).toEqual([false, true]);
    revocations.prune(9_000);
    expect(revocations.has('default', 1, 'a', 500)).toBe(false);
  });
});

test('a session must end with its token, and at once when that is revoked', () => {
  const clock = createClock(10_000);
  const chat = { newSessionId: () => 1, closeSession() {}, now: clock.now };
  const revocations = createRevocations({ stored: [all, one] });
  const judged = (options: { expiresAt?: number; issuedAt?: number; token?: string }, user = 1) =>
    checkSession(recordingSession(chat, user, options), revocations, clock.now());
  expect(judged({})).toBeUndefined();
  expect(judged({ expiresAt: 10_001 })).toBeUndefined();
  expect(judged({ expiresAt: 10_000 })).toBe('token_expired');
  expect(judged({ issuedAt: 900 })).toBe('token_revoked');
  expect(judged({ issuedAt: 900 }, 2)).toBeUndefined();
  expect(judged({ token: 'a' })).toBe('token_revoked');
  expect(judged({ token: 'a', expiresAt: 5 })).toBe('token_expired');
});

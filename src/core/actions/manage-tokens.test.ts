import { describe, expect, test } from 'vitest';
import { openCore, refusalOf } from '../../../test/support/core.ts';

const DAY = 24 * 3_600_000;

describe('minting', () => {
  test('makes a token that lets its user in for as long as was asked', async () => {
    const core = await openCore();
    const token = await core.chat.mintToken({ subject: '7', namespace: 'red', role: 'bot', name: 'Robot', ttl: 60_000 });
    expect(await core.chat.access.authenticate(token)).toMatchObject({ namespace: 'red', user: 7, role: 'bot', name: 'Robot' });
    core.clock.advance(60_000);
    expect(await refusalOf(core.chat.access.authenticate(token))).toBe('unauthenticated');
  });

  test.each([0, -1, Number.NaN, Infinity, 366 * DAY + 1])('for %d milliseconds is refused', async (ttl) => {
    const core = await openCore();
    expect(await refusalOf(core.chat.mintToken({ subject: '7', namespace: 'red', role: 'user', ttl }))).toBe('invalid_argument');
  });
});

test('a revocation is kept as long as the token, or ten years where that is not known', async () => {
  const core = await openCore();
  await core.chat.revokeTokens('default', 1, 'a', { until: core.clock.now() + 5 });
  await core.chat.revokeTokens('default', 1);
  const kept = async (after: number) => (await core.store.revocations(core.clock.now() + after)).map(({ token }) => token);
  expect([await kept(4), await kept(5), await kept(3_649 * DAY), await kept(3_650 * DAY)]).toEqual([
    [undefined, 'a'],
    [undefined],
    [undefined],
    [],
  ]);
});

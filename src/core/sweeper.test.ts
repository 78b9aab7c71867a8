import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { actorFor, openCore, refusalOf, text, tokenOf } from '../../test/support/core.ts';
import type { TestCore } from '../../test/support/core.ts';

/** One sweep is due each second; its work takes some turns of the event loop. */
async function sweep(core: TestCore): Promise<void> {
  vi.advanceTimersByTime(1_000);
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await core.chat.core.committer.idle();
}

describe('the sweeper', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => vi.useRealTimers());

  test('ends sessions whose token has ended, within a second', async () => {
    const core = await openCore();
    const until = core.clock.now() + 10_000;
    const [short, long, endless] = [
      await core.connect(1, { expiresAt: until }),
      await core.connect(1, { expiresAt: until + 1 }),
      await core.connect(1),
    ];
    core.clock.advance(9_999);
    await sweep(core);
    expect(short.ended).toEqual([]);
    core.clock.advance(1);
    await sweep(core);
    expect([short.ended, long.ended, endless.ended]).toEqual([['token_expired'], [], []]);
    expect(core.chat.core.hub.session(short.id)).toBeUndefined();
  });

  test('ends sessions under a revoked token, within a second: one token, or all of a user', async () => {
    const core = await openCore();
    const [one, other, foreign] = [
      await core.connect(1, { token: 'a' }),
      await core.connect(1, { token: 'b' }),
      await core.connect(2, { token: 'a' }),
    ];
    await core.chat.revokeTokens('default', 1, 'a');
    await sweep(core);
    expect([one.ended, other.ended, foreign.ended]).toEqual([['token_revoked'], [], []]);
    await core.chat.revokeTokens('default', 1);
    core.clock.advance(1);
    const later = await core.connect(1, { token: 'c' });
    await sweep(core);
    expect([other.ended, later.ended, foreign.ended]).toEqual([['token_revoked'], [], []]);
  });

  test('erases messages whose time has come and tells it, however many', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const session = await core.connect(2);
    const send = (expiresAfter: number) =>
      core.chat.sendMessage(actorFor(1), { target: { conversation: group.id }, content: text('x'), expiresAfter });
    await Promise.all(Array.from({ length: 1_200 }, () => send(5_000)));
    const last = await send(60_000);
    session.take();
    await sweep(core);
    expect(session.take()).toEqual([]);
    core.clock.advance(6_000);
    await sweep(core);
    const told = session.take();
    expect(told).toHaveLength(1_200);
    expect(
      told.every(
        (delivery) => delivery.type === 'change' && delivery.change === 'expired' && delivery.message.content === undefined,
      ),
    ).toBe(true);
    expect(await core.store.hasDueExpiry(core.clock.now())).toBe(false);
    expect((await core.store.history({ conversation: group.id, limit: 10 })).messages).toEqual([last.message]);
  });

  test('goes on after a sweep that failed', async () => {
    let failing = true;
    const core = await openCore({
      around: (store) => ({
        ...store,
        hasDueExpiry: (now) => (failing ? Promise.reject(new Error('no')) : store.hasDueExpiry(now)),
      }),
    });
    const group = await core.group([1]);
    await core.chat.sendMessage(actorFor(1), { target: { conversation: group.id }, content: text('x'), expiresAfter: 10 });
    core.clock.advance(10);
    await sweep(core);
    expect(core.complaints).toEqual(['the sweep failed; it will be tried again']);
    failing = false;
    await sweep(core);
    expect(await core.store.hasDueExpiry(core.clock.now())).toBe(false);
  });

  test('forgets revocations of tokens that have ended', async () => {
    const core = await openCore();
    const token = tokenOf('1', { token: 'a' });
    await core.chat.access.authenticate(token);
    await core.chat.revokeTokens('default', 1, 'a', { until: core.clock.now() + 5_000 });
    await sweep(core);
    expect(await refusalOf(core.chat.access.authenticate(token))).toBe('unauthenticated');
    core.clock.advance(5_000);
    await sweep(core);
    // The token itself claims to live on: only the forgotten revocation lets it in again.
    expect(await refusalOf(core.chat.access.authenticate(token))).toBe('not refused');
  });

  test('stops with the chat', async () => {
    const core = await openCore();
    const session = await core.connect(1, { expiresAt: core.clock.now() + 10 });
    await core.chat.drain();
    core.clock.advance(10);
    await sweep(core);
    expect(session.ended).toEqual(['shutdown']);
  });
});

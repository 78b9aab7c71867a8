import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, tokenOf } from '../../test/support/core.ts';
import { SCOPES, actorOf, checkScope, serverActor } from './access.ts';
import { hashSecret } from './actions/sign-in.ts';
import type { ApiToken } from './ports.ts';
import { openSqliteStore } from '../stores/sqlite.ts';

describe('user tokens', () => {
  test('are good until they end, also when they were checked before', async () => {
    const core = await openCore();
    const token = tokenOf('1', { expiresAt: core.clock.now() + 1_000, name: 'Ada', role: 'operator' });
    const identity = await core.chat.access.authenticate(token);
    expect(identity).toMatchObject({ namespace: 'default', user: 1, role: 'operator', name: 'Ada' });
    core.clock.advance(999);
    expect(await core.chat.access.authenticate(token)).toEqual(identity);
    core.clock.advance(1);
    expect(await refusalOf(core.chat.access.authenticate(token))).toBe('unauthenticated');
    const fresh = tokenOf('1', { expiresAt: core.clock.now() });
    expect(await refusalOf(core.chat.access.authenticate(fresh))).toBe('unauthenticated');
  });

  test('are verified once', async () => {
    let reads = 0;
    const core = await openCore({
      around: (store) => ({
        ...store,
        userByExternal(...rest) {
          reads += 1;
          return store.userByExternal(...rest);
        },
      }),
    });
    for (let again = 0; again < 5; again += 1) await core.chat.access.authenticate(tokenOf('ada'));
    expect(reads).toBe(1);
  });

  test('are worth nothing from the moment of a revocation, remembered or not; other tokens are', async () => {
    const core = await openCore();
    const { access } = core.chat;
    const [known, other, fresh] = ['a', 'b', 'c'].map((token) => tokenOf('1', { token, issuedAt: core.clock.now() }));
    await access.authenticate(known ?? '');
    await access.authenticate(other ?? '');
    await core.chat.revokeTokens('default', 1, 'a');
    expect(await refusalOf(access.authenticate(known ?? ''))).toBe('unauthenticated');
    expect(await refusalOf(access.authenticate(other ?? ''))).toBe('not refused');
    await core.chat.revokeTokens('default', 1);
    for (const token of [other, fresh]) expect(await refusalOf(access.authenticate(token ?? ''))).toBe('unauthenticated');
    core.clock.advance(1);
    expect(await refusalOf(access.authenticate(tokenOf('1', { token: 'd', issuedAt: core.clock.now() })))).toBe('not refused');
    expect(await refusalOf(access.authenticate(tokenOf('2', { token: 'a' })))).toBe('not refused');
  });

  test.each(['', 'x', `{${'x'.repeat(9_000)}`])('%#: what is none is refused', async (token) => {
    const core = await openCore();
    expect(await refusalOf(core.chat.access.authenticate(token))).toBe('unauthenticated');
  });
});

describe('tickets', () => {
  test('are good once, for 30 seconds, and each is another', async () => {
    const core = await openCore();
    const { access } = core.chat;
    const identity = await access.authenticate(tokenOf('1'));
    const [first, second, late] = [access.issueTicket(identity), access.issueTicket(identity), access.issueTicket(identity)];
    expect(new Set([first, second, late]).size).toBe(3);
    expect(access.redeemTicket(first)).toEqual(identity);
    expect(await refusalOf(() => access.redeemTicket(first))).toBe('unauthenticated');
    core.clock.advance(29_999);
    expect(access.redeemTicket(second)).toEqual(identity);
    core.clock.advance(1);
    expect(await refusalOf(() => access.redeemTicket(late))).toBe('unauthenticated');
    for (const ticket of ['', 'x', first]) expect(await refusalOf(() => access.redeemTicket(ticket))).toBe('unauthenticated');
  });

  test('are worth no more than the token they stand for', async () => {
    const core = await openCore();
    const { access } = core.chat;
    const ending = access.issueTicket(await access.authenticate(tokenOf('1', { expiresAt: core.clock.now() + 10 })));
    core.clock.advance(10);
    expect(await refusalOf(() => access.redeemTicket(ending))).toBe('unauthenticated');
    const revoked = access.issueTicket(await access.authenticate(tokenOf('1', { token: 'a' })));
    await core.chat.revokeTokens('default', 1, 'a');
    expect(await refusalOf(() => access.redeemTicket(revoked))).toBe('unauthenticated');
  });
});

describe('Api-Tokens', () => {
  const configured: ApiToken = {
    name: 'fixed',
    hash: hashSecret('fixed secret'),
    scopes: ['admin'],
    namespace: 'elsewhere',
    createdAt: 0,
  };

  test('are those of the configuration and those that were made, told by their secret alone', async () => {
    const core = await openCore({ apiTokens: [configured] });
    const { access } = core.chat;
    expect(access.authenticateServer('fixed secret')).toEqual({ name: 'fixed', scopes: ['admin'], namespace: 'elsewhere' });
    const { token, secret } = await access.saveApiToken({ name: 'made', scopes: ['messages', 'users'] });
    expect(token).toEqual({ name: 'made', hash: hashSecret(secret), scopes: ['messages', 'users'], createdAt: core.clock.now() });
    expect(secret.length).toBeGreaterThanOrEqual(43);
    expect(access.authenticateServer(secret)).toEqual({ name: 'made', scopes: ['messages', 'users'] });
    expect(access.apiTokens().map(({ name }) => name)).toEqual(['fixed', 'made']);
    expect(await core.store.apiTokens()).toEqual([token]);
    for (const wrong of ['', 'made', token.hash, `${secret} `, secret.toLowerCase(), 'x'.repeat(9_000)]) {
      expect(await refusalOf(() => access.authenticateServer(wrong))).toBe('unauthenticated');
    }
  });

  test('with nothing configured let nobody in', async () => {
    const core = await openCore();
    for (const secret of ['', 'admin', hashSecret('')])
      expect(await refusalOf(() => core.chat.access.authenticateServer(secret))).toBe('unauthenticated');
  });

  test('are rotated by deleting the old one: its secret is worth nothing from then on', async () => {
    const core = await openCore();
    const { access } = core.chat;
    const old = await access.saveApiToken({ name: 'ci', scopes: ['users'] });
    expect(await refusalOf(access.saveApiToken({ name: 'ci', scopes: ['users'] }))).toBe('already_exists');
    await access.deleteApiToken('ci');
    expect(await refusalOf(() => access.authenticateServer(old.secret))).toBe('unauthenticated');
    const fresh = await access.saveApiToken({ name: 'ci', scopes: [] });
    expect(fresh.secret).not.toBe(old.secret);
    expect(access.authenticateServer(fresh.secret)).toEqual({ name: 'ci', scopes: [] });
    expect(await refusalOf(access.deleteApiToken('other'))).toBe('not_found');
  });

  test('of one name are made once, though two ask at once', async () => {
    const core = await openCore();
    const { access } = core.chat;
    const answers = await Promise.all([1, 2, 3].map(() => refusalOf(access.saveApiToken({ name: 'ci', scopes: [] }))));
    expect(answers.toSorted()).toEqual(['already_exists', 'already_exists', 'not refused']);
    expect(await core.store.apiTokens()).toHaveLength(1);
  });

  test('that could not be stored are none, and leave the name free', async () => {
    let failing = true;
    const core = await openCore({
      around: (store) => ({
        ...store,
        commit: (operations) => (failing ? Promise.reject(new Error('no')) : store.commit(operations)),
      }),
    });
    expect(await refusalOf(core.chat.access.saveApiToken({ name: 'ci', scopes: [] }))).toBe('unavailable');
    expect(core.chat.access.apiTokens()).toEqual([]);
    failing = false;
    expect(await refusalOf(core.chat.access.saveApiToken({ name: 'ci', scopes: [] }))).toBe('not refused');
  });

  test.each([
    [{ name: '', scopes: [] }, 'invalid_argument'],
    [{ name: 'with space', scopes: [] }, 'invalid_argument'],
    [{ name: '-x', scopes: [] }, 'invalid_argument'],
    [{ name: 'x'.repeat(65), scopes: [] }, 'invalid_argument'],
    [{ name: 'ok', scopes: ['everything'] }, 'invalid_argument'],
    [{ name: 'fixed', scopes: [] }, 'already_exists'],
  ])('%j is refused as %s', async (request, code) => {
    const core = await openCore({ apiTokens: [configured] });
    expect(await refusalOf(core.chat.access.saveApiToken(request))).toBe(code);
  });

  test('may do what their scopes say; admin may do all; no scope may do nothing', async () => {
    for (const scope of SCOPES) {
      expect(await refusalOf(() => checkScope({ name: 'a', scopes: ['admin'] }, scope))).toBe('not refused');
      expect(await refusalOf(() => checkScope({ name: 'a', scopes: [scope] }, scope))).toBe('not refused');
      expect(await refusalOf(() => checkScope({ name: 'a', scopes: [] }, scope))).toBe('permission_denied');
    }
    expect(await refusalOf(() => checkScope({ name: 'a', scopes: ['users', 'messages'] }, 'tokens'))).toBe('permission_denied');
    expect(await refusalOf(() => checkScope({ name: 'a', scopes: ['users'] }, 'admin'))).toBe('permission_denied');
  });

  test('and revocations are known to the next start', async () => {
    const store = await openSqliteStore({ folder: ':memory:' });
    const kept = { ...store, close: () => Promise.resolve() };
    const first = await openCore({ around: () => kept });
    const { secret } = await first.chat.access.saveApiToken({ name: 'ci', scopes: ['users'], namespace: 'red' });
    await first.chat.revokeTokens('default', 1, 'a');
    const second = await openCore({ around: () => kept });
    expect(second.chat.access.authenticateServer(secret)).toEqual({ name: 'ci', scopes: ['users'], namespace: 'red' });
    expect(await refusalOf(second.chat.access.authenticate(tokenOf('1', { token: 'a' })))).toBe('unauthenticated');
    await store.close();
  });
});

describe('actors', () => {
  test('are made of an identity and the door it came through', async () => {
    const core = await openCore();
    const identity = await core.chat.access.authenticate(tokenOf('1', { role: 'bot' }));
    expect(actorOf(identity, 'stream', 7)).toEqual({
      namespace: 'default',
      user: 1,
      role: 'bot',
      server: false,
      door: 'stream',
      session: 7,
    });
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(actorOf(identity, 'stream', 7, { trace }).trace).toBe(trace);
    for (const wrong of ['', 'x', trace.toUpperCase(), `${trace}x`, `${trace}\n`])
      expect(actorOf(identity, 'stream', 7, { trace: wrong })).not.toHaveProperty('trace');
    expect(serverActor('red', 0, 'management')).toEqual(actorFor(0, { namespace: 'red', server: true, door: 'management' }));
  });
});

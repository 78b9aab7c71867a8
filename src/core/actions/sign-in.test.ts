import { describe, expect, test } from 'vitest';
import { openCore, refusalOf, tokenOf } from '../../../test/support/core.ts';
import { hashSecret, sameHash } from './sign-in.ts';

describe('the user of a token', () => {
  test('is named by a decimal sub, kept by any other, and appears with the first token', async () => {
    const core = await openCore();
    const { access } = core.chat;
    expect(await access.authenticate(tokenOf('42', { name: 'Ada' }))).toMatchObject({ user: 42, name: 'Ada' });
    const external = await access.authenticate(tokenOf('auth0|x'));
    expect(external.user).toBeGreaterThan(2 ** 40);
    for (const sub of ['042', '42.0', '+42', ' 42', '9007199254740992'])
      expect((await access.authenticate(tokenOf(sub))).user).not.toBe(42);
    expect((await access.authenticate(tokenOf('auth0|x', { role: 'bot' }))).user).toBe(external.user);
    expect((await core.chat.findUserBySubject('default', 'auth0|x'))?.id).toBe(external.user);
    expect((await core.chat.findUserBySubject('default', '42'))?.name).toBe('Ada');
    expect(await core.chat.findUserBySubject('elsewhere', '42')).toBeUndefined();
  });

  test('is described by the token, and called by the parts of the name where it gives no other', async () => {
    const core = await openCore();
    const { access } = core.chat;
    const person = { firstname: 'Eva', lastname: 'Stone', avatar: 'https://example.com/eva.png' };
    expect(await access.authenticate(tokenOf('1', { person }))).toMatchObject({ name: 'Eva Stone' });
    await access.authenticate(tokenOf('1', { person: { firstname: 'Ewa' }, name: 'Ewa S.' }));
    expect(await core.chat.findUser('default', 1)).toMatchObject({ name: 'Ewa S.', person: { ...person, firstname: 'Ewa' } });
    for (const bad of [
      { avatar: '/files/5/x' },
      { avatar: 'javascript:x' },
      { lastname: 'x'.repeat(1_000) },
      { firstname: '\0' },
    ])
      expect(await refusalOf(access.authenticate(tokenOf('2', { person: bad })))).toBe('unauthenticated');
  });

  test('is the same though many tokens come at once', async () => {
    const core = await openCore();
    const identities = await Promise.all(
      Array.from({ length: 10 }, (_, at) => core.chat.access.authenticate(tokenOf('ada', { token: `${at}` }))),
    );
    expect(new Set(identities.map(({ user }) => user)).size).toBe(1);
  });

  test('takes over a newer name and role, and keeps the name where none is given', async () => {
    const core = await openCore();
    const { access } = core.chat;
    await access.authenticate(tokenOf('1', { name: 'Ada' }));
    expect(await access.authenticate(tokenOf('1', { role: 'operator' }))).toMatchObject({ name: 'Ada', role: 'operator' });
    expect(await access.authenticate(tokenOf('1', { name: 'Ada L.' }))).toMatchObject({ name: 'Ada L.', role: 'user' });
    expect(await core.chat.findUser('default', 1)).toMatchObject({ name: 'Ada L.', role: 'user' });
  });

  test('has a name of the limit at most, cut between characters', async () => {
    const core = await openCore({ limits: { maxNameLength: 4 } });
    const { access } = core.chat;
    expect((await access.authenticate(tokenOf('1', { name: 'abcdef' }))).name).toBe('abcd');
    const { name } = await access.authenticate(tokenOf('2', { name: 'abc🎉🎉' }));
    expect(name.isWellFormed()).toBe(true);
    expect(name.startsWith('abc')).toBe(true);
    // What was cut is not a change the next time.
    const before = (await core.store.stats()).outboxDepth;
    await access.authenticate(tokenOf('2', { name: 'abc🎉🎉', token: 'another' }));
    expect((await core.store.stats()).outboxDepth).toBe(before);
  });

  test('has nothing in its name that breaks a line or turns it around', async () => {
    const core = await openCore();
    const { access } = core.chat;
    const token = { name: '\u202Eada\n\u2066 L.\u200F' };
    expect((await access.authenticate(tokenOf('1', token))).name).toBe('ada L.');
    // Nor is it a change the next time.
    const before = (await core.store.stats()).outboxDepth;
    await access.authenticate(tokenOf('1', { ...token, token: 'another' }));
    expect((await core.store.stats()).outboxDepth).toBe(before);
  });

  test.each([
    ['a namespace of nothing', '1', { namespace: '' }],
    ['a namespace with a slash', '1', { namespace: 'a/b' }],
    ['a long namespace', '1', { namespace: 'x'.repeat(65) }],
    ['a long sub', 'x'.repeat(257), {}],
    ['a sub with NUL', 'a\0', {}],
    ['a sub with half a character', 'a\uD800', {}],
    ['a name with NUL', '1', { name: 'a\0' }],
  ])('is refused with %s', async (_, subject, claims) => {
    const core = await openCore();
    expect(await refusalOf(core.chat.access.authenticate(tokenOf(subject, claims)))).toBe('unauthenticated');
    expect(await core.store.searchUsers('default', '', 10)).toEqual([]);
  });
});

describe('built-in accounts', () => {
  const ada = { namespace: 'default', username: 'Ada', password: 'long enough' };

  test('are made once, whatever the case, and let in with the password alone', async () => {
    const core = await openCore();
    const user = await core.chat.register(ada);
    expect(user).toMatchObject({ name: 'Ada', username: 'ada', role: 'user' });
    for (const username of ['Ada', 'ada', 'ADA', 'ＡＤＡ']) {
      expect(await refusalOf(core.chat.register({ ...ada, username }))).toBe('already_exists');
      expect(await core.chat.logIn({ ...ada, username })).toEqual(user);
    }
    expect(await refusalOf(core.chat.logIn({ ...ada, password: 'Long enough' }))).toBe('unauthenticated');
    expect(await refusalOf(core.chat.logIn({ ...ada, username: 'bob' }))).toBe('unauthenticated');
    expect(await refusalOf(core.chat.logIn({ ...ada, namespace: 'elsewhere' }))).toBe('unauthenticated');
    expect(await refusalOf(core.chat.register({ ...ada, namespace: 'elsewhere' }))).toBe('not refused');
  });

  test('of one name are made once, though two ask at once', async () => {
    const core = await openCore();
    const answers = await Promise.all([refusalOf(core.chat.register(ada)), refusalOf(core.chat.register(ada))]);
    expect(answers.toSorted()).toEqual(['already_exists', 'not refused']);
  });

  test.each([
    [{ username: 'a' }, 'username'],
    [{ username: '' }, 'username'],
    [{ username: '-ada' }, 'username'],
    [{ username: 'ada lovelace' }, 'username'],
    [{ username: 'x'.repeat(65) }, 'username'],
    [{ password: 'short' }, 'password'],
    [{ password: 'x'.repeat(257) }, 'password'],
  ])('%j is refused with the field that is wrong', async (wrong, field) => {
    const core = await openCore();
    const error = await core.chat.register({ ...ada, ...wrong }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid_argument', fields: { [field]: expect.any(String) } });
  });

  test('a wrong name and a wrong password answer the same; a password beyond all measure is not even hashed', async () => {
    const core = await openCore();
    await core.chat.register(ada);
    const messageOf = async (credentials: typeof ada) =>
      String(await core.chat.logIn(credentials).catch((thrown: unknown) => thrown));
    const wrong = await messageOf({ ...ada, password: 'something else' });
    expect(await messageOf({ ...ada, username: 'bob' })).toBe(wrong);
    expect(await messageOf({ ...ada, password: 'x'.repeat(1_000_000) })).toBe(wrong);
  });
});

test('secrets are compared by their hashes', () => {
  const hash = hashSecret('secret');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect([
    sameHash(hash, hashSecret('secret')),
    sameHash(hash, hashSecret('Secret')),
    sameHash(hash, ''),
    sameHash('', ''),
    sameHash(hash, 'zz'),
  ]).toEqual([true, false, false, true, false]);
});

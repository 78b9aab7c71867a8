import { describe, expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';
import { tokenFor } from '../../../test/support/tokens.ts';

const alice = { username: 'Alice', password: 'correct horse' };

describe('signing up and in', () => {
  it('makes an account and answers a token that is good', async () => {
    await using door = await startManagement();
    const signedUp = await door.call('POST', '/api/auth/register', { body: alice });
    expect(signedUp).toMatchObject({ status: 201, body: { user: { username: 'alice', name: 'Alice' } } });
    const { token, user } = signedUp.body;
    const me = await door.call('GET', '/api/users/me', { headers: { authorization: `Bearer ${token}` } });
    expect(me.body).toMatchObject({ id: user.id, username: 'alice', name: 'Alice', role: 'user', online: false });
    const signedIn = await door.call('POST', '/api/auth/login', { body: { ...alice, username: 'ALICE' } });
    expect(signedIn).toMatchObject({ status: 200, body: { user } });
    expect(signedIn.body.token).not.toBe(token);
  });

  it('keeps namespaces apart', async () => {
    await using door = await startManagement();
    const here = await door.call('POST', '/api/auth/register', { body: alice });
    const there = await door.call('POST', '/api/auth/register', { body: { ...alice, namespace: 'elsewhere' } });
    expect([here.status, there.status]).toEqual([201, 201]);
    expect((await door.call('POST', '/api/auth/login', { body: { ...alice, namespace: 'elsewhere' } })).body.user).toEqual(
      there.body.user,
    );
    expect((await door.call('POST', '/api/auth/login', { body: { ...alice, namespace: 'nowhere' } })).status).toBe(401);
  });

  it('refuses a name that is taken, names and passwords that are none, and says which', async () => {
    await using door = await startManagement();
    await door.call('POST', '/api/auth/register', { body: alice });
    const register = async (body: object) => {
      const { status, body: answer } = await door.call('POST', '/api/auth/register', { body });
      return [status, answer.error.code, Object.keys(answer.error.fields ?? {})];
    };
    expect(await register({ ...alice, username: 'aLICE' })).toEqual([409, 'already_exists', ['username']]);
    expect(await register({ ...alice, username: '?' })).toEqual([400, 'invalid_argument', ['username']]);
    expect(await register({ username: 'bob', password: 'short' })).toEqual([400, 'invalid_argument', ['password']]);
    expect(await register({ username: 'bob', password: 'correct horse', namespace: 'no name' })).toEqual([
      400,
      'invalid_argument',
      ['namespace'],
    ]);
    expect(await register({})).toEqual([400, 'invalid_argument', ['username', 'password']]);
  });

  it('answers a wrong name as a wrong password', async () => {
    await using door = await startManagement();
    await door.call('POST', '/api/auth/register', { body: alice });
    const wrongPassword = await door.call('POST', '/api/auth/login', { body: { ...alice, password: 'wrong horse' } });
    const wrongName = await door.call('POST', '/api/auth/login', { body: { ...alice, username: 'nobody' } });
    expect(wrongPassword).toMatchObject({ status: 401, body: { error: { code: 'unauthenticated' } } });
    expect(wrongName.body).toEqual(wrongPassword.body);
  });

  it('is refused where the server signs no tokens', async () => {
    await using door = await startManagement({ algorithms: ['RS256'] });
    expect((await door.call('POST', '/api/auth/register', { body: alice })).body.error.code).toBe('failed_precondition');
  });
});

describe('signing out', () => {
  it('voids the presented token and no other', async () => {
    await using door = await startManagement();
    const signedUp = await door.call('POST', '/api/auth/register', { body: alice });
    const signedIn = await door.call('POST', '/api/auth/login', { body: alice });
    const [first, second] = [signedUp, signedIn].map(({ body }) => ({ authorization: `Bearer ${body.token}` }));
    expect((await door.call('POST', '/api/auth/logout', { headers: { ...first } })).status).toBe(204);
    expect((await door.call('GET', '/api/users/me', { headers: { ...first } })).status).toBe(401);
    expect((await door.call('GET', '/api/users/me', { headers: { ...second } })).status).toBe(200);
  });

  it('voids all tokens up to now when asked', async () => {
    await using door = await startManagement();
    const signedUp = await door.call('POST', '/api/auth/register', { body: alice });
    const signedIn = await door.call('POST', '/api/auth/login', { body: alice });
    const [first, second] = [signedUp, signedIn].map(({ body }) => ({ authorization: `Bearer ${body.token}` }));
    expect((await door.call('POST', '/api/auth/logout', { headers: { ...first }, body: { all: true } })).status).toBe(204);
    for (const headers of [first, second])
      expect((await door.call('GET', '/api/users/me', { headers: { ...headers } })).status).toBe(401);
  });

  it('cannot void a token without an id alone', async () => {
    await using door = await startManagement();
    const headers = { authorization: `Bearer ${tokenFor(1)}` };
    expect((await door.call('POST', '/api/auth/logout', { headers })).body.error.code).toBe('failed_precondition');
    expect((await door.call('POST', '/api/auth/logout', { headers, body: { all: true } })).status).toBe(204);
    expect((await door.call('GET', '/api/users/me', { headers })).status).toBe(401);
  });

  it('is for users only', async () => {
    await using door = await startManagement();
    await door.user(1);
    expect((await door.call('POST', '/api/auth/logout', { headers: server('admin', { 'x-on-behalf-of': '1' }) })).status).toBe(
      403,
    );
  });
});

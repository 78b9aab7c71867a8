/** What holds for every answer under /api: one form of refusal, the headers, and nothing of ours in a fault. */
import { expect, it } from 'vitest';
import { server, startManagement } from '../../test/support/management.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

it('answers an unknown path with 404 and a known one with another method with 405 and Allow', async () => {
  await using door = await startManagement();
  const unknown = await door.call('GET', '/api/nothing/here?token=secret');
  expect(unknown).toMatchObject({
    status: 404,
    body: { error: { code: 'not_found', message: 'There is nothing at /api/nothing/here.' } },
  });
  expect((await door.call('GET', '/api')).status).toBe(404);
  const wrong = await door.call('POST', '/api/conversations/5');
  expect(wrong).toMatchObject({
    status: 405,
    body: { error: { code: 'not_supported' } },
    headers: { allow: 'DELETE, GET, PATCH' },
  });
  expect((await door.call('DELETE', '/api/blocks')).headers['allow']).toBe('GET');
  expect((await door.call('GET', '/api/conversations/5/members/me')).headers['allow']).toBe('DELETE, POST');
});

it('refuses a body that cannot be read, and says what is wrong with it', async () => {
  await using door = await startManagement({ bodyLimit: 2_000 });
  const alice = await door.user(1);
  const post = (payload: string, headers = {}) =>
    door.call('POST', '/api/conversations', { payload, headers: { ...alice, ...JSON_TYPE, ...headers } });
  expect(await post('{')).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_argument', fields: { body: 'is not valid JSON' } } },
  });
  expect(await post('{"__proto__": {"kind": "group"}}')).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_argument', fields: { body: expect.stringContaining('__proto__') as unknown } } },
  });
  expect(await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_argument', fields: { 'content-type': 'must be application/json' } } },
  });
  expect(await post(JSON.stringify({ kind: 'group', name: 'x'.repeat(3_000) }))).toMatchObject({
    status: 413,
    body: { error: { code: 'too_large' } },
  });
  for (const payload of ['', ' ', '{}']) {
    expect(await post(payload)).toMatchObject({
      status: 400,
      body: { error: { fields: { kind: 'is needed', name: 'is needed' } } },
    });
  }
  expect(await post('null')).toMatchObject({ status: 400, body: { error: { fields: { body: 'must be object' } } } });
});

it('names every field that is wrong, in bodies and queries', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  const body = { kind: 'private', name: 5, members: ['2', '02', 3, '9007199254740993'] };
  const refused = await door.call('POST', '/api/conversations', { headers: alice, body });
  expect(refused).toMatchObject({ status: 400, body: { error: { code: 'invalid_argument' } } });
  expect(refused.body.error.fields).toEqual({
    kind: 'must be one of group, channel, room',
    name: 'must be string',
    'members.1': 'must be an id: a decimal number as a string',
    'members.2': 'must be string',
  });
  const late = await door.call('POST', '/api/conversations', {
    headers: alice,
    body: { kind: 'group', name: '', members: ['9007199254740993'] },
  });
  expect(late).toMatchObject({ status: 400, body: { error: { fields: { 'members.0': 'is out of range' } } } });
  for (const limit of ['many', '1.5', '1e2', '', '+1', '0x10', '9'.repeat(400)]) {
    expect(await door.call('GET', `/api/conversations?limit=${encodeURIComponent(limit)}`, { headers: alice })).toMatchObject({
      status: 400,
      body: { error: { fields: { limit: 'must be a whole number' } } },
    });
  }
  for (const limit of ['1', '0', '-5', '100000'])
    expect((await door.call('GET', `/api/conversations?limit=${limit}`, { headers: alice })).status).toBe(200);
  expect(await door.call('GET', '/api/sessions?userId=x', { headers: alice })).toMatchObject({
    status: 400,
    body: { error: { fields: { userId: 'must be an id: a decimal number as a string' } } },
  });
});

it('ignores members it does not know', async () => {
  await using door = await startManagement();
  const body = { kind: 'group', name: 'Team', colour: 'blue' };
  expect((await door.call('POST', '/api/conversations', { headers: await door.user(1), body })).status).toBe(201);
});

it('puts the security headers on every answer', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  const answers = [
    await door.call('GET', '/api/users/me', { headers: alice }),
    await door.call('GET', '/api/users/me'),
    await door.call('GET', '/api/nothing'),
    await door.call('PUT', '/api/blocks/7', { headers: alice }),
    await door.call('POST', '/api/conversations', { headers: { ...alice, ...JSON_TYPE }, payload: '{' }),
    await door.call('GET', '/api/openapi.json'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 404, 404, 400, 200]);
  for (const { headers } of answers) {
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  }
});

it('tells nothing of a fault of its own but logs it, without the token', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  const token = alice['authorization']?.slice('Bearer '.length) ?? '';
  await door.closeStore();
  const fault = await door.call('GET', `/api/conversations?token=${token}`);
  expect(fault).toMatchObject({
    status: 500,
    body: { error: { code: 'internal', message: 'Something went wrong on the server. It has been logged.' } },
  });
  expect(door.logged).toHaveLength(1);
  expect(door.logged.join()).not.toContain(token);
});

it('tells how long to wait when a user is too fast', async () => {
  await using door = await startManagement({ limits: { rate: { messages: 1, window: 60_000 } }, now: () => Date.UTC(2030, 0) });
  const alice = await door.user(1, { iat: 0, exp: Date.UTC(2031, 0) / 1000 });
  await door.user(2, { iat: 0, exp: Date.UTC(2031, 0) / 1000 });
  const send = () => door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Hello' } });
  expect((await send()).status).toBe(201);
  expect(await send()).toMatchObject({
    status: 429,
    body: { error: { code: 'rate_limited' } },
    headers: { 'retry-after': '60' },
  });
  expect(
    (
      await door.call('POST', '/api/private/2/messages', {
        headers: server('messages', { 'x-on-behalf-of': '1' }),
        body: { text: 'Hello' },
      })
    ).status,
  ).toBe(201);
});

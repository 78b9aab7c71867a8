import { expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';

it('mutes, bans, lists and lifts, and notes who did it', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  await door.user(2);
  const { ended } = await door.session(1);
  const headers = server('moderation');
  const restrict = (user: number | string, body: object) => door.call('PUT', `/api/restrictions/${user}`, { headers, body });

  const muted = await restrict(1, { kind: 'mute', seconds: 3600, reason: 'Advertising' });
  expect(muted).toMatchObject({
    status: 200,
    body: { userId: '1', kind: 'mute', reason: 'Advertising', by: { apiToken: 'moderation' } },
  });
  expect(Date.parse(muted.body.until) - Date.parse(muted.body.at)).toBe(3_600_000);
  const refused = await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Buy!' } });
  expect(refused).toMatchObject({ status: 403, body: { error: { code: 'permission_denied' } } });
  expect(refused.body.error.message).toBe(`You are muted until ${muted.body.until}: Advertising`);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_500);

  expect((await restrict(1, { kind: 'ban' })).body).not.toHaveProperty('until');
  expect(await ended).toBe('banned');
  expect((await door.call('GET', '/api/users/me', { headers: alice })).status).toBe(403);
  await restrict(2, { kind: 'mute', seconds: 60 });
  const list = async (query = '') => (await door.call('GET', `/api/restrictions${query}`, { headers })).body;
  const kinds = ({ restrictions }: { restrictions: { userId: string; kind: string }[] }) =>
    restrictions.map(({ userId, kind }) => `${userId} ${kind}`);
  expect(kinds(await list())).toEqual(['1 mute', '1 ban', '2 mute']);
  const first = await list('?limit=1');
  expect([kinds(first), first.next]).toEqual([['1 mute', '1 ban'], '1']);
  expect(kinds(await list('?limit=1&after=1'))).toEqual(['2 mute']);
  expect(kinds((await door.call('GET', '/api/restrictions/1', { headers })).body)).toEqual(['1 mute', '1 ban']);

  const lift = (query: string) => door.call('DELETE', `/api/restrictions/1${query}`, { headers });
  expect((await lift('?kind=ban&reason=appeal')).status).toBe(204);
  expect((await door.call('GET', '/api/users/me', { headers: alice })).status).toBe(200);
  expect([(await lift('')).status, (await lift('')).status]).toEqual([204, 204]);
  expect((await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Hello' } })).status).toBe(201);

  const audit = async (query = '') => (await door.call('GET', `/api/audit${query}`, { headers })).body;
  const page = await audit('?limit=2');
  expect(page.entries).toMatchObject([
    { action: 'user.unmuted', userId: '1', by: { apiToken: 'moderation' } },
    { action: 'user.unbanned', userId: '1', reason: 'appeal' },
  ]);
  const rest = await audit(`?before=${page.next}`);
  expect(rest.entries.map(({ action, userId }: { action: string; userId: string }) => [action, userId])).toEqual([
    ['user.muted', '2'],
    ['user.banned', '1'],
    ['user.muted', '1'],
  ]);
  expect((await door.call('GET', '/api/audit', { headers: server('elsewhere') })).body).toEqual({ entries: [] });
});

it('refuses what it cannot do, and whoever may not', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  const headers = server('moderation');
  const restrict = async (user: string, body: object) =>
    (await door.call('PUT', `/api/restrictions/${user}`, { headers, body })).status;
  expect([
    await restrict('99', { kind: 'ban' }),
    await restrict('x', { kind: 'ban' }),
    await restrict('1', { kind: 'exile' }),
    await restrict('1', {}),
    await restrict('1', { kind: 'ban', seconds: 0 }),
    await restrict('1', { kind: 'ban', seconds: 1e12 }),
    await restrict('1', { kind: 'ban', reason: 'x'.repeat(501) }),
  ]).toEqual([404, 404, 400, 400, 400, 400, 400]);
  for (const [method, url] of [
    ['GET', '/api/restrictions'],
    ['GET', '/api/restrictions/1'],
    ['PUT', '/api/restrictions/1'],
    ['DELETE', '/api/restrictions/1'],
    ['GET', '/api/audit'],
  ] as const) {
    const body = method === 'PUT' ? { body: { kind: 'ban' } } : {};
    for (const wrong of [alice, server('users'), server('sessions')]) {
      expect((await door.call(method, url, { headers: wrong, ...body })).status).toBe(403);
    }
  }
  expect((await door.call('GET', '/api/audit', { headers })).body).toEqual({ entries: [] });
});

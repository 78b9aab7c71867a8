import { expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';

it('answers an acquaintance, with who is online and when last seen', async () => {
  await using door = await startManagement();
  const alice = await door.user(1, { name: 'Alice' });
  await door.user(2, { name: 'Bob', role: 'operator' });
  await door.call('POST', '/api/conversations', { headers: alice, body: { kind: 'group', name: 'Us', members: ['2'] } });
  expect((await door.call('GET', '/api/users/2', { headers: alice })).body).toEqual({
    id: '2',
    name: 'Bob',
    role: 'operator',
    online: false,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
  });
  const session = await door.session(2);
  expect((await door.call('GET', '/api/users/2', { headers: alice })).body.online).toBe(true);
  door.chat.core.hub.session(Number(session.id))?.end('shutdown');
  await session.ended;
  await expect
    .poll(async () => (await door.call('GET', '/api/users/2', { headers: alice })).body)
    .toMatchObject({
      online: false,
      lastSeenAt: expect.any(String) as unknown,
    });
});

it('tells strangers, and who follows the same channel, nothing of when somebody is there', async () => {
  await using door = await startManagement();
  const [alice, bob] = [await door.user(1, { name: 'Anna' }), await door.user(2, { name: 'Anton' })];
  await door.user(3, { name: 'Andreas' });
  const create = async (body: object) =>
    (await door.call('POST', '/api/conversations', { headers: bob, body: { name: 'x', ...body } })).body.id as string;
  await create({ kind: 'channel', members: ['1'] });
  await create({ kind: 'group', members: ['3'] });
  const before = await door.session(2);
  door.chat.core.hub.session(Number(before.id))?.end('shutdown');
  await before.ended;
  const see = async (headers: Record<string, string>) => {
    const { body } = await door.call('GET', '/api/users/2', { headers });
    const { users } = (await door.call('GET', '/api/users?search=an', { headers })).body;
    const found = users.find(({ id }: { id: string }) => id === '2');
    expect(found).toEqual(body);
    return { online: body.online as unknown, seen: body.lastSeenAt !== undefined };
  };
  // Offline for good: the time last seen is known by then.
  await expect.poll(() => see(bob)).toEqual({ online: false, seen: true });
  await door.session(2);
  expect(await see(alice)).toEqual({ online: undefined, seen: false });
  expect(await see(server('users'))).toEqual({ online: true, seen: true });
  const group = await create({ kind: 'group', members: ['1'] });
  expect(await see(alice)).toEqual({ online: true, seen: true });
  await door.call('PUT', `/api/conversations/${group}/members`, { headers: bob, body: { remove: ['1'] } });
  expect(await see(alice)).toEqual({ online: undefined, seen: false });
});

it('answers a missing user, one of another namespace and an id that is none the same', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  await door.user(3, { ns: 'elsewhere' });
  const missing = await door.call('GET', '/api/users/99', { headers: alice });
  expect(missing).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  for (const id of ['3', '0', '01', '-1', 'x', '9007199254740993', '1'.repeat(2_000), '%00']) {
    const answer = await door.call('GET', `/api/users/${id}`, { headers: alice });
    expect([id, answer.status, answer.body]).toEqual([id, 404, missing.body]);
  }
});

it('finds users by the beginning of their name, in their namespace only', async () => {
  await using door = await startManagement();
  const alice = await door.user(1, { name: 'Alice' });
  await door.user(2, { name: 'Albert' });
  await door.user(3, { name: 'Bob' });
  await door.user(4, { name: 'Alien', ns: 'elsewhere' });
  await door.user(5, { name: '100%' });
  const find = async (query: string) =>
    (await door.call('GET', `/api/users?${query}`, { headers: alice })).body.users.map(({ id }: { id: string }) => id);
  expect(await find('search=al')).toEqual(['2', '1']);
  expect(await find('search=AL&limit=1')).toEqual(['2']);
  expect(await find('search=%25')).toEqual([]);
  expect(await find('search=100%25')).toEqual(['5']);
  expect(await find('limit=0')).toEqual(['1']);
  expect(await find('limit=1000000')).toEqual(['1', '2', '3', '5']);
});

it('tells external ids to back ends only', async () => {
  await using door = await startManagement();
  const alice = await door.user('customer-77', { name: 'Alice' });
  const me = await door.call('GET', '/api/users/me', { headers: alice });
  expect(me.body).not.toHaveProperty('externalId');
  const seen = await door.call('GET', `/api/users/${me.body.id}`, { headers: server('users') });
  expect(seen.body).toEqual({ ...me.body, externalId: 'customer-77' });
});

it('shows a guest itself and nobody else, and takes no words that are none', async () => {
  await using door = await startManagement();
  const [alice, guest] = [await door.user(1), await door.user(2, { role: 'guest' })];
  expect((await door.call('GET', '/api/users/me', { headers: guest })).body).toMatchObject({ id: '2' });
  expect((await door.call('GET', '/api/users/2', { headers: guest })).status).toBe(200);
  for (const path of ['/api/users', '/api/users?search=a', '/api/users/1', '/api/users/99']) {
    expect([path, (await door.call('GET', path, { headers: guest })).status]).toEqual([path, 403]);
  }
  expect(await door.call('GET', '/api/users?search=%00', { headers: alice })).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_argument', fields: { search: expect.stringMatching(/./) as unknown } } },
  });
});

it('changes my name and picture, and tells them to who looks for me', async () => {
  await using door = await startManagement();
  const headers = await door.user(1, { name: 'Alice' });
  const change = async (body: object) => door.call('PATCH', '/api/users/me', { headers, body });
  const picture = 'https://example.com/a.png';
  expect((await change({ name: 'Анна Каренина' })).body).toMatchObject({ id: '1', name: 'Анна Каренина' });
  expect((await change({ profilePic: picture })).body).toMatchObject({ name: 'Анна Каренина', profilePic: picture });
  const found = await door.call('GET', `/api/users?search=${encodeURIComponent('КАР')}`, { headers });
  expect(found.body.users).toMatchObject([{ id: '1', profilePic: picture }]);
  expect((await door.call('GET', '/api/users?search=alice', { headers })).body.users).toEqual([]);
  expect((await change({ profilePic: '' })).body).not.toHaveProperty('profilePic');
  for (const [body, field] of [
    [{ profilePic: 'javascript:alert(1)' }, 'profilePic'],
    [{ profilePic: 7 }, 'profilePic'],
    [{ name: 'x'.repeat(129) }, 'name'],
    [{ name: 'a\0b' }, 'name'],
  ] as const) {
    const { status, body: answer } = await change(body);
    expect([status, Object.keys(answer.error.fields)]).toEqual([400, [field]]);
  }
  expect((await change({})).status).toBe(400);
  const guest = await door.user(2, { role: 'guest' });
  expect((await door.call('PATCH', '/api/users/me', { headers: guest, body: { name: 'G' } })).status).toBe(403);
});

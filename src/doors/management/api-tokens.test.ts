import { expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';

it('makes a token whose secret is told once, and voids it', async () => {
  await using door = await startManagement();
  await door.user(1);
  const created = await door.call('POST', '/api/api-tokens', {
    headers: server('admin'),
    body: { name: 'billing', scopes: ['users'] },
  });
  expect(created).toMatchObject({ status: 201, body: { name: 'billing', scopes: ['users'] } });
  const { secret, ...rest } = created.body;
  const billing = { 'api-token': secret as string };
  expect((await door.call('GET', '/api/users/1', { headers: billing })).status).toBe(200);
  expect((await door.call('GET', '/api/sessions', { headers: billing })).status).toBe(403);
  const list = await door.call('GET', '/api/api-tokens', { headers: server('admin') });
  expect(list.body.apiTokens).toContainEqual(rest);
  expect(JSON.stringify(list.body)).not.toMatch(/secret|hash/);
  expect((await door.call('DELETE', '/api/api-tokens/billing', { headers: server('admin') })).status).toBe(204);
  expect((await door.call('GET', '/api/users/1', { headers: billing })).status).toBe(401);
  expect((await door.call('DELETE', '/api/api-tokens/billing', { headers: server('admin') })).status).toBe(404);
});

it('refuses names that are taken or none, scopes that are none, and to void what is configured', async () => {
  await using door = await startManagement();
  const create = async (name: string, scopes = ['users']) =>
    (await door.call('POST', '/api/api-tokens', { headers: server('admin'), body: { name, scopes } })).status;
  expect(new Set(await Promise.all([create('billing'), create('billing')]))).toEqual(new Set([201, 409]));
  expect(await create('admin')).toBe(409);
  expect(await create('not a name')).toBe(400);
  expect(await create('other', ['everything'])).toBe(400);
  expect((await door.call('DELETE', '/api/api-tokens/admin', { headers: server('admin') })).status).toBe(404);
});

it('keeps a token that is bound to a namespace to tokens of that namespace', async () => {
  await using door = await startManagement();
  const create = (body: object) =>
    door.call('POST', '/api/api-tokens', { headers: server('elsewhere'), body: { scopes: ['admin'], ...body } });
  expect((await create({ name: 'mine' })).body).toMatchObject({ namespace: 'elsewhere' });
  expect((await create({ name: 'yours', namespace: 'default' })).status).toBe(403);
  await door.call('POST', '/api/api-tokens', { headers: server('admin'), body: { name: 'free', scopes: ['admin'] } });
  const list = await door.call('GET', '/api/api-tokens', { headers: server('elsewhere') });
  expect(list.body.apiTokens.map(({ name }: { name: string }) => name)).toEqual(['elsewhere', 'mine']);
  expect((await door.call('DELETE', '/api/api-tokens/free', { headers: server('elsewhere') })).status).toBe(404);
  expect((await create({ name: 'free' })).status).toBe(409);
  expect((await door.call('DELETE', '/api/api-tokens/mine', { headers: server('elsewhere') })).status).toBe(204);
});

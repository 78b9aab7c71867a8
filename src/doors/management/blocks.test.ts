import { expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';

it('blocks and unblocks a user', async () => {
  await using door = await startManagement();
  const [alice, bob] = [await door.user(1), await door.user(2)];
  const write = async () =>
    (await door.call('POST', '/api/private/1/messages', { headers: bob, body: { text: 'Hello' } })).status;
  expect(await write()).toBe(201);
  for (const _ of [1, 2]) expect((await door.call('PUT', '/api/blocks/2', { headers: alice })).status).toBe(204);
  expect((await door.call('GET', '/api/blocks', { headers: alice })).body).toEqual({ userIds: ['2'] });
  expect((await door.call('GET', '/api/blocks', { headers: bob })).body).toEqual({ userIds: [] });
  expect(await write()).toBe(403);
  for (const _ of [1, 2]) expect((await door.call('DELETE', '/api/blocks/2', { headers: alice })).status).toBe(204);
  expect(await write()).toBe(201);
});

it('blocks for the user a back end acts for', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  await door.user(2);
  expect((await door.call('PUT', '/api/blocks/2', { headers: server('users', { 'x-on-behalf-of': '1' }) })).status).toBe(204);
  expect((await door.call('GET', '/api/blocks', { headers: alice })).body).toEqual({ userIds: ['2'] });
});

it('refuses to block nobody and oneself', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  const missing = await door.call('PUT', '/api/blocks/99', { headers: alice });
  expect(missing.status).toBe(404);
  expect((await door.call('PUT', '/api/blocks/x', { headers: alice })).body).toEqual(missing.body);
  expect((await door.call('DELETE', '/api/blocks/99', { headers: alice })).status).toBe(404);
  expect((await door.call('PUT', '/api/blocks/1', { headers: alice })).status).toBe(400);
});

it('lists whom one blocks in pages', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  for (const id of [2, 3, 4]) {
    await door.user(id);
    await door.call('PUT', `/api/blocks/${id}`, { headers: alice });
  }
  const page = async (query: string) => (await door.call('GET', `/api/blocks?${query}`, { headers: alice })).body;
  expect(await page('limit=2')).toEqual({ userIds: ['2', '3'], next: '3' });
  expect(await page('limit=2&after=3')).toEqual({ userIds: ['4'] });
});

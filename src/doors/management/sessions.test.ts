import { expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';
import type { Headers } from '../../../test/support/management.ts';

it("lists and ends what is one's own; for back ends their namespace, or the user they act for", async () => {
  await using door = await startManagement();
  const [alice, bob] = [await door.user(1), await door.user(2)];
  await door.user(1, { ns: 'elsewhere' });
  const [first, second, third] = [await door.session(1), await door.session(1), await door.session(2)];
  const far = await door.session(1, 'elsewhere');
  const list = async (headers: Headers, query = '') =>
    (await door.call('GET', `/api/sessions${query}`, { headers })).body.sessions.map(({ id }: { id: string }) => id) as string[];

  expect(await list(alice)).toEqual([first.id, second.id]);
  expect(await list(bob)).toEqual([third.id]);
  expect(await list(server('sessions'))).toEqual([first.id, second.id, third.id]);
  expect(await list(server('sessions'), '?userId=2')).toEqual([third.id]);
  expect(await list(server('sessions', { 'x-on-behalf-of': '1' }))).toEqual([first.id, second.id]);
  expect(await list(server('elsewhere'))).toEqual([far.id]);
  expect((await door.call('GET', '/api/sessions', { headers: bob })).body.sessions[0]).toMatchObject({
    userId: '2',
    door: 'test',
    codec: 'none',
    address: '127.0.0.1',
  });

  const missing = await door.call('DELETE', '/api/sessions/99', { headers: alice });
  expect(missing.status).toBe(404);
  for (const [headers, id] of [
    [alice, third.id],
    [alice, far.id],
    [server('sessions'), far.id],
    [server('sessions', { 'x-on-behalf-of': '2' }), first.id],
    [alice, 'x'],
  ] as const) {
    const answer = await door.call('DELETE', `/api/sessions/${id}`, { headers });
    expect([id, answer.status, answer.body]).toEqual([id, 404, missing.body]);
  }
  expect((await door.call('DELETE', `/api/sessions/${first.id}`, { headers: alice })).status).toBe(204);
  expect(await first.ended).toBe('kicked');
  expect((await door.call('DELETE', `/api/sessions/${third.id}`, { headers: server('sessions') })).status).toBe(204);
  expect(await third.ended).toBe('kicked');
  expect(await list(server('sessions'))).toEqual([second.id]);
});

it('lists page by page', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  const ids = [];
  for (let n = 0; n < 5; n += 1) ids.push((await door.session(1)).id);
  const page = (query: string) => door.call('GET', `/api/sessions?limit=2${query}`, { headers: alice });
  const seen = [];
  for (let query = ''; ;) {
    const { sessions, next } = (await page(query)).body;
    seen.push(...sessions.map(({ id }: { id: string }) => id));
    if (next === undefined) break;
    query = `&after=${next}`;
  }
  expect(seen).toEqual(ids);
});

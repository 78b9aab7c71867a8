import { describe, expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';
import type { Headers, ManagementServer } from '../../../test/support/management.ts';

interface Group {
  readonly id: string;
  readonly alice: Headers;
  readonly bob: Headers;
  change(headers: Headers, body: object): ReturnType<ManagementServer['call']>;
  members(headers?: Headers, query?: string): Promise<unknown>;
}

/** Alice (1) owns it, Bob (2) is a member; 3 and 4 are users. */
async function createGroup(door: ManagementServer, kind = 'group'): Promise<Group> {
  const [alice, bob] = [await door.user(1), await door.user(2)];
  for (const user of [3, 4]) await door.user(user);
  const { id } = (await door.call('POST', '/api/conversations', { headers: alice, body: { kind, name: 'Team', members: ['2'] } }))
    .body as { id: string };
  return {
    id,
    alice,
    bob,
    change: (headers, body) => door.call('PUT', `/api/conversations/${id}/members`, { headers, body }),
    members: async (headers = alice, query = '') =>
      (await door.call('GET', `/api/conversations/${id}/members${query}`, { headers })).body as unknown,
  };
}

describe('changing members', () => {
  it('adds, gives roles and removes in one call, and answers what it has changed', async () => {
    await using door = await startManagement();
    const group = await createGroup(door);
    const changed = await group.change(group.alice, { add: ['3', { userId: '4', role: 'admin' }], remove: ['2'] });
    expect(changed).toMatchObject({
      status: 200,
      body: {
        added: [
          { userId: '3', role: 'member' },
          { userId: '4', role: 'admin' },
        ],
        removed: ['2'],
      },
    });
    expect(await group.members()).toEqual({
      members: [
        { userId: '1', role: 'owner' },
        { userId: '3', role: 'member' },
        { userId: '4', role: 'admin' },
      ],
    });
    expect((await group.change(group.alice, { add: ['3'], remove: ['2'] })).body).toEqual({ added: [], removed: [] });
  });

  it('leaves the role of a member alone who is added without one', async () => {
    await using door = await startManagement();
    const group = await createGroup(door);
    await group.change(group.alice, { add: [{ userId: '2', role: 'admin' }] });
    expect((await group.change(group.bob, { add: ['1', '2', '3'] })).body).toEqual({
      added: [{ userId: '3', role: 'member' }],
      removed: [],
    });
    expect(await group.members()).toMatchObject({ members: [{ role: 'owner' }, { role: 'admin' }, { role: 'member' }] });
    expect((await group.change(group.alice, { add: [{ userId: '2' }] })).body.added).toEqual([]);
  });

  it('is for owners, admins and back ends; admins make no admins', async () => {
    await using door = await startManagement();
    const group = await createGroup(door);
    expect((await group.change(group.bob, { add: ['3'] })).body.error.code).toBe('permission_denied');
    await group.change(group.alice, { add: [{ userId: '2', role: 'admin' }] });
    expect((await group.change(group.bob, { add: ['3'] })).status).toBe(200);
    for (const body of [
      { add: [{ userId: '3', role: 'admin' }] },
      { add: [{ userId: '1', role: 'member' }] },
      { remove: ['1'] },
    ]) {
      expect((await group.change(group.bob, body)).body.error.code).toBe('permission_denied');
    }
    expect((await group.change(server('conversations'), { add: [{ userId: '3', role: 'owner' }] })).status).toBe(200);
  });

  it('changes nothing when anything is wrong', async () => {
    await using door = await startManagement();
    const group = await createGroup(door);
    expect((await group.change(group.alice, { add: ['3', '99'] })).status).toBe(404);
    expect((await group.change(group.alice, { add: ['3'], remove: ['3'] })).status).toBe(400);
    const refused = await group.change(group.alice, { add: ['3', { userId: 'x' }, { role: 'admin' }], remove: [4] });
    expect(refused.body.error.fields).toMatchObject({
      'add.1.userId': 'must be an id: a decimal number as a string',
      'add.2.userId': 'is needed',
      'remove.0': 'must be string',
    });
    expect((await group.change(group.alice, {})).status).toBe(400);
    expect(await group.members()).toMatchObject({ members: [{ userId: '1' }, { userId: '2' }] });
  });

  it('is not for rooms and private conversations', async () => {
    await using door = await startManagement();
    const alice = await door.user(1);
    await door.user(2);
    const room = (await door.call('POST', '/api/conversations', { headers: alice, body: { kind: 'room', name: 'Lobby' } })).body
      .id;
    const note = (await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Hello' } })).body
      .conversationId;
    const add = async (id: string, headers: Headers) =>
      (await door.call('PUT', `/api/conversations/${id}/members`, { headers, body: { add: ['2'] } })).body.error.code;
    expect(await add(room, server('conversations'))).toBe('failed_precondition');
    expect(await add(note, alice)).toBe('permission_denied');
  });
});

it('tells a removed member nothing more, from the moment of removal', async () => {
  await using door = await startManagement();
  const group = await createGroup(door);
  const message = (
    await door.call('POST', `/api/conversations/${group.id}/messages`, { headers: group.bob, body: { text: 'Mine' } })
  ).body;
  expect((await group.change(group.alice, { remove: ['2'] })).status).toBe(200);
  const missing = await door.call('GET', '/api/conversations/99', { headers: group.bob });
  for (const [method, url, body] of [
    ['GET', `/api/conversations/${group.id}`, undefined],
    ['GET', `/api/conversations/${group.id}/messages`, undefined],
    ['GET', `/api/conversations/${group.id}/members`, undefined],
    ['GET', `/api/conversations/${group.id}/unread`, undefined],
    ['POST', `/api/conversations/${group.id}/read`, {}],
    ['POST', `/api/conversations/${group.id}/messages`, { text: 'Still here?' }],
    ['PATCH', `/api/conversations/${group.id}/messages/${message.id}`, { text: 'Changed' }],
    ['DELETE', `/api/conversations/${group.id}/messages/${message.id}`, undefined],
    ['GET', `/api/conversations/${group.id}/messages/${message.id}/revisions`, undefined],
  ] as const) {
    const answer = await door.call(method, url, { headers: group.bob, ...(body && { body }) });
    expect([method, url, answer.status, answer.body]).toEqual([method, url, 404, missing.body]);
  }
  expect((await door.call('GET', '/api/conversations', { headers: group.bob })).body).toEqual({ conversations: [] });
});

describe('following and leaving', () => {
  it('lets anybody follow a channel, again and again, and leave it', async () => {
    await using door = await startManagement();
    const { id } = await createGroup(door, 'channel');
    const carol = await door.user(3);
    const me = `/api/conversations/${id}/members/me`;
    expect((await door.call('GET', `/api/conversations/${id}`, { headers: carol })).status).toBe(404);
    for (const _ of [1, 2])
      expect(await door.call('POST', me, { headers: carol })).toMatchObject({
        status: 200,
        body: { id, role: 'member', unreadCount: 0 },
      });
    expect((await door.call('DELETE', me, { headers: carol })).status).toBe(204);
    expect((await door.call('DELETE', me, { headers: carol })).status).toBe(404);
    const behalf = server('conversations', { 'x-on-behalf-of': '3' });
    expect((await door.call('POST', me, { headers: behalf })).status).toBe(200);
  });

  it('lets nobody join a group uninvited, a room, or anything as a guest', async () => {
    await using door = await startManagement();
    const group = await createGroup(door);
    const carol = await door.user(3);
    expect((await door.call('POST', `/api/conversations/${group.id}/members/me`, { headers: carol })).status).toBe(404);
    expect((await door.call('POST', `/api/conversations/${group.id}/members/me`, { headers: group.bob })).status).toBe(200);
    const room = (await door.call('POST', '/api/conversations', { headers: carol, body: { kind: 'room', name: 'Lobby' } })).body
      .id;
    expect((await door.call('POST', `/api/conversations/${room}/members/me`, { headers: carol })).body.error.code).toBe(
      'failed_precondition',
    );
    const guest = await door.user(7, { role: 'guest' });
    expect((await door.call('POST', `/api/conversations/${group.id}/members/me`, { headers: guest })).status).toBe(403);
  });

  it('keeps the last owner until there is another', async () => {
    await using door = await startManagement();
    const group = await createGroup(door);
    const me = `/api/conversations/${group.id}/members/me`;
    expect((await door.call('DELETE', me, { headers: group.alice })).body.error.code).toBe('failed_precondition');
    await group.change(group.alice, { add: [{ userId: '2', role: 'owner' }] });
    expect((await door.call('DELETE', me, { headers: group.alice })).status).toBe(204);
  });
});

it('lists members page by page', async () => {
  await using door = await startManagement();
  const group = await createGroup(door);
  await group.change(group.alice, { add: ['3', '4'] });
  expect(await group.members(group.bob, '?limit=3')).toMatchObject({
    members: [{ userId: '1' }, { userId: '2' }, { userId: '3' }],
    next: '3',
  });
  expect(await group.members(group.bob, '?limit=3&after=3')).toEqual({ members: [{ userId: '4', role: 'member' }] });
  expect(await group.members(group.bob, '?after=0&limit=-5')).toMatchObject({ members: [{ userId: '1' }], next: '1' });
});

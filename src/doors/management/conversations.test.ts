import { describe, expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';
import type { Headers, ManagementServer } from '../../../test/support/management.ts';

async function create(door: ManagementServer, headers: Headers, body: object = {}): Promise<string> {
  const created = await door.call('POST', '/api/conversations', { headers, body: { kind: 'group', name: 'Team', ...body } });
  expect(created.status).toBe(201);
  return created.body.id as string;
}

describe('creating', () => {
  it('makes the creator owner and answers the members', async () => {
    await using door = await startManagement();
    const alice = await door.user(1);
    await door.user(2);
    const body = { kind: 'group', name: 'Team', notice: 'Welcome', members: ['2', '2', '1'] };
    const created = await door.call('POST', '/api/conversations', { headers: alice, body });
    expect(created).toMatchObject({
      status: 201,
      body: {
        kind: 'group',
        name: 'Team',
        notice: 'Welcome',
        creatorId: '1',
        moreMembers: false,
        members: [
          { userId: '1', role: 'owner' },
          { userId: '2', role: 'member' },
        ],
      },
    });
    expect((await door.call('GET', `/api/conversations/${created.body.id}`, { headers: alice })).body).toEqual(created.body);
  });

  it('has no owner when a back end creates for nobody, and one when it acts for a user', async () => {
    await using door = await startManagement();
    await door.user(1);
    const body = { kind: 'channel', name: 'News', members: ['1'] };
    const orphan = await door.call('POST', '/api/conversations', { headers: server('conversations'), body });
    expect(orphan.body).toMatchObject({ members: [{ userId: '1', role: 'member' }] });
    expect(orphan.body).not.toHaveProperty('creatorId');
    const owned = await door.call('POST', '/api/conversations', {
      headers: server('conversations', { 'x-on-behalf-of': '1' }),
      body,
    });
    expect(owned.body).toMatchObject({ creatorId: '1', members: [{ userId: '1', role: 'owner' }] });
  });

  it('makes rooms without members', async () => {
    await using door = await startManagement();
    const alice = await door.user(1);
    await door.user(2);
    const room = await create(door, alice, { kind: 'room' });
    expect((await door.call('GET', `/api/conversations/${room}`, { headers: await door.user(3) })).body).toMatchObject({
      kind: 'room',
      members: [],
    });
    const body = { kind: 'room', name: 'Lobby', members: ['2'] };
    expect((await door.call('POST', '/api/conversations', { headers: alice, body })).status).toBe(400);
  });

  it('refuses guests, users that are not there and too many of them', async () => {
    await using door = await startManagement({ limits: { maxMemberChange: 2 } });
    const alice = await door.user(1);
    await door.user(2, { ns: 'elsewhere' });
    const body = { kind: 'group', name: 'Team' };
    expect((await door.call('POST', '/api/conversations', { headers: await door.user(7, { role: 'guest' }), body })).status).toBe(
      403,
    );
    expect((await door.call('POST', '/api/conversations', { headers: alice, body: { ...body, members: ['2'] } })).status).toBe(
      404,
    );
    const many = { ...body, members: ['2', '3', '4'] };
    expect((await door.call('POST', '/api/conversations', { headers: alice, body: many })).body.error.code).toBe('too_large');
  });
});

describe('the list', () => {
  it('has what is mine, most recently active first, with cursors, unread counts and the last message, page by page', async () => {
    await using door = await startManagement();
    const [alice, bob] = [await door.user(1), await door.user(2)];
    const older = await create(door, alice, { name: 'Older', members: ['2'] });
    const newer = await create(door, alice, { name: 'Newer', members: ['2'] });
    await create(door, alice, { name: 'Not mine' });
    await door.call('POST', `/api/conversations/${older}/messages`, { headers: alice, body: { text: 'Hello' } });
    await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Psst' } });

    const list = (await door.call('GET', '/api/conversations', { headers: bob })).body;
    expect(list).not.toHaveProperty('next');
    expect(list.conversations).toMatchObject([
      { kind: 'private', peerId: '1', unreadCount: 1, lastMessage: { text: 'Psst' } },
      {
        id: older,
        name: 'Older',
        role: 'member',
        unreadCount: 1,
        lastIndex: 1,
        readIndex: 0,
        deliveredIndex: 0,
        lastMessage: { text: 'Hello' },
      },
      { id: newer, name: 'Newer', unreadCount: 0, lastIndex: 0 },
    ]);

    const pages = [];
    for (let query = '?limit=1'; ;) {
      const { conversations, next } = (await door.call('GET', `/api/conversations${query}`, { headers: bob })).body;
      pages.push(...conversations);
      if (next === undefined) break;
      query = `?limit=1&before=${next}`;
    }
    expect(pages).toEqual(list.conversations);
  });

  it('names the other user of a private conversation, whoever looks, and oneself in a note to self', async () => {
    await using door = await startManagement();
    const [alice, bob] = [await door.user(1), await door.user(2)];
    await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Hello' } });
    await door.call('POST', '/api/private/1/messages', { headers: alice, body: { text: 'Milk' } });
    const peers = async (headers: Headers) =>
      (await door.call('GET', '/api/conversations', { headers })).body.conversations.map(
        ({ peerId }: { peerId: string }) => peerId,
      );
    expect(await peers(alice)).toEqual(['1', '2']);
    expect(await peers(bob)).toEqual(['1']);
  });
});

describe('one conversation', () => {
  it('answers the same to those who guess as where there is none', async () => {
    await using door = await startManagement();
    const [alice, mallory] = [await door.user(1), await door.user(6)];
    await door.user(2);
    const group = await create(door, alice);
    const note = (await door.call('POST', '/api/private/2/messages', { headers: alice, body: { text: 'Psst' } })).body;
    const elsewhere = await create(door, await door.user(1, { ns: 'elsewhere' }));
    const missing = await door.call('GET', '/api/conversations/99', { headers: mallory });
    expect(missing.status).toBe(404);
    for (const id of [group, note.conversationId, elsewhere, 'x', '0']) {
      for (const [method, path, body] of [
        ['GET', '', undefined],
        ['PATCH', '', { name: 'Mine' }],
        ['DELETE', '', undefined],
        ['GET', '/members', undefined],
        ['PUT', '/members', { add: ['6'] }],
        ['POST', '/members/me', undefined],
        ['DELETE', '/members/me', undefined],
        ['GET', '/messages', undefined],
        ['POST', '/messages', { text: 'Hello' }],
        ['POST', '/read', {}],
        ['POST', '/delivered', {}],
        ['GET', '/unread', undefined],
      ] as const) {
        const answer = await door.call(method, `/api/conversations/${id}${path}`, { headers: mallory, ...(body && { body }) });
        expect([method, path, id, answer.status, answer.body]).toEqual([method, path, id, 404, missing.body]);
      }
    }
  });

  it('changes name and notice for owners, admins and back ends, and for nobody else', async () => {
    await using door = await startManagement();
    const [alice, bob] = [await door.user(1), await door.user(2)];
    const id = await create(door, alice, { members: ['2'] });
    const change = (headers: Headers, body: object) => door.call('PATCH', `/api/conversations/${id}`, { headers, body });
    expect(await change(alice, { name: 'Crew' })).toMatchObject({ status: 200, body: { name: 'Crew', notice: '' } });
    expect((await change(server('conversations'), { notice: 'Moved' })).body).toMatchObject({ name: 'Crew', notice: 'Moved' });
    expect((await change(bob, { name: 'Mine' })).body.error.code).toBe('permission_denied');
    expect((await change(alice, { title: 'Crew' })).status).toBe(400);
    expect((await change(alice, { name: 'x'.repeat(129) })).body.error.fields).toHaveProperty('name');
  });

  it('is deleted by its owner or a back end, with everything in it', async () => {
    await using door = await startManagement();
    const [alice, bob] = [await door.user(1), await door.user(2)];
    const id = await create(door, alice, { members: ['2'] });
    expect((await door.call('DELETE', `/api/conversations/${id}`, { headers: bob })).status).toBe(403);
    expect((await door.call('DELETE', `/api/conversations/${id}`, { headers: alice })).status).toBe(204);
    expect((await door.call('GET', `/api/conversations/${id}`, { headers: alice })).status).toBe(404);
    const other = await create(door, alice);
    expect((await door.call('DELETE', `/api/conversations/${other}`, { headers: server('conversations') })).status).toBe(204);
  });

  it('answers the first members of many and says that there are more', async () => {
    await using door = await startManagement({ limits: { maxMemberChange: 3 } });
    const alice = await door.user(1);
    for (const user of [2, 3, 4]) await door.user(user);
    const id = await create(door, alice, { members: ['2', '3'] });
    const look = async () => (await door.call('GET', `/api/conversations/${id}`, { headers: alice })).body;
    expect(await look()).toMatchObject({ moreMembers: false, members: [{ userId: '1' }, { userId: '2' }, { userId: '3' }] });
    await door.call('PUT', `/api/conversations/${id}/members`, { headers: alice, body: { add: ['4'] } });
    expect(await look()).toMatchObject({ moreMembers: true, members: [{ userId: '1' }, { userId: '2' }, { userId: '3' }] });
  });
});

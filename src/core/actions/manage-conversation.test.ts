import { describe, expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, text, typesIn } from '../../../test/support/core.ts';
import type { TestCore } from '../../../test/support/core.ts';
import type { Actor, Id, MemberRole } from '../model.ts';

const server = actorFor(0, { server: true });

async function rolesIn(core: TestCore, id: Id): Promise<Record<Id, MemberRole>> {
  return Object.fromEntries((await core.store.members(id, 0, 1_000)).map(({ user, role }) => [user, role]));
}

function change(core: TestCore, user: Id, id: Id, add: readonly (readonly [Id, MemberRole?])[], remove: readonly Id[] = []) {
  return core.chat.changeMembers(actorFor(user), id, {
    add: add.map(([one, role]) => ({ user: one, ...(role && { role }) })),
    remove,
  });
}

describe('creating', () => {
  test('makes the creator owner and tells every member', async () => {
    const core = await openCore();
    await core.users(1, 2, 3);
    const sessions = [await core.connect(1), await core.connect(2), await core.connect(3)];
    const created = await core.chat.createConversation(actorFor(1), {
      kind: 'group',
      name: 'Ours',
      notice: 'Be kind',
      members: [2, 2, 1],
    });
    expect(created.conversation).toMatchObject({ kind: 'group', name: 'Ours', notice: 'Be kind', creator: 1 });
    expect(await rolesIn(core, created.conversation.id)).toEqual({ 1: 'owner', 2: 'member' });
    expect(sessions.map(({ heard }) => typesIn(heard))).toEqual([['members'], ['members'], []]);
  });

  test('by a back end for nobody has no owner', async () => {
    const core = await openCore();
    await core.users(2);
    const { conversation } = await core.chat.createConversation(server, { kind: 'channel', name: '', members: [2] });
    expect([conversation.creator, await rolesIn(core, conversation.id)]).toEqual([0, { 2: 'member' }]);
  });

  test('is refused to guests, with unknown members, too many, and members in a room', async () => {
    const core = await openCore({ limits: { maxMemberChange: 2, maxNameLength: 5, maxNoticeLength: 5 } });
    await core.users(1, 2, 3, 4);
    const create = (rest: object, actor = actorFor(1)) =>
      refusalOf(core.chat.createConversation(actor, { kind: 'group', name: '', members: [], ...rest }));
    expect(await create({}, actorFor(1, { role: 'guest' }))).toBe('permission_denied');
    expect(await create({ members: [99] })).toBe('not_found');
    expect(await create({ members: [2, 3, 4] })).toBe('too_large');
    expect(await create({ members: [2, 3] })).toBe('not refused');
    expect(await create({ kind: 'room', members: [2] })).toBe('invalid_argument');
    expect(await create({ kind: 'room', members: [1] })).toBe('not refused');
    expect(await create({ name: '123456' })).toBe('invalid_argument');
    expect(await create({ notice: 'a\0' })).toBe('invalid_argument');
  });
});

describe('a support conversation', () => {
  const members = [1, { user: 2, role: 'admin' }] as const;

  test('is created by a back end, with exactly the members and roles it names', async () => {
    const core = await openCore();
    await core.users(1, 2);
    const client = await core.connect(1);
    for (const actor of [server, actorFor(2, { server: true })]) {
      const { conversation } = await core.chat.createConversation(actor, { kind: 'support', name: 'Order 7', members });
      expect(conversation.kind).toBe('support');
      expect(await rolesIn(core, conversation.id)).toEqual({ 1: 'member', 2: 'admin' });
      await core.chat.sendMessage(actorFor(1), { target: { conversation: conversation.id }, content: text('help') });
      expect((await core.chat.summarize(actorFor(2), conversation.id)).unread).toBe(1);
      const page = await core.chat.resume(actorFor(2), {
        kinds: ['support'],
        after: 0,
        target: { conversation: conversation.id },
      });
      expect(page.entries).toHaveLength(1);
    }
    expect(typesIn(client.heard)).toEqual(['members', 'message', 'members', 'message']);
  });

  test('is created by no user, with nobody who is not there', async () => {
    const core = await openCore();
    await core.users(1, 2);
    const create = (actor: Actor, more: readonly Id[] = []) =>
      refusalOf(core.chat.createConversation(actor, { kind: 'support', name: '', members: [...members, ...more] }));
    for (const role of ['user', 'operator', 'bot', 'guest'] as const)
      expect(await create(actorFor(2, { role }))).toBe('permission_denied');
    expect(await create(server, [99])).toBe('not_found');
    expect(await create(actorFor(98, { server: true }), [98])).toBe('not_found');
  });
});

test('creating and changing take of the rate of sending', async () => {
  const core = await openCore({ limits: { rate: { messages: 2, window: 1_000 } } });
  await core.users(1);
  const create = (actor = actorFor(1)) => core.chat.createConversation(actor, { kind: 'group', name: 'x', members: [] });
  const { conversation } = await create();
  for (const change of [{ name: 'a\u202Eb' }, { picture: 'javascript:alert(1)' }])
    expect(await refusalOf(core.chat.updateConversation(actorFor(1), conversation.id, change))).toBe('invalid_argument');
  expect(await refusalOf(core.chat.updateConversation(actorFor(1), conversation.id, { name: 'y' }))).toBe('not refused');
  expect(await refusalOf(create())).toBe('rate_limited');
  expect(await refusalOf(core.chat.updateConversation(actorFor(1), conversation.id, { name: 'z' }))).toBe('rate_limited');
  expect(await refusalOf(create(server))).toBe('not refused');
});

describe('changing and deleting', () => {
  test('is for owners and admins, deleting for the owner; all members are told', async () => {
    const core = await openCore();
    const group = await core.group([1, 2, 3]);
    await core.users(4);
    await change(core, 1, group.id, [[2, 'admin']]);
    const session = await core.connect(3);
    const update = (user: Id) => refusalOf(core.chat.updateConversation(actorFor(user), group.id, { name: `By ${user}` }));
    expect([await update(1), await update(2), await update(3), await update(4)]).toEqual([
      'not refused',
      'not refused',
      'permission_denied',
      'not_found',
    ]);
    expect(session.take()).toMatchObject([
      { type: 'conversation', change: 'changed', conversation: { name: 'By 1' } },
      { type: 'conversation', change: 'changed', conversation: { name: 'By 2' } },
    ]);
    const remove = (user: Id) => refusalOf(core.chat.deleteConversation(actorFor(user), group.id));
    expect([await remove(2), await remove(4), await remove(1), await remove(1)]).toEqual([
      'permission_denied',
      'not_found',
      'not refused',
      'not_found',
    ]);
    expect(session.take()).toMatchObject([{ type: 'conversation', change: 'deleted' }]);
    expect([...core.chat.core.hub.conversationsOf(session)]).toEqual([]);
  });

  test('a room is its creator’s', async () => {
    const core = await openCore();
    const room = await core.room(1);
    expect(await refusalOf(core.chat.updateConversation(actorFor(2), room.id, { name: 'x' }))).toBe('permission_denied');
    expect((await core.chat.updateConversation(actorFor(1), room.id, { name: 'x' })).name).toBe('x');
    expect(await refusalOf(core.chat.deleteConversation(actorFor(2), room.id))).toBe('permission_denied');
    expect(await refusalOf(core.chat.deleteConversation(actorFor(1), room.id))).toBe('not refused');
  });

  test('a private conversation has nothing to change', async () => {
    const core = await openCore();
    await core.users(1, 2);
    const { conversation } = await core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text('x') });
    expect(await refusalOf(core.chat.updateConversation(actorFor(1), conversation.id, { name: 'x' }))).toBe('permission_denied');
    expect(await refusalOf(change(core, 1, conversation.id, [[2, 'admin']]))).toBe('permission_denied');
    expect(await refusalOf(core.chat.deleteConversation(actorFor(1), conversation.id))).toBe('permission_denied');
    expect(await refusalOf(core.chat.leaveConversation(actorFor(1), conversation.id))).toBe('failed_precondition');
  });
});

describe('members', () => {
  test('are added and removed by owners and admins; owners and admins by owners alone', async () => {
    const core = await openCore();
    const group = await core.group([1, 2, 3, 4]);
    await core.users(5, 6);
    await change(core, 1, group.id, [[2, 'admin']]);
    const attempt = (...rest: Parameters<typeof change>) => refusalOf(change(...rest));
    expect(await attempt(core, 2, group.id, [[5]])).toBe('not refused');
    expect(await attempt(core, 2, group.id, [], [5])).toBe('not refused');
    expect(await attempt(core, 2, group.id, [[5, 'admin']])).toBe('permission_denied');
    expect(await attempt(core, 2, group.id, [[3, 'owner']])).toBe('permission_denied');
    expect(await attempt(core, 2, group.id, [[1, 'member']])).toBe('permission_denied');
    expect(await attempt(core, 2, group.id, [], [1])).toBe('permission_denied');
    expect(await attempt(core, 3, group.id, [[5]])).toBe('permission_denied');
    expect(await attempt(core, 6, group.id, [[6]])).toBe('not_found');
    expect(await attempt(core, 1, group.id, [[99]])).toBe('not_found');
    expect(await attempt(core, 1, group.id, [[3]], [3])).toBe('invalid_argument');
    expect(await rolesIn(core, group.id)).toEqual({ 1: 'owner', 2: 'admin', 3: 'member', 4: 'member' });
  });

  test('who is added again without a role keeps the one they have', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    await change(core, 1, group.id, [[2, 'admin']]);
    await change(core, 2, group.id, [[1], [2]]);
    expect(await rolesIn(core, group.id)).toEqual({ 1: 'owner', 2: 'admin' });
  });

  test('an owner in another’s change is not stripped of the role by an admin, though both act at once', async () => {
    const core = await openCore();
    const group = await core.group([1, 2, 3]);
    await change(core, 1, group.id, [[2, 'admin']]);
    const [promoted, removed] = await Promise.all([
      refusalOf(change(core, 1, group.id, [[3, 'owner']])),
      refusalOf(change(core, 2, group.id, [], [3])),
    ]);
    expect(promoted).toBe('not refused');
    const roles = await rolesIn(core, group.id);
    expect(removed === 'not refused' ? roles[3] : roles).toEqual(
      removed === 'not refused' ? 'owner' : { 1: 'owner', 2: 'admin', 3: 'owner' },
    );
  });

  test('whoever comes as an owner stays one, though an admin who saw a stranger adds or removes them at once', async () => {
    for (const [add, remove] of [
      [[[5]], []],
      [[], [5]],
    ] as const) {
      const core = await openCore();
      const group = await core.group([1, 2]);
      await core.users(5);
      await change(core, 1, group.id, [[2, 'admin']]);
      const answers = await Promise.all([
        change(core, 1, group.id, [[5, 'owner']]),
        change(core, 2, group.id, add, remove).catch(() => undefined),
      ]);
      expect(answers[0].added).toEqual([{ user: 5, role: 'owner' }]);
      expect(await rolesIn(core, group.id)).toEqual({ 1: 'owner', 2: 'admin', 5: 'owner' });
    }
  });

  test('at most so many change at a time', async () => {
    const core = await openCore({ limits: { maxMemberChange: 2 } });
    const group = await core.group([1]);
    await core.users(2, 3, 4);
    expect(await refusalOf(change(core, 1, group.id, [[2], [3]], [4]))).toBe('too_large');
    expect(await refusalOf(change(core, 1, group.id, [[2], [3]]))).toBe('not refused');
  });

  test('a room has none', async () => {
    const core = await openCore();
    const room = await core.room(1);
    await core.users(2);
    expect(await refusalOf(core.chat.changeMembers(server, room.id, { add: [{ user: 2 }], remove: [] }))).toBe(
      'failed_precondition',
    );
    expect(await refusalOf(core.chat.joinConversation(actorFor(2), room.id))).toBe('failed_precondition');
  });
});

describe('joining and leaving', () => {
  test('a channel is followed and left at will; a group is not joined', async () => {
    const core = await openCore();
    const [channel, group] = [await core.group([1], 'channel'), await core.group([1])];
    await core.users(2);
    const session = await core.connect(2);
    const post = () => core.chat.sendMessage(actorFor(1), { target: { conversation: channel.id }, content: text('news') });
    await post();
    expect((await core.chat.joinConversation(actorFor(2), channel.id)).added).toEqual([{ user: 2, role: 'member' }]);
    expect((await core.chat.joinConversation(actorFor(2), channel.id)).added).toEqual([]);
    await post();
    await core.chat.leaveConversation(actorFor(2), channel.id);
    await post();
    expect(typesIn(session.heard)).toEqual(['members', 'message', 'members']);
    expect(await refusalOf(core.chat.leaveConversation(actorFor(2), channel.id))).toBe('not_found');
    expect(await refusalOf(core.chat.joinConversation(actorFor(2), group.id))).toBe('not_found');
    expect(await refusalOf(core.chat.joinConversation(actorFor(2), 12_345))).toBe('not_found');
    expect(await refusalOf(core.chat.joinConversation(actorFor(3, { role: 'guest' }), channel.id))).toBe('permission_denied');
    expect(await refusalOf(core.chat.joinConversation(actorFor(2, { namespace: 'elsewhere' }), channel.id))).toBe('not_found');
  });

  test('the last owner names another first; the last member may go', async () => {
    const core = await openCore();
    const group = await core.group([1, 2]);
    const leave = (user: Id) => refusalOf(core.chat.leaveConversation(actorFor(user), group.id));
    expect(await leave(1)).toBe('failed_precondition');
    await change(core, 1, group.id, [[2, 'owner']]);
    expect(await leave(1)).toBe('not refused');
    expect(await leave(2)).toBe('not refused');
    expect(await core.store.memberCount(group.id)).toBe(0);
  });

  test('two last owners who leave at once do not both go', async () => {
    const core = await openCore();
    const group = await core.group([1, 2, 3]);
    await change(core, 1, group.id, [[2, 'owner']]);
    const answers = await Promise.all([1, 2].map((user) => refusalOf(core.chat.leaveConversation(actorFor(user), group.id))));
    expect(answers.toSorted()).toEqual(['failed_precondition', 'not refused']);
    expect(Object.values(await rolesIn(core, group.id))).toContain('owner');
  });

  test('many who follow at once all do', async () => {
    const core = await openCore();
    const channel = await core.group([1], 'channel');
    const users = Array.from({ length: 30 }, (_, at) => at + 2);
    await core.users(...users);
    await Promise.all(users.map((user) => core.chat.joinConversation(actorFor(user), channel.id)));
    expect(await core.store.memberCount(channel.id)).toBe(31);
    await Promise.all(users.map((user) => core.chat.leaveConversation(actorFor(user), channel.id)));
    expect(await core.store.memberCount(channel.id)).toBe(1);
  });
});

describe('opening a private conversation', () => {
  test('makes it once, told to both, and the first message goes there', async () => {
    const core = await openCore();
    await core.users(1, 2);
    const [mine, theirs] = [await core.connect(1), await core.connect(2)];
    const opened = await Promise.all([1, 2].map((user) => core.chat.openPrivate(actorFor(user), 3 - user)));
    expect(opened.map(({ created }) => created).toSorted()).toEqual([false, true]);
    const [id] = opened.map(({ conversation }) => conversation.id);
    expect(opened[1]?.conversation.id).toBe(id);
    const { conversation, created } = await core.chat.sendMessage(mine.actor, { target: { peer: 2 }, content: text('hi') });
    expect([conversation.id, created]).toEqual([id, false]);
    expect(typesIn(theirs.heard)).toEqual(['conversation', 'message']);
    expect(typesIn(mine.heard)).toEqual(['conversation']);
  });

  test('is refused as a first message would be, but what is there is found', async () => {
    const core = await openCore({ limits: { rate: { messages: 1, window: 1_000 } } });
    await core.users(1, 2, 3, 4);
    const open = (user: Id, peer: Id, rest = {}) => refusalOf(core.chat.openPrivate(actorFor(user, rest), peer));
    await core.chat.setBlock(actorFor(2), 1, true);
    expect(await open(1, 2)).toBe('permission_denied');
    expect(await open(1, 99)).toBe('not_found');
    expect(await open(0, 1)).toBe('not_found');
    expect(await open(3, 1, { role: 'guest' })).toBe('permission_denied');
    expect(await open(1, 3)).toBe('not refused');
    expect(await open(1, 4)).toBe('rate_limited');
    expect(await open(1, 3)).toBe('not refused');
    expect(await open(2, 1)).toBe('not refused');
    expect(await open(1, 2)).toBe('not refused');
    core.clock.advance(1_000);
    expect(await refusalOf(core.chat.sendMessage(actorFor(1), { target: { peer: 2 }, content: text('x') }))).toBe(
      'permission_denied',
    );
  });
});

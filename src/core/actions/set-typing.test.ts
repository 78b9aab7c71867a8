import { expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, text } from '../../../test/support/core.ts';

test('typing is told to the others and to one’s other sessions, and is never stored', async () => {
  const core = await openCore();
  const group = await core.group([1, 2]);
  const [mine, also, theirs] = [await core.connect(1), await core.connect(1), await core.connect(2)];
  await core.chat.setTyping(mine.actor, { conversation: group.id }, true);
  await core.chat.setTyping(mine.actor, { conversation: group.id }, false);
  expect([mine, also, theirs].map(({ heard }) => heard.length)).toEqual([0, 2, 2]);
  expect(theirs.heard).toMatchObject([
    { type: 'typing', user: 1, active: true, from: mine.id },
    { type: 'typing', user: 1, active: false },
  ]);
  expect((await core.store.events(0, 10)).map(({ type }) => type)).toEqual(['conversation.created']);
});

test('only who may write may be seen typing', async () => {
  const core = await openCore();
  const [group, channel, room] = [await core.group([1, 2]), await core.group([1, 2], 'channel'), await core.room(1)];
  await core.users(3);
  const type = (user: number, target: { conversation: number } | { peer: number }, role: 'user' | 'guest' = 'user') =>
    refusalOf(core.chat.setTyping(actorFor(user, { role }), target, true));
  expect(await type(2, { conversation: group.id })).toBe('not refused');
  expect(await type(3, { conversation: group.id })).toBe('not_found');
  expect(await type(2, { conversation: channel.id })).toBe('permission_denied');
  expect(await type(3, { conversation: room.id }, 'guest')).toBe('permission_denied');
  expect(await type(3, { peer: 1 })).toBe('not_found');
  await core.chat.sendMessage(actorFor(3), { target: { peer: 1 }, content: text('x') });
  expect(await type(3, { peer: 1 })).toBe('not refused');
  await core.chat.setBlock(actorFor(1), 3, true);
  expect(await type(3, { peer: 1 })).toBe('permission_denied');
});

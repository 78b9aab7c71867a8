import { expect, test } from 'vitest';
import { actorFor, openCore, refusalOf } from '../../../test/support/core.ts';

test('a block list is its user’s: set, listed and lifted, for users who are there', async () => {
  const core = await openCore();
  await core.users(1, 2, 3);
  await core.chat.setBlock(actorFor(1), 3, true);
  await core.chat.setBlock(actorFor(1), 2, true);
  await core.chat.setBlock(actorFor(1), 2, true);
  expect(await core.chat.listBlocks(actorFor(1))).toEqual([2, 3]);
  expect(await core.chat.listBlocks(actorFor(1), { limit: 1 })).toEqual([2]);
  expect(await core.chat.listBlocks(actorFor(1), { after: 2 })).toEqual([3]);
  expect(await core.chat.listBlocks(actorFor(2))).toEqual([]);
  expect(await core.chat.listBlocks(actorFor(1, { namespace: 'elsewhere' }))).toEqual([]);
  await core.chat.setBlock(actorFor(1), 2, false);
  await core.chat.setBlock(actorFor(1), 2, false);
  expect(await core.chat.listBlocks(actorFor(1))).toEqual([3]);
  expect(await refusalOf(core.chat.setBlock(actorFor(1), 1, true))).toBe('invalid_argument');
  expect(await refusalOf(core.chat.setBlock(actorFor(1), 99, true))).toBe('not_found');
});

import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import { NAMESPACE, addChats, addOperators, taking, uuidOfClient } from './chats.ts';

test('a filled desk has its queue, its taken chats and their unread messages', async () => {
  const store = await openSqliteStore({ folder: ':memory:' });
  await addOperators(store, 1, 2);
  const chats = await addChats(store, { source: 'bench', count: 9, firstClient: 3, operatorOf: (at) => at % 3 });
  const [first = 0] = chats;
  expect(await store.queue(NAMESPACE, 'bench', '', 100)).toEqual([chats[0], chats[3], chats[6]]);
  expect(await store.operatorCounts(NAMESPACE, [1, 2])).toEqual([
    { operator: 1, newChats: 0, openChats: 3 },
    { operator: 2, newChats: 0, openChats: 3 },
  ]);
  expect(await store.unreadChats(NAMESPACE)).toEqual({ bench: 9 });
  expect(await store.sceneByUuid(NAMESPACE, uuidOfClient(3))).toMatchObject({ chat: { conversation: first, client: 3 } });
  expect(await store.commit([taking(first, 2)])).toMatchObject([{ type: 'chat', change: { cause: 'taken' } }]);
  await store.close();
});

test('a desk that cannot be filled as it should be is no desk', async () => {
  const store = await openSqliteStore({ folder: ':memory:' });
  const some = { source: 'bench', count: 1, firstClient: 3 };
  await addChats(store, { ...some, operatorOf: () => 0 });
  await store.commit([taking((await store.queue(NAMESPACE, 'bench', '', 1))[0] ?? 0, 1)]);
  await expect(addChats(store, { ...some, operatorOf: () => 2 })).rejects.toThrow('could not be filled');
  await store.close();
});

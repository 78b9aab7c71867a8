import { expect, test } from 'vitest';
import { actorFor, openCore, refusalOf, text } from '../../../test/support/core.ts';
import type { SearchPage } from '../ports.ts';

const NOTHING: SearchPage = { messages: [], more: false };

test('a query is a sentence of valid text; without a word it finds nothing', async () => {
  const core = await openCore({ limits: { maxPage: 2 } });
  const group = await core.group([1, 2]);
  for (const words of ['one apple', 'two apples', 'three apples'])
    await core.chat.sendMessage(actorFor(1), { target: { conversation: group.id }, content: text(words) });
  const search = (query: string, user = 2, rest: object = {}) =>
    core.chat.searchMessages(actorFor(user), { query, limit: 1_000, ...rest });
  const found = await search('apple');
  expect(found.messages.map(({ content }) => content?.text)).toEqual(['three apples', 'two apples']);
  expect(found.more).toBe(true);
  expect((await search('apple', 2, { limit: 0 })).messages).toHaveLength(1);
  expect(await search('')).toEqual(NOTHING);
  expect(await search('?!')).toEqual(NOTHING);
  expect(await search('apple', 3)).toEqual(NOTHING);
  expect(await refusalOf(search('x'.repeat(257)))).toBe('invalid_argument');
  expect(await refusalOf(search('a\0b'))).toBe('invalid_argument');
  expect(await refusalOf(search('\ud800'))).toBe('invalid_argument');
  const room = await core.room(1);
  expect(await refusalOf(search('apple', 1, { conversation: room.id }))).toBe('not_found');
  expect(await refusalOf(search('apple', 3, { conversation: group.id }))).toBe('not_found');
});

test('nobody has many searches at once, and everybody has some', async () => {
  const waiting = Promise.withResolvers<SearchPage>();
  const core = await openCore({ around: (store) => ({ ...store, search: () => waiting.promise }) });
  const search = (user: number) => core.chat.searchMessages(actorFor(user), { query: 'x', limit: 1 });
  const open = [search(1), search(1), search(1), search(1)];
  expect(await refusalOf(search(1))).toBe('rate_limited');
  const other = search(2);
  waiting.resolve(NOTHING);
  expect(await Promise.all([...open, other])).toEqual([1, 2, 3, 4, 5].map(() => NOTHING));
  expect(await search(1)).toEqual(NOTHING);
});

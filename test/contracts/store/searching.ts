/** Full-text search: what is found, for whom, in what order, and what is found no more. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Id, Message, SearchPage, SearchQuery, Store } from '../../../src/core/index.ts';
import { indexTerms, matchesQuery, queryTerms, searchedText } from '../../../src/core/index.ts';
import {
  NAMESPACE,
  ORIGIN,
  apply,
  changingMembers,
  createGroup,
  idsIn,
  newWorld,
  openWorld,
  send,
  sendTo,
  sending,
  succeeded,
  text,
  wholeHistory,
} from './subject.ts';
import type { Subject } from './subject.ts';

function search(store: Store, user: Id, query: string, rest: Partial<SearchQuery> = {}): Promise<SearchPage> {
  return store.search({ namespace: NAMESPACE, user, terms: queryTerms(query), limit: 100, ...rest });
}

async function textsFound(store: Store, user: Id, query: string, rest: Partial<SearchQuery> = {}) {
  return (await search(store, user, query, rest)).messages.map(({ content }) => content?.text);
}

/** Waits until the store has indexed all there is: a search must answer the same before and after. */
export async function indexed(store: Store): Promise<void> {
  await expect.poll(async () => (await store.stats()).unindexed, { timeout: 20_000, interval: 20 }).toBe(0);
}

export function searchingContract(subject: Subject): void {
  describe('search', () => {
    test('finds what was acknowledged before, newest first, in pages, indexed or not', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      const sent: Message[] = [];
      for (let at = 1; at <= 7; at += 1) sent.push(await send(store, group, 1, { content: text(`apple number ${at}`) }));
      await send(store, group, 1, { content: text('a pear') });
      const found = sent.map(({ id }) => id).toReversed();
      for (const when of ['before', 'after']) {
        if (when === 'after') await indexed(store);
        expect(idsIn(await search(store, 2, 'apples'))).toEqual(found);
        const first = await search(store, 2, 'apple', { limit: 3 });
        expect({ ids: idsIn(first), more: first.more }).toEqual({ ids: found.slice(0, 3), more: true });
        const before = found[2] ?? 0;
        const second = await search(store, 2, 'apple', { limit: 4, before });
        expect({ ids: idsIn(second), more: second.more }).toEqual({ ids: found.slice(3), more: false });
        expect(second.messages[0]).toEqual(sent[3]);
      }
    });

    test('reaches over conversations in the order of time, and stays within one that is named', async () => {
      const { store } = await newWorld(subject);
      const one = await createGroup(store, [1, 2]);
      const other = await createGroup(store, [2, 1]);
      const texts = ['тест один', 'тест два', 'тест три'];
      await send(store, one, 1, { content: text('тест один') });
      await send(store, other, 1, { content: text('тест два') });
      await indexed(store);
      await send(store, one, 2, { content: text('тест три') });
      expect(await textsFound(store, 1, 'тесты')).toEqual(texts.toReversed());
      expect(await textsFound(store, 1, 'тест', { limit: 2 })).toEqual(['тест три', 'тест два']);
      expect(await textsFound(store, 1, 'тест', { conversation: one.id })).toEqual(['тест три', 'тест один']);
      expect(await textsFound(store, 1, 'тест', { conversation: 12_345 })).toEqual([]);
    });

    test('shows nobody what is not theirs', async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1, 2]);
      await send(store, group, 1, { content: text('plum') });
      await sendTo(store, 2, 3, { content: text('plum in private') });
      const room = await createGroup(store, [], { kind: 'room' });
      await send(store, room, 1, { content: text('plum in a room') });
      await indexed(store);
      expect(await textsFound(store, 1, 'plum')).toEqual(['plum']);
      expect(await textsFound(store, 2, 'plum')).toEqual(['plum in private', 'plum']);
      expect(await textsFound(store, 4, 'plum')).toEqual([]);
      expect(await textsFound(store, 2, 'plum', { namespace: 'elsewhere' })).toEqual([]);
      await apply(store, changingMembers(group, { remove: [2] }));
      expect(await textsFound(store, 2, 'plum')).toEqual(['plum in private']);
    });

    test('finds new words after an edit and nothing that was recalled, has expired, was cut off or deleted', async () => {
      const { store, clock } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const contents = ['cut away', 'edited away', 'recalled away', 'expired away', 'still here, not away'];
      const sent: Message[] = [];
      for (const [at, words] of contents.entries()) {
        sent.push(await send(store, group, 1, { content: text(words), ...(at === 3 && { expiresAfter: 1_000 }) }));
      }
      await indexed(store);
      expect(await textsFound(store, 1, 'away')).toHaveLength(5);
      const [, edited, recalled] = sent;
      await apply(store, { type: 'edit', message: edited?.id ?? 0, user: 1, content: text('something else'), origin: ORIGIN });
      await apply(store, { type: 'recall', message: recalled?.id ?? 0, user: 1, origin: ORIGIN });
      clock.advance(1_000);
      expect(await textsFound(store, 1, 'expired')).toEqual([]);
      await apply(store, { type: 'expire', now: clock.now(), limit: 10 });
      await apply(store, { type: 'trim', conversation: group.id, before: 2 });
      expect(await textsFound(store, 1, 'away')).toEqual(['still here, not away']);
      expect(await textsFound(store, 1, 'something')).toEqual(['something else']);
      await apply(store, { type: 'delete', conversation: group.id, user: 1, origin: ORIGIN });
      expect(await textsFound(store, 1, 'here')).toEqual([]);
    });

    test.each(subject.restarts)('goes on after a %s', async (restart) => {
      const world = await newWorld(subject);
      const group = await createGroup(world.store, [1]);
      await send(world.store, group, 1, { content: text('你好，世界') });
      await indexed(world.store);
      await send(world.store, group, 1, { content: text('世界和平') });
      await world[restart]();
      expect(await textsFound(world.store, 1, '世界')).toEqual(['世界和平', '你好，世界']);
      await indexed(world.store);
      expect(await textsFound(world.store, 1, '世界')).toEqual(['世界和平', '你好，世界']);
    });

    test('passes the border of a part', { timeout: 60_000 }, async () => {
      const { store } = await newWorld(subject);
      const group = await createGroup(store, [1]);
      const count = 4_100;
      const operations = Array.from({ length: count }, (_, at) =>
        sending(group, 1, { content: text(at % 100 === 0 ? `needle ${at}` : `hay ${at}`) }),
      );
      const outcomes = await store.commit(operations);
      const ids = operations.map((operation, at) => succeeded(operation, outcomes[at]).message.id);
      const needles = ids.filter((_, at) => at % 100 === 0).toReversed();
      expect(idsIn(await search(store, 1, 'needle'))).toEqual(needles);
      await indexed(store);
      expect(idsIn(await search(store, 1, 'needle'))).toEqual(needles);
      expect(idsIn(await search(store, 1, 'needle 0'))).toEqual([ids[0]]);
    });

    test('answers whatever was said and changed as looking through all of it would', { timeout: 60_000 }, async () => {
      expect.hasAssertions();
      const vocabulary = ['red', 'redder', 'дом', 'дома', '红', '红色', 'green'];
      const words = fc.array(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 3 }).map((list) => list.join(' '));
      const step = fc.record({
        do: fc.constantFrom('send', 'send', 'send', 'edit', 'recall', 'index'),
        where: fc.nat(1),
        which: fc.nat(50),
        words,
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), words, async (steps, query) => {
          const world = await openWorld(subject);
          try {
            const { store } = world;
            const groups = [await createGroup(store, [1]), await createGroup(store, [1])];
            const ids: Id[] = [];
            for (const made of steps) {
              const group = groups[made.where];
              const message = ids[made.which % Math.max(1, ids.length)] ?? 0;
              if (made.do === 'index') await indexed(store);
              else if (made.do === 'send' && group !== undefined)
                ids.push((await send(store, group, 1, { content: text(made.words) })).id);
              else if (made.do === 'edit')
                await store.commit([{ type: 'edit', message, user: 1, content: text(made.words), origin: ORIGIN }]);
              else await store.commit([{ type: 'recall', message, user: 1, origin: ORIGIN }]);
            }
            const all = (await Promise.all(groups.map(({ id }) => wholeHistory(store, id)))).flat();
            const expected = all
              .filter(({ content }) => content && matchesQuery(indexTerms(searchedText(content)), queryTerms(query)))
              .toSorted((one, other) => other.id - one.id);
            expect((await search(store, 1, query)).messages).toEqual(expected);
          } finally {
            await world.close();
          }
        }),
        { numRuns: Math.min(30, subject.runs) },
      );
    });
  });
}

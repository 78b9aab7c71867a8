import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Conversation, MessageDelivery } from '../../core/index.ts';
import { createPaging } from './paging.ts';
import type { Paging } from './paging.ts';

function conversation(id: number): Conversation {
  return { id, namespace: 'default', kind: 'group', name: '', notice: '', creator: 1, createdAt: 0, version: 1 };
}

function message(id: number, inConversation = 1): MessageDelivery {
  const content = { kind: 'text', text: String(id) } as const;
  const stored = { id, conversation: inConversation, index: id, sender: 1, content, state: 'sent' as const, sentAt: 0 };
  return { type: 'message', senderName: '', conversation: conversation(inConversation), message: stored, from: 0 };
}

const FRAME = Buffer.from('frame');
const meet = (paging: Paging, id: number, frame = FRAME): string => paging.meet(message(id), frame);
const placesOf = (paging: Paging): number[] =>
  paging.release().map(({ entry }) => (entry.type === 'message' ? entry.message.id : entry.id));

describe('deliveries that meet a paging', () => {
  test('are held while it pages, and let go in order', () => {
    const paging = createPaging(() => true);
    paging.beginPage();
    expect([meet(paging, 5), meet(paging, 6)]).toEqual(['held', 'held']);
    paging.endPage([]);
    expect(placesOf(paging)).toEqual([5, 6]);
    expect(meet(paging, 7)).toBe('live');
  });

  test('are forgotten when the store is asked again: it has them', () => {
    const paging = createPaging(() => true);
    paging.beginPage();
    meet(paging, 5);
    paging.endPage([1, 2]);
    paging.beginPage();
    paging.endPage([5]);
    expect(placesOf(paging)).toEqual([]);
  });

  test('are dropped when a page has told them, before, meanwhile and afterwards', () => {
    const paging = createPaging(() => true);
    paging.beginPage();
    paging.endPage([1, 2]);
    expect(meet(paging, 2)).toBe('told');
    paging.beginPage();
    expect(meet(paging, 2)).toBe('told');
    meet(paging, 4);
    meet(paging, 5);
    paging.endPage([3, 4]);
    expect(placesOf(paging)).toEqual([5]);
    expect([meet(paging, 3), meet(paging, 4), meet(paging, 2), meet(paging, 6)]).toEqual(['told', 'told', 'told', 'live']);
  });

  test('of conversations it does not speak of pass', () => {
    const paging = createPaging(({ id }) => id === 1);
    paging.beginPage();
    expect([paging.meet(message(5, 2), FRAME), paging.meet(message(6, 1), FRAME)]).toEqual(['other', 'held']);
  });

  test.each([
    ['many', 257, FRAME],
    ['large', 3, Buffer.alloc(100_000)],
  ])('are not held when there are too many (%s): the store is asked again', (_name, count, frame) => {
    const paging = createPaging(() => true);
    paging.beginPage();
    for (let id = 1; id < count; id += 1) expect(meet(paging, id, frame)).toBe('held');
    expect(paging.overflowed).toBe(false);
    expect(meet(paging, count, frame)).toBe('held');
    expect(paging.overflowed).toBe(true);
    meet(paging, count + 1, frame);
    paging.beginPage();
    expect(paging.overflowed).toBe(false);
    paging.endPage(Array.from({ length: count }, (_, at) => at + 1));
    expect(placesOf(paging)).toEqual([]);
  });
});

/**
 * One writer: messages are stored in the order of their ids, and announced in that order some time after. A reader pages what is stored.
 * Whatever the interleaving, it is told everything once, in order.
 */
test('pages and deliveries together are complete, in order, and nothing comes twice', () => {
  const steps = fc.array(fc.constantFrom('store', 'announce', 'ask', 'answer'), { minLength: 10, maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (script, pageSize) => {
      const paging = createPaging(() => true);
      const told: number[] = [];
      let stored = 0;
      let announced = 0;
      let after = 0;
      let asked: number[] | undefined;
      let isLive = false;

      const announce = (): void => {
        announced += 1;
        const met = meet(paging, announced);
        if (met === 'live') told.push(announced);
      };
      const answer = (places: number[]): void => {
        told.push(...places);
        paging.endPage(places);
        after = places.at(-1) ?? after;
        asked = undefined;
        if (places.length === pageSize || paging.overflowed) return;
        isLive = true;
        told.push(...placesOf(paging));
      };
      const ask = (): number[] => {
        paging.beginPage();
        return Array.from({ length: Math.min(pageSize, stored - after) }, (_, at) => after + at + 1);
      };

      for (const what of script) {
        if (what === 'store') stored += 1;
        // A store announces what it has stored before it stores much more.
        else if (what === 'announce' && announced < stored) announce();
        else if (what === 'ask' && asked === undefined && !isLive && stored - announced < pageSize) asked = ask();
        else if (what === 'answer' && asked !== undefined) answer(asked);
      }
      while (!isLive) {
        while (announced < stored) announce();
        answer(asked ?? ask());
      }
      while (announced < stored) announce();
      expect(told).toEqual(Array.from({ length: stored }, (_, at) => at + 1));
    }),
    { numRuns: 500 },
  );
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UNMARKED, joinMarks, laterCursors, markAside, messageStatus } from './progress.ts';
import type { AsideCursors, SupportChat } from './model.ts';

const CHAT = 1;
const ASIDE = 2;
const ranks = ['new', 'delivered', 'read'];

const chat: SupportChat = {
  conversation: CHAT,
  namespace: 'default',
  uuid: '',
  source: '',
  department: '',
  status: 'open',
  client: 7,
  operator: 21,
  lastOperator: 21,
  unread: false,
  place: 1,
  cursors: { clientDelivered: 2, clientRead: 1, deskDelivered: 4, deskRead: 3 },
};

const user = fc.integer({ min: 0, max: 3 });
const index = fc.integer({ min: 1, max: 8 });
const mark = fc.record({ user, index, cursor: fc.constantFrom('delivered' as const, 'read' as const) });
type Mark = { readonly user: number; readonly index: number; readonly cursor: 'delivered' | 'read' };

const statusIn = (aside: AsideCursors, at: number, sender: number): number =>
  ranks.indexOf(messageStatus({ conversation: ASIDE, index: at, sender }, { chat, aside }));

/** What a cursor of each reader would say. */
function bySearch(marks: readonly Mark[], at: number, sender: number): number {
  const counted = marks.filter((one) => (sender === 0 || one.user !== sender) && one.index >= at);
  if (counted.some(({ cursor }) => cursor === 'read')) return 2;
  return counted.length > 0 ? 1 : 0;
}

const everybody = [0, 1, 2, 3, 4];
const places = [1, 2, 3, 4, 5, 6, 7, 8];

test('what stands in the chat has come as far as the other side', () => {
  const of = (sender: number) => [1, 2, 3, 4, 5].map((at) => messageStatus({ conversation: CHAT, index: at, sender }, { chat }));
  expect(of(7)).toEqual(['read', 'read', 'read', 'delivered', 'new']);
  expect(of(21)).toEqual(['read', 'delivered', 'new', 'new', 'new']);
});

describe('what stands in an aside', () => {
  test('has come as far as anybody but its author, as if each reader had a cursor', () => {
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 12 }), (marks) => {
        const cursors = marks.reduce((before, one) => markAside(before, one.cursor, one.user, one.index), UNMARKED);
        for (const at of places)
          for (const sender of everybody) expect(statusIn(cursors, at, sender)).toBe(bySearch(marks, at, sender));
      }),
    );
  });

  test('never goes back, and what is no news is the same object', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(mark, fc.tuple(user, user)), { maxLength: 12 }), (steps) => {
        let cursors = UNMARKED;
        for (const step of steps) {
          const after = Array.isArray(step) ? joinMarks(cursors, step) : markAside(cursors, step.cursor, step.user, step.index);
          let moved = false;
          for (const at of places) {
            for (const sender of everybody) {
              expect(statusIn(after, at, sender)).toBeGreaterThanOrEqual(statusIn(cursors, at, sender));
              moved ||= statusIn(after, at, sender) !== statusIn(cursors, at, sender);
            }
          }
          if (moved) expect(after).not.toBe(cursors);
          if (!Array.isArray(step)) {
            expect(markAside(after, step.cursor, step.user, step.index)).toBe(after);
            expect([laterCursors(cursors, after), laterCursors(after, cursors)]).toEqual([after, after]);
          }
          cursors = after;
        }
      }),
    );
  });

  test('written by one of two who turn out to be the same has come no less far', () => {
    const marked = markAside(UNMARKED, 'read', 2, 3);
    expect(statusIn(marked, 3, 1)).toBe(2);
    expect(statusIn(marked, 3, 2)).toBe(0);
    expect(statusIn(joinMarks(marked, [1, 2]), 3, 2)).toBe(2);
  });
});

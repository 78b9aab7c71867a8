import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feedEvent } from '../../test/support/feed-events.ts';
import { deliverInOrder } from './in-order.ts';
import { DELIVERED } from './sink.ts';
import type { Outcome } from './sink.ts';

const failures: readonly Outcome[] = [
  { type: 'unavailable', why: 'not now' },
  { type: 'refused', why: 'never' },
];

describe('one after the other', () => {
  it('nothing overtakes a failed event of its key, and other keys go on', async () => {
    const step = fc.record({ user: fc.integer({ min: 1, max: 3 }), outcome: fc.constantFrom(DELIVERED, DELIVERED, ...failures) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const events = steps.map(({ user }, at) => feedEvent(at + 1, 'user.connected', user));
        const sent: number[] = [];
        const outcomes = await deliverInOrder(events, async ({ place }) => {
          sent.push(place);
          return steps[place - 1]?.outcome ?? DELIVERED;
        });
        const failedBefore = (at: number): boolean =>
          steps.slice(0, at).some(({ user, outcome }) => user === steps[at]?.user && outcome.type !== 'delivered');
        expect(sent).toEqual(events.filter((_, at) => !failedBefore(at)).map(({ place }) => place));
        const waits = { type: 'unavailable', why: 'waits for an earlier event of the same key' };
        expect(outcomes).toEqual(steps.map(({ outcome }, at) => (failedBefore(at) ? waits : outcome)));
      }),
    );
  });
});

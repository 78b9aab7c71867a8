/** Places in the queue: exact for whoever is told, no farther than the first of a queue, and free of charge where nobody listens. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPositions, MAX_PLACES } from './positions.ts';
import type { Delivery, Id, Log } from '../index.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout'] }));
afterEach(() => void vi.useRealTimers());

const QUEUE = { namespace: 'default', source: 'lk', department: '' };

/** A queue of which the test says who is in it and who listens. */
function setUp(waiting: Id[], listening: ReadonlySet<Id>) {
  const told: [Id, number][] = [];
  const queue = vi.fn<(namespace: string, source: string, department: string, limit: number) => Promise<Id[]>>(
    (_namespace, _source, department, limit) => Promise.resolve(department === '' ? waiting.slice(0, limit) : []),
  );
  const log: Pick<Log, 'warn'> = { warn: (fields) => expect(fields).toBeUndefined() };
  const positions = createPositions({
    hub: { insideOf: (id) => (listening.has(id) ? [{}] : []) as never },
    bus: {
      publish(delivery: Delivery) {
        if (delivery.type === 'desk' && delivery.news.kind === 'position')
          told.push([delivery.news.conversation.id, delivery.news.position]);
      },
    },
    store: {
      queue,
      scene: (id) => Promise.resolve({ chat: waiting.includes(id) ? { queuedAt: 1 } : {} } as never),
    },
    directory: { conversation: (id) => Promise.resolve({ id } as never) },
    log,
  });
  const chat = (conversation: Id, department = '') => ({ ...QUEUE, department, conversation });
  return { positions, queue, chat, take: () => told.splice(0).toSorted(([one], [other]) => one - other) };
}

const moment = (): Promise<unknown> => vi.advanceTimersByTimeAsync(250);

test('places are those of the queue; who waits no longer is told so', async () => {
  const waiting = [1, 2, 3];
  const { positions, chat, take } = setUp(waiting, new Set([2, 3]));
  for (const id of [2, 3]) positions.arrived(chat(id));
  await moment();
  expect(take()).toEqual([
    [2, 2],
    [3, 3],
  ]);
  waiting.splice(0, 2);
  positions.changed(chat(1));
  await moment();
  expect(take()).toEqual([
    [2, 0],
    [3, 1],
  ]);
  positions.changed(chat(1));
  await moment();
  expect(take()).toEqual([]);
});

test('a queue in which nobody listens is not looked at', async () => {
  const { positions, chat, queue, take } = setUp([1, 2, 3], new Set());
  for (const id of [1, 2, 3]) positions.changed(chat(id));
  await moment();
  expect([queue.mock.calls, take()]).toEqual([[], []]);
});

test('a long queue is looked at once for all changes of a moment, and no farther than is told', async () => {
  const waiting = Array.from({ length: MAX_PLACES + 5 }, (_, at) => at + 1);
  const last = MAX_PLACES + 3;
  const { positions, chat, queue, take } = setUp(waiting, new Set([last, 10]));
  for (const id of waiting) positions.changed(chat(id));
  await moment();
  expect(queue.mock.calls).toEqual([['default', 'lk', '', MAX_PLACES]]);
  expect(take()).toEqual([[10, 10]]);
  waiting.splice(0, 3);
  positions.changed(chat(1));
  await moment();
  expect(take()).toEqual([
    [10, 7],
    [last, MAX_PLACES],
  ]);
  // To the end of the queue: too far behind to be told a place, but not told that it waits no longer.
  waiting.push(...waiting.splice(waiting.indexOf(10), 1), 5_000, 5_001);
  positions.changed(chat(10));
  await moment();
  expect(take()).toEqual([[last, MAX_PLACES - 1]]);
});

test('a chat that goes to another department’s queue is not told that it waits no longer', async () => {
  const waiting = [1];
  const { positions, queue, chat, take } = setUp(waiting, new Set([1]));
  positions.arrived(chat(1));
  await moment();
  expect(take()).toEqual([[1, 1]]);
  queue.mockImplementation((_namespace, _source, department) => Promise.resolve(department === 'sales' ? [7, 1] : []));
  positions.changed(chat(1, 'sales'));
  positions.left(QUEUE);
  await moment();
  expect(take()).toEqual([[1, 2]]);
});

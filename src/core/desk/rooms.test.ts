import { afterEach, expect, test, vi } from 'vitest';
import type { Conversation, Id } from '../index.ts';
import { createRooms } from './rooms.ts';
import { actorFor, PLAIN_CODEC } from '../../../test/support/core.ts';
import type { Session } from '../session.ts';

afterEach(() => void vi.useRealTimers());

const conversation: Conversation = {
  id: 1,
  namespace: 'default',
  kind: 'support',
  name: '',
  notice: '',
  creator: 0,
  createdAt: 0,
  version: 1,
};

function sessionOf(user: Id): Session {
  return {
    id: 0,
    actor: actorFor(user),
    codec: PLAIN_CODEC,
    openedAt: 0,
    expiresAt: Infinity,
    issuedAt: 0,
    address: '',
    deliver: () => undefined,
    end: () => undefined,
  };
}

test('a reload within the grace is not told; a user has gone when it has passed', () => {
  vi.useFakeTimers();
  const inside: Session[] = [];
  const told: string[] = [];
  const rooms = createRooms({
    hub: { insideOf: () => inside },
    grace: 5_000,
    changed: (_, user, present) => void told.push(`${user} ${present ? 'came' : 'went'}`),
  });
  const enter = (session: Session): void => {
    inside.push(session);
    rooms.entered(conversation, session);
  };
  const leave = (session: Session): void => {
    inside.splice(inside.indexOf(session), 1);
    rooms.left(conversation.id, session);
  };
  const [one, two, other] = [sessionOf(7), sessionOf(7), sessionOf(8)];
  enter(one);
  enter(other);
  leave(one);
  vi.advanceTimersByTime(4_999);
  enter(two);
  vi.advanceTimersByTime(10_000);
  expect([told, rooms.in(conversation.id)]).toEqual([
    ['7 came', '8 came'],
    [7, 8],
  ]);
  leave(two);
  expect(rooms.in(conversation.id)).toEqual([7, 8]);
  vi.advanceTimersByTime(5_000);
  expect([told.slice(2), rooms.in(conversation.id)]).toEqual([['7 went'], [8]]);
  rooms.closed(sessionOf(9));
  inside.splice(0);
  rooms.closed(other);
  rooms.close();
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(3);
});

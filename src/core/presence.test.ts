import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClock } from '../../test/support/clock.ts';
import { createPresence } from './presence.ts';
import type { Presence } from './presence.ts';

describe('presence', () => {
  const clock = createClock();
  let online: Set<number>;
  let told: string[];
  let presence: Presence;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    online = new Set();
    told = [];
    presence = createPresence({
      hub: { isOnline: (_, user) => online.has(user) },
      grace: 5_000,
      now: clock.now,
      changed: ({ namespace, user, online: is, at }) =>
        told.push(`${namespace} ${user} ${is ? 'online' : 'offline'} ${at - clock.now()}`),
    });
  });
  afterEach(() => vi.useRealTimers());

  function arrive(user = 1): void {
    online.add(user);
    presence.arrived('default', user);
  }

  function depart(user = 1): void {
    online.delete(user);
    presence.departed('default', user);
  }

  test('is told with the first session, and some seconds after the last', () => {
    arrive();
    expect(told).toEqual(['default 1 online 0']);
    depart();
    vi.advanceTimersByTime(4_999);
    expect(told).toHaveLength(1);
    expect(presence.isOnline('default', 1)).toBe(true);
    clock.advance(5_000);
    vi.advanceTimersByTime(1);
    expect(told).toEqual(['default 1 online 0', 'default 1 offline -5000']);
    expect(presence.isOnline('default', 1)).toBe(false);
  });

  test('does not flap when somebody comes back in time', () => {
    arrive();
    for (let reload = 0; reload < 5; reload += 1) {
      depart();
      vi.advanceTimersByTime(4_000);
      arrive();
      vi.advanceTimersByTime(4_000);
    }
    expect(told).toEqual(['default 1 online 0']);
    depart();
    vi.advanceTimersByTime(5_000);
    arrive();
    expect(told.map((line) => line.split(' ')[2])).toEqual(['online', 'offline', 'online']);
  });

  test('of one is not that of another', () => {
    arrive(1);
    arrive(2);
    depart(1);
    vi.advanceTimersByTime(5_000);
    expect(told.at(-1)).toMatch(/^default 1 offline/);
    expect([presence.isOnline('default', 1), presence.isOnline('default', 2), presence.isOnline('other', 2)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('of who is erased ends at once, with sessions that are ending or just ended, and is told once', () => {
    arrive();
    presence.erased('default', 1);
    presence.erased('default', 1);
    expect(presence.isOnline('default', 1)).toBe(false);
    depart();
    arrive(2);
    depart(2);
    presence.erased('default', 2);
    expect(presence.isOnline('default', 2)).toBe(false);
    presence.erased('default', 3);
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual(['default 1 online 0', 'default 1 offline 0', 'default 2 online 0', 'default 2 offline 0']);
  });

  test('waits for nobody once it is closed', () => {
    arrive();
    depart();
    presence.close();
    vi.advanceTimersByTime(60_000);
    expect(told).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

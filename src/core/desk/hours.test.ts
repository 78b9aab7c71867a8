import { expect, test } from 'vitest';
import { isOpenAt, isTimeZone } from './hours.ts';

const hours = { timeZone: 'Europe/Berlin', hours: [{ day: 1, from: 9 * 60, to: 17 * 60 }] };

test('hours are those of the zone, summer time included', () => {
  const open = (time: string): boolean => isOpenAt(hours, Date.parse(time));
  // Mondays: in winter an hour ahead of UTC, in summer two.
  expect(['2026-01-05T07:59:59Z', '2026-01-05T08:00:00Z', '2026-01-05T15:59:59Z', '2026-01-05T16:00:00Z'].map(open)).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(['2026-07-06T06:59:00Z', '2026-07-06T07:00:00Z', '2026-07-07T08:00:00Z'].map(open)).toEqual([false, true, false]);
});

test('a day may reach to midnight and from it', () => {
  const nights = { timeZone: 'UTC', hours: [{ day: 7, from: 0, to: 1440 }] };
  const open = (time: string): boolean => isOpenAt(nights, Date.parse(time));
  expect(['2026-01-03T23:59:00Z', '2026-01-04T00:00:00Z', '2026-01-04T23:59:59Z', '2026-01-05T00:00:00Z'].map(open)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('without hours people always answer, and a zone must be one', () => {
  expect([isOpenAt(undefined, 0), isOpenAt({ timeZone: 'UTC', hours: [] }, 0)]).toEqual([true, false]);
  expect(['Europe/Berlin', 'UTC', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
});

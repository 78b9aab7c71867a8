import { expect, test } from 'vitest';
import { dayOfDate, daysOfMonth, printInstant } from './calendar.ts';

/** How the three functions differ from Date for a month, in words; nothing when they do not. */
function differences(year: number, month: number): string[] {
  const date = new Date(0);
  const last = daysOfMonth(year, month);
  const found = [1, last].flatMap((day) => {
    date.setUTCFullYear(year, month - 1, day);
    const days = dayOfDate(year, month, day);
    const text = printInstant(days, 86_399);
    const same = days * 86_400_000 === date.getTime();
    return same && `${text}.000Z` === new Date(date.getTime() + 86_399_000).toISOString() ? [] : [`${days} ${text}`];
  });
  date.setUTCFullYear(year, month - 1, last + 1);
  return date.getUTCDate() === 1 ? found : [...found, `${year}-${month} does not end with ${last}`];
}

test('the first and the last day of every month of ten thousand years are those of Date', () => {
  const months = Array.from({ length: 12 }, (_, index) => index + 1);
  const years = Array.from({ length: 10_000 }, (_, year) => year);
  expect(years.flatMap((year) => months.flatMap((month) => differences(year, month)))).toEqual([]);
});

test('there are months 1 to 12', () => {
  expect([0, 13, 1.5, Number.NaN].map((month) => daysOfMonth(2026, month))).toEqual([0, 0, 0, 0]);
});

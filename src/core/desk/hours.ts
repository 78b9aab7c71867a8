/** When people answer: hours of the week in a time zone. */
import type { Millis } from '../model.ts';
import type { BusinessHours } from './model.ts';

const DAYS: Readonly<Record<string, number>> = { Mon: 1, Tue: 2, Wed: 3, Thu: 4, Fri: 5, Sat: 6, Sun: 7 };

/** Whether people answer at a moment; without hours they always do. */
export function isOpenAt(hours: BusinessHours | undefined, at: Millis): boolean {
  if (hours === undefined) return true;
  const { day, minute } = localTime(hours.timeZone, at);
  return hours.hours.some((some) => some.day === day && some.from <= minute && minute < some.to);
}

/** Whether there is such a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

function localTime(timeZone: string, at: Millis): { day: number; minute: number } {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const hour = Number(parts.get('hour') ?? 0);
  return { day: DAYS[parts.get('weekday') ?? ''] ?? 0, minute: hour * 60 + Number(parts.get('minute') ?? 0) };
}

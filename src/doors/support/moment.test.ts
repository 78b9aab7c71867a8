import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isMoment } from './moment.ts';

test.each([
  '2025-01-20T16:31:04+03:00',
  '2025-01-20T16:31:04Z',
  '2025-01-20T16:31:04.123456789-11:30',
  '2024-02-29T00:00:00Z',
  '2000-02-29T23:59:59Z',
  '0001-01-01T00:00:00Z',
])('%s is one', (text) => {
  expect(isMoment(text)).toBe(true);
});

test.each([
  '2026-02-31T25:61:00Z',
  '2026-02-31T10:00:00Z',
  '2026-02-29T10:00:00Z',
  '1900-02-29T10:00:00Z',
  '2026-00-10T10:00:00Z',
  '2026-13-10T10:00:00Z',
  '2026-04-31T10:00:00Z',
  '2026-01-00T10:00:00Z',
  '2026-01-10T24:00:00Z',
  '2026-01-10T10:60:00Z',
  '2026-01-10T10:00:60Z',
  '2016-12-31T23:59:60Z',
  '2026-01-10T10:00:00+24:00',
  '2026-01-10T10:00:00+10:60',
  '2026-01-10T10:00:00',
  '2026-01-10T10:00:00.Z',
  '2026-01-10T10:00:00Z[Europe/Paris]',
  '2026-01-10 10:00:00Z',
  '2026-01-10',
  'soon',
  '',
])('%s is none', (text) => {
  expect(isMoment(text)).toBe(false);
});

test('every moment that JavaScript writes is one', () => {
  const dates = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
  fc.assert(
    fc.property(dates, (date) => {
      expect(isMoment(date.toISOString())).toBe(true);
    }),
  );
});

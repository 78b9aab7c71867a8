import { expect, test } from 'vitest';
import { parseTimeout } from './timeout.ts';

test('every unit, in milliseconds', () => {
  expect(['2H', '3M', '4S', '250m', '1500u', '2000000n', '0S', '99999999H'].map(parseTimeout)).toEqual([
    7_200_000, 180_000, 4000, 250, 1.5, 2, 0, 359_999_996_400_000,
  ]);
});

test('anything else is malformed', () => {
  for (const text of ['', 'S', '1', '123456789S', '-1S', '1.5S', '1s', ' 1S', '1S ', '1SS', '0x1S', '１S']) {
    expect(parseTimeout(text), text).toBeUndefined();
  }
});

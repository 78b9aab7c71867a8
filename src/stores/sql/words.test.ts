import { describe, expect, it } from 'vitest';
import { KEY_LENGTH, fold, keysOf, rangeOf } from './words.ts';

function finds(search: string, ...texts: string[]): boolean {
  const [from, below] = rangeOf(search);
  return keysOf(texts).some(
    (key) => Buffer.compare(Buffer.from(key), Buffer.from(from)) >= 0 && key.startsWith(from) && key < below,
  );
}

describe('what is compared', () => {
  it.each([
    ['ЁЖИК', 'ёжик'],
    ['Straße', 'STRASSE'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
    ['Ａｄａ', 'ada'],
    ['E\u0301lodie', 'ÉLODIE'],
    ['  Ada \t Lovelace', 'ada lovelace'],
    ['ﬁona', 'FIONA'],
  ])('%s is %s', (one, other) => {
    expect(fold(one)).toBe(fold(other));
  });
});

describe('a name', () => {
  it.each([
    ['анна', 'Анна Каренина'],
    ['КАРЕ', 'Анна Каренина'],
    ['анна к', 'Анна Каренина'],
    ['luc', 'Jean-Luc Picard'],
    ['jean-l', 'Jean-Luc Picard'],
    ['小龙', '李小龙'],
    ['李', '李小龙'],
    ['🦊', '🦊 Fox'],
    ['fox', '🦊 Fox'],
    ['100%', '100% sure'],
    ['ada_l', 'ada_l'],
    ['สม', 'คุณสมชาย'],
  ])('is found by %s: %s', (search, name) => {
    expect(finds(search, name)).toBe(true);
  });

  it.each([
    ['nna', 'Anna'],
    ['%', '100% sure'],
    ['анна  лена', 'Анна Каренина'],
  ])('is not found by %s: %s', (search, name) => {
    expect(finds(search, name)).toBe(false);
  });

  it('has a bounded number of keys of bounded length, of whole characters', () => {
    const keys = keysOf(['李'.repeat(128), '😀'.repeat(100)]);
    expect(keys).toHaveLength(16);
    for (const key of [...keys, ...keysOf(['😀'.repeat(100)])]) {
      expect(Array.from(key).length).toBeLessThanOrEqual(KEY_LENGTH);
      expect(key.isWellFormed()).toBe(true);
    }
    expect(keysOf(['', ' '])).toEqual([]);
  });
});

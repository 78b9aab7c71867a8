import { describe, expect, test } from 'vitest';
import { harmless, table, wrapped } from './print.ts';

describe('what other people wrote', () => {
  test('cannot repaint the terminal, ring it, or turn the direction of reading', () => {
    expect(harmless('\u001b[2J\u001b]0;title\u0007')).toBe('\\u001b[2J\\u001b]0;title\\u0007');
    expect(harmless('a\rb\u009bc\u202ed\u2066e\u007f')).toBe('a\\u000db\\u009bc\\u202ed\\u2066e\\u007f');
  });

  test('keeps its letters and its lines, which cannot pass for lines of ours', () => {
    expect(harmless('Grüße 👋 日本 عربي')).toBe('Grüße 👋 日本 عربي');
    expect(harmless('one\ntwo')).toBe('one\n    two');
  });
});

test('lines are broken between words', () => {
  const lines = wrapped('word '.repeat(50).trim(), 4);
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(line).toMatch(/^ {4}word( word)*$/);
  expect(wrapped('x'.repeat(500), 2)).toEqual([`  ${'x'.repeat(500)}`]);
});

test('columns stand under each other', () => {
  expect(
    table([
      ['a', '1'],
      ['long', '2'],
    ]),
  ).toEqual(['  a     1', '  long  2']);
});

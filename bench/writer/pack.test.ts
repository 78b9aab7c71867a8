import { expect, test } from 'vitest';
import { packRows, unpackRows } from './pack.ts';

test('rows come out as they went in, whatever their text is written in', () => {
  const rows = ['plain', '', 'größer 漢字 🎈'].map((body, i) => ({
    conversation: 2 ** 52 + i,
    index: i,
    sender: 7,
    body,
    due: 0,
  }));
  expect(unpackRows(packRows(rows))).toEqual(rows);
});

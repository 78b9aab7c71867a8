import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_QUERY_TERMS, MAX_TERMS, foldText, indexTerms, matchesQuery, queryTerms, searchedText } from './search-terms.ts';

function finds(query: string, text: string): boolean {
  const terms = queryTerms(query);
  return terms.length > 0 && matchesQuery(indexTerms(text), terms);
}

describe('a message is found', () => {
  test.each([
    ['hello', 'Hello, world!'],
    ['WORLD hello', 'hello cruel world'],
    ['invoice', 'Two invoices for you'],
    ['invoices', 'the invoice is late'],
    ['running', 'a runner runs'],
    ['cafe', 'the Café'],
    ['café', 'the cafe'],
    ['strasse', 'Straße 7'],
    ['2024', 'report_2024.pdf'],
    ['ｆｕｌｌ', 'full width'],
  ])('in English and other Latin text: %s in %s', (query, text) => {
    expect(finds(query, text)).toBe(true);
  });

  test.each([
    ['книга', 'Я читаю книгу'],
    ['книгами', 'моя книга'],
    ['договор', 'по договору'],
    ['договоры', 'Договором'],
    ['еще', 'ещё раз'],
    ['ёлка', 'под елкой'],
    ['Счёт', 'счета за март'],
    ['новый', 'новая квартира'],
    ['да', 'ну да'],
  ])('in Russian, whatever its ending: %s in %s', (query, text) => {
    expect(finds(query, text)).toBe(true);
  });

  test.each([
    ['发票', '请把发票发给我'],
    ['票', '请把发票发给我'],
    ['发票 明天', '明天我会寄发票'],
    ['会議', '来週の会議は月曜日です'],
    ['ありがとう', 'どうもありがとうございます'],
    ['iphone 手机', '新的iPhone手机'],
    ['𠮷野', '𠮷野家'],
  ])('in Chinese and Japanese, by parts of a phrase: %s in %s', (query, text) => {
    expect(finds(query, text)).toBe(true);
  });
});

describe('a message is not found', () => {
  test.each([
    ['cat', 'concatenate'],
    ['cat', 'category'],
    ['run', 'runaways'],
    ['ru', 'run'],
    ['202', 'report 2024'],
    ['hello moon', 'hello world'],
    ['票发', '发票'],
    ['май', 'маи'],
    ['!?', 'what!?'],
  ])('%s in %s', (query, text) => {
    expect(finds(query, text)).toBe(false);
  });
});

test('words of a message are its text and the name of its file', () => {
  const resource = { url: 'https://example.com/secret', name: 'plan.pdf' };
  expect([...indexTerms(searchedText({ text: 'See', resource }))]).toEqual(['see', 'plan', 'pdf']);
  expect(searchedText({})).toBe('');
});

test('terms are bounded in number and length', () => {
  const words = Array.from({ length: 3_000 }, (_, at) => `w${at}`).join(' ');
  expect(indexTerms(words).size).toBe(MAX_TERMS);
  const characters = Array.from({ length: 3_000 }, (_, at) => String.fromCodePoint(0x4e00 + at)).join('');
  expect(indexTerms(characters).size).toBe(MAX_TERMS);
  expect(queryTerms(words)).toHaveLength(MAX_QUERY_TERMS);
  expect([...indexTerms('a'.repeat(100))]).toEqual(['a'.repeat(32)]);
  expect(finds('a'.repeat(90), 'a'.repeat(100))).toBe(true);
});

const words = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.stringMatching(/^[a-zA-Zа-яА-ЯёЁ]{1,40}$/),
    fc.stringMatching(/^[一-三あ-え]{1,8}$/),
  ),
  { maxLength: 12 },
);

describe('whatever the text', () => {
  test('it is found by itself, in any case and order, while it has no more terms than a query', () => {
    fc.assert(
      fc.property(words, (list) => {
        const text = list.join(' ');
        const query = queryTerms(list.toReversed().join(' '));
        expect(matchesQuery(indexTerms(text), query)).toBe(true);
        expect(matchesQuery(indexTerms(text.toUpperCase()), queryTerms(foldText(text.toUpperCase())))).toBe(true);
      }),
    );
  });

  test('terms are well formed, folded once and for all, and never empty', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const term of indexTerms(text)) {
          expect(term).not.toBe('');
          expect(term.isWellFormed()).toBe(true);
          expect(term.length).toBeLessThanOrEqual(32);
        }
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fileAddress, fileOf } from './file-address.ts';
import { MAX_ID } from './ids.ts';

describe('an address of a file', () => {
  test('names the file, whatever it is called', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_ID }), fc.string({ unit: 'grapheme' }), (id, name) => {
        // The dots that a URL resolves away are no names: cleanFileName leaves none.
        fc.pre(name !== '.' && name !== '..');
        const address = fileAddress(id, name);
        expect(fileOf(address)).toBe(id);
        expect(fileOf(`${address}?preview=1`)).toBe(id);
        expect(address).toMatch(/^\/files\/[0-9]+\/[^/?#\s"<>\\]*$/);
        expect(new URL(address, 'http://localhost').pathname).toBe(address);
      }),
      { examples: [[1, '../../x']] },
    );
  });

  test('is nothing else', () => {
    for (const other of [
      '',
      '/files',
      '/files/',
      '/files/x/a',
      '/files/0/a',
      '/files/01/a',
      '/files/-1/a',
      '/files/1e3/a',
      '/files/9007199254740993/a',
      'files/5/a',
      '//files/5/a',
      '/files//5/a',
      'https://example.com/files/5/a',
      '/Files/5/a',
    ]) {
      expect([other, fileOf(other)]).toEqual([other, undefined]);
    }
    expect([fileOf('/files/5'), fileOf('/files/5?x'), fileOf('/files/5#x')]).toEqual([5, 5, 5]);
  });
});

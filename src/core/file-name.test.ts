import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanFileName } from './file-name.ts';

describe('a name of a file', () => {
  test.each([
    ['report.pdf', 'report.pdf'],
    ['Отчёт за май.pdf', 'Отчёт за май.pdf'],
    ['/etc/passwd', 'passwd'],
    ['..\\..\\windows\\system.ini', 'system.ini'],
    ['folder/', 'folder'],
    ['..', 'file'],
    ['.htaccess', 'htaccess'],
    ['', 'file'],
    ['  \u0000 ', 'file'],
    ['photo\u202Egpj.exe', 'photogpj.exe'],
    ['a\r\nSet-Cookie: x=1', 'aSet-Cookie_ x=1'],
    ['a"b<c>d|e?f*g:h', 'a_b_c_d_e_f_g_h'],
    ['cafe\u0301.txt', 'caf\u00e9.txt'],
    ['\uD800.txt', 'txt'],
    ['name.txt. . ', 'name.txt'],
    ['👨\u200D👩\u200D👧.png', '👨\u200D👩\u200D👧.png'],
    ['👩🏽\u200D💻 ❤\uFE0F\u200D🔥.png', '👩🏽\u200D💻 ❤\uFE0F\u200D🔥.png'],
    ['می\u200Cخواهم.txt', 'می\u200Cخواهم.txt'],
    ['क्\u200Dष.txt', 'क्\u200Dष.txt'],
    ['in\u200Dvoice\u200C.e\u200Dxe', 'invoice.exe'],
    ['👩\u200D.png', '👩.png'],
    ['CON', '_CON'],
    ['aux', '_aux'],
    ['con.txt', '_con.txt'],
    ['nul .tar.gz', '_nul .tar.gz'],
    ['COM1.txt', '_COM1.txt'],
    ['LPT\u00B9', '_LPT\u00B9'],
    [`con${' '.repeat(300)}x`, '_con'],
    ['console.txt', 'console.txt'],
    ['com10.txt', 'com10.txt'],
  ])('%j becomes %j', (given, cleaned) => {
    expect(cleanFileName(given, 255)).toBe(cleaned);
  });

  test('is shortened before its ending', () => {
    expect(cleanFileName(`${'a'.repeat(300)}.jpeg`, 20)).toBe(`${'a'.repeat(15)}.jpeg`);
    expect(cleanFileName('a'.repeat(300), 20)).toBe('a'.repeat(20));
    expect(cleanFileName(`${'a'.repeat(14)}😀😀.jpeg`, 20)).toBe(`${'a'.repeat(14)}.jpeg`);
  });

  test('is never a path, never empty, never too long, and stays as it is when cleaned again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (given) => {
        const name = cleanFileName(given, 64);
        expect(name.length).toBeGreaterThan(0);
        expect(name.length).toBeLessThanOrEqual(64);
        expect(name).not.toMatch(/[/\\\p{Cc}]/u);
        expect(name.isWellFormed()).toBe(true);
        expect(cleanFileName(name, 64)).toBe(name);
      }),
    );
  });
});

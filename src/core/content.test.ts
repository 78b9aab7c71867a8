import { describe, expect, test } from 'vitest';
import { checkContent, checkLabel, checkName, cleanName, isAddress, opensOnTheWeb } from './content.ts';
import { ChatError } from './errors.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Content } from './model.ts';

/** `code field` of the refusal, or `fine`. */
function judged(content: Content, limits = DEFAULT_LIMITS): string {
  try {
    checkContent(content, limits);
    return 'fine';
  } catch (thrown) {
    if (!(thrown instanceof ChatError)) throw thrown;
    return `${thrown.code} ${Object.keys(thrown.fields ?? {}).join()}`;
  }
}

const resource = { url: 'https://example.org/a' };
const location = { latitude: 52.5, longitude: 13.4 };

describe('content', () => {
  test.each<Content>([
    { kind: 'text', text: 'x' },
    { kind: 'text', text: ' ' },
    { kind: 'text', text: '\u{1F389}\u0001\n' },
    { kind: 'sticker', text: 'cat' },
    { kind: 'sticker', resource },
    { kind: 'contact', text: 'Ada' },
    { kind: 'contact', resource },
    { kind: 'audio', resource },
    { kind: 'photo', resource: { ...resource, thumbnail: '' } },
    { kind: 'video', resource },
    { kind: 'gif', resource },
    { kind: 'file', resource },
    { kind: 'location', location },
    { kind: 'location', location: { latitude: -90, longitude: 180 } },
  ])('%j is fine', (content) => {
    expect(judged(content)).toBe('fine');
  });

  test.each<[Content, string]>([
    [{ kind: 'text' }, 'invalid_argument content'],
    [{ kind: 'text', text: 'x', resource }, 'invalid_argument content'],
    [{ kind: 'text', text: '', resource, location }, 'invalid_argument content'],
    [{ kind: 'text', resource }, 'invalid_argument content'],
    [{ kind: 'photo', text: 'x' }, 'invalid_argument content'],
    [{ kind: 'location', text: 'x' }, 'invalid_argument content'],
    [{ kind: 'text', text: '' }, 'invalid_argument text'],
    [{ kind: 'text', text: 'a\0b' }, 'invalid_argument text'],
    [{ kind: 'text', text: 'a\uD83C' }, 'invalid_argument text'],
    [{ kind: 'photo', resource: { url: '' } }, 'invalid_argument resource.url'],
    [{ kind: 'photo', resource: { url: 'a\0' } }, 'invalid_argument resource.url'],
    [{ kind: 'photo', resource: { ...resource, thumbnail: '\uDC00' } }, 'invalid_argument resource.thumbnail'],
    [{ kind: 'photo', resource: { url: 'x'.repeat(4_097) } }, 'too_large resource.url'],
    [{ kind: 'photo', resource: { ...resource, thumbnail: 'é'.repeat(2_049) } }, 'too_large resource.thumbnail'],
    [{ kind: 'photo', resource: { url: 'javascript:alert(1)' } }, 'invalid_argument resource.url'],
    [{ kind: 'photo', resource: { ...resource, thumbnail: 'data:text/html,<script>' } }, 'invalid_argument resource.thumbnail'],
    [{ kind: 'location', location: { latitude: 90.01, longitude: 0 } }, 'invalid_argument location.latitude'],
    [{ kind: 'location', location: { latitude: Number.NaN, longitude: 0 } }, 'invalid_argument location.latitude'],
    [{ kind: 'location', location: { latitude: 0, longitude: -180.5 } }, 'invalid_argument location.longitude'],
    [{ kind: 'location', location: { latitude: 0, longitude: Infinity } }, 'invalid_argument location.longitude'],
  ])('%j is refused: %s', (content, refusal) => {
    expect(judged(content)).toBe(refusal);
  });

  test.each(['x', 'é', '€', '🎉'])('a text of %s is measured in bytes of UTF-8, to the byte', (sign) => {
    const bytes = Buffer.byteLength(sign);
    const limits = { ...DEFAULT_LIMITS, maxTextBytes: 120 };
    expect(judged({ kind: 'text', text: sign.repeat(120 / bytes) }, limits)).toBe('fine');
    expect(judged({ kind: 'text', text: `${sign.repeat(120 / bytes)}.` }, limits)).toBe('too_large text');
  });
});

describe('a label', () => {
  test.each(['', 'x'.repeat(10), '🎉🎉'])('%j is fine', (label) => {
    expect(() => checkLabel('name', label, 10)).not.toThrow();
  });

  test.each(['x'.repeat(11), 'a\0', '\uD800'])('%j is refused', (label) => {
    expect(() => checkLabel('name', label, 10)).toThrow(/^name: /);
  });
});

describe('an address', () => {
  test.each(['https://example.org', 'HTTP://example.org/a?b#c', '/files/5/a.png', '/files/5/a.png?exp=1&sig=x'])(
    '%s is one',
    (value) => {
      expect(isAddress(value)).toBe(true);
    },
  );

  test.each([
    'javascript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'blob:https://example.org/1',
    'file:///etc/passwd',
    'ftp://example.org',
    ' https://example.org',
    'https:example.org',
    'https://',
    '//example.org/a',
    '/elsewhere',
    '/files/x/a',
    'a.png',
  ])('%s is none', (value) => {
    expect(isAddress(value)).toBe(false);
  });
});

describe('what opens on the web', () => {
  test.each(['https://example.org/a', 'HTTP://example.org', '//example.org/a', '/a/b.png', 'a.png', 'string', '?a:b', ''])(
    '%j does',
    (address) => {
      expect(opensOnTheWeb(address)).toBe(true);
    },
  );

  test.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'java\nscript:alert(1)',
    ' \u0001javascript:alert(1)',
    'data:text/html,x',
    'data:image/png;base64,AAAA',
    'vbscript:x',
    'blob:https://example.org/1',
    'file:///etc/passwd',
    'ftp://example.org',
    'https://',
  ])('%j does not', (address) => {
    expect(opensOnTheWeb(address)).toBe(false);
  });
});

describe('a name', () => {
  test.each(['Ada', 'Ада Лавлейс', 'עדה', '👩\u200D💻', ''])('may be %j', (name) => {
    expect(() => checkName('name', name, 64)).not.toThrow();
    expect(cleanName(name)).toBe(name);
  });

  test.each(['a\nb', 'a\u0085', '\u202Eada', 'a\u2066b', 'a\u200F', '\u200Ea', 'a\u061C'])('may not be %j', (name) => {
    expect(() => checkName('name', name, 64)).toThrow(/^name: must not contain control characters/);
    expect(cleanName(name)).toMatch(/^(a|ab|ada)$/);
  });
});

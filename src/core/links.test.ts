import { describe, expect, test } from 'vitest';
import { createClock } from '../../test/support/clock.ts';
import { createLinks } from './links.ts';
import type { Links } from './links.ts';

const HOUR = 3_600_000;
const ORIGIN = 'https://chat.example.com';

function open(origin = '', secret = 'secret') {
  const clock = createClock();
  return { clock, links: createLinks({ secret, lifetime: HOUR, origin, now: clock.now }) };
}

function partsOf(link: string): { file: number; expires: string; signature: string } {
  const url = new URL(link, 'http://localhost');
  const [expires, signature] = ['exp', 'sig'].map((name) => url.searchParams.get(name) ?? '');
  return { file: Number(url.pathname.split('/')[2]), expires: expires ?? '', signature: signature ?? '' };
}

function isGood(links: Links, link: string, change: Partial<ReturnType<typeof partsOf>> = {}): boolean {
  const { file, expires, signature } = { ...partsOf(link), ...change };
  return links.isGood(file, expires, signature);
}

describe('a link', () => {
  test('is good for its file and time, and nothing else', () => {
    const { clock, links } = open();
    const link = links.show('/files/5/a.png');
    const { expires, signature } = partsOf(link);
    expect(isGood(links, link)).toBe(true);
    expect(isGood(links, link, { file: 6 })).toBe(false);
    expect(isGood(links, link, { expires: String(Number(expires) + 1) })).toBe(false);
    expect(isGood(links, link, { expires: `${expires}.0` })).toBe(false);
    expect(isGood(links, link, { signature: '' })).toBe(false);
    expect(isGood(links, link, { signature: `${signature}=` })).toBe(false);
    expect(isGood(open('', 'another').links, link)).toBe(false);
    clock.set(Number(expires) * 1000 - 1);
    expect(isGood(links, link)).toBe(true);
    clock.advance(1);
    expect(isGood(links, link)).toBe(false);
  });

  test('is good for its lifetime at least, a quarter longer at the most, and the same for a quarter of it', () => {
    const { clock, links } = open();
    clock.advance(1);
    const first = links.show('/files/5/a.png');
    expect(links.end()).toBe(Number(partsOf(first).expires) * 1000);
    expect(links.end() - clock.now()).toBe(1.25 * HOUR - 1);
    clock.advance(HOUR / 4 - 1);
    expect(links.show('/files/5/a.png')).toBe(first);
    expect(links.end() - clock.now()).toBe(HOUR);
    clock.advance(1);
    expect(links.show('/files/5/a.png')).not.toBe(first);
  });

  test('of a preview is one of the same file', () => {
    const { links } = open(ORIGIN);
    const link = links.show('/files/5/a.png?preview=1');
    expect(link).toMatch(/^https:\/\/chat\.example\.com\/files\/5\/a\.png\?preview=1&exp=[0-9]+&sig=[\w-]{43}$/);
    expect(isGood(links, link)).toBe(true);
  });

  test('to something else stays as it is', () => {
    const { links } = open(ORIGIN);
    for (const other of ['https://example.com/a.png', '', '/files/x/y', 'javascript:alert(1)']) {
      expect([links.show(other), links.strip(other)]).toEqual([other, other]);
    }
  });
});

describe('a resource', () => {
  test('has links where it is a file of ours, with its preview', () => {
    const { links } = open();
    const shown = links.resource({ url: '/files/5/a', thumbnail: '/files/5/a?preview=1', name: 'a', file: 5 });
    expect([isGood(links, shown.url), isGood(links, shown.thumbnail ?? '')]).toEqual([true, true]);
    expect(links.resource({ url: '/files/5/a', thumbnail: 'https://example.com/t', file: 5 }).thumbnail).toBe(
      'https://example.com/t',
    );
  });

  test('that is no file of ours is not signed, whatever it looks like', () => {
    const { links } = open();
    for (const resource of [
      { url: '/files/5/a' },
      { url: 'https://example.com', thumbnail: '/files/5/a' },
      { url: '/files/6/a', thumbnail: '/files/7/a', file: 5 },
    ]) {
      expect(links.resource(resource)).toEqual(resource);
    }
  });
});

describe('what a client gives back', () => {
  test('is the address again, from wherever it took the link', () => {
    for (const { links, clock } of [open(), open(ORIGIN)]) {
      for (const address of ['/files/5/a%20b.png', '/files/5/a%20b.png?preview=1']) {
        const link = links.show(address);
        const path = link.replace(ORIGIN, '');
        for (const given of [address, link, path, `http://127.0.0.1:8080${path}`]) expect(links.strip(given)).toBe(address);
        clock.advance(1_000 * HOUR);
        expect(links.strip(`http://127.0.0.1:8080${path}`)).toBe(address);
      }
      expect(links.strip(links.strip(links.show('/files/5/a')))).toBe('/files/5/a');
    }
    expect(open(ORIGIN).links.strip(`${ORIGIN}/files/5/a`)).toBe('/files/5/a');
  });

  test('is not ours under another origin without our signature', () => {
    const { links } = open(ORIGIN);
    const foreign = 'https://elsewhere.example.com/files/5/a';
    const [, query = ''] = links.show('/files/6/a').split('?');
    for (const given of [foreign, `${foreign}?exp=1&sig=x`, `${foreign}?${query}`, `${ORIGIN}.evil.com/files/5/a`]) {
      expect(links.strip(given)).toBe(given);
    }
  });
});

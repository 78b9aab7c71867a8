/** How people are found by name: what is compared, and where in a name a search may begin. Pure; every store keeps the same keys. */

/** Characters of a key: longer beginnings of names are told apart by nobody who types. */
export const KEY_LENGTH = 64;

/** Keys of one name: what a long name in a script without spaces has more of cannot be found by its later characters. */
const MAX_KEYS = 16;

/**
 * Text as it is compared: case, width, composition and runs of spaces make no difference, in any script. (Unicode's full case folding, as near
 * as upper and then lower case come to it.)
 */
export function fold(text: string): string {
  const cased = text.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ');
  return cased.normalize('NFKC').replaceAll(/\s+/g, ' ').trimStart();
}

/** Where a word begins: after what is no part of one; and at every character of scripts that write without spaces. */
const BEGINNINGS =
  /(?<![\p{L}\p{N}\p{M}])[\p{L}\p{N}]|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;

/** The keys of what somebody is called: the folded texts from each of their words on, each once. */
export function keysOf(texts: readonly string[]): string[] {
  const keys = new Set<string>();
  for (const text of texts) {
    const folded = fold(text);
    const beginnings = [0, ...[...folded.matchAll(BEGINNINGS)].map(({ index }) => index)];
    for (const at of new Set(beginnings)) {
      const key = cut(folded.slice(at));
      if (key !== '') keys.add(key);
      if (keys.size === MAX_KEYS) return [...keys];
    }
  }
  return [...keys];
}

/** The range of keys that begin with what is searched for: from the first of it up to, and without, the second. */
export function rangeOf(search: string): readonly [from: string, below: string] {
  const from = cut(fold(search));
  return [from, `${from}\u{10FFFF}`];
}

/** Whole characters only: half of one would be stored as another. */
function cut(text: string): string {
  return text.length <= KEY_LENGTH ? text : Array.from(text).slice(0, KEY_LENGTH).join('');
}

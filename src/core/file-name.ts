/** Names of files, as people see them and as browsers save them. */

/** Nothing that breaks a line, hides or turns around what stands beside it: an `exe.gpj` is no `jpg.exe`. */
const INVISIBLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u{61c}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}]/gu;

/** What some file system takes for something else. */
const RESERVED = /[<>:"|?*]/g;

/** A name that says nothing. */
const NAMELESS = 'file';

/** What is left of an uploader's name for a file: the last part of a path, without invisible characters, at most `maxLength` characters. */
export function cleanFileName(given: string, maxLength: number): string {
  const last = given.split(/[/\\]/).findLast((part) => part.trim() !== '') ?? '';
  const cleaned = last.replaceAll(INVISIBLE, '').normalize('NFC').replaceAll(RESERVED, '_');
  const name = trim(shorten(trim(cleaned), maxLength));
  return name === '' ? NAMELESS : name;
}

/** Without dots and spaces at the ends, which some file systems hide or drop. */
function trim(name: string): string {
  return name.replaceAll(/^[\s.]+|[\s.]+$/g, '');
}

/** Shortens before the ending, which says what to open a file with. */
function shorten(name: string, maxLength: number): string {
  if (name.length <= maxLength) return name;
  const ending = /\.[^.\s]{1,10}$/.exec(name)?.[0] ?? '';
  return name.slice(0, maxLength - ending.length).replace(/[\uD800-\uDBFF]$/, '') + ending;
}

/** Names of files, as people see them and as browsers save them. */

/** Nothing that breaks a line, hides or turns around what stands beside it: an `exe.gpj` is no `jpg.exe`. */
const INVISIBLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u{61c}\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}]/gu;

/** Invisible as well, but between the parts of one emoji and in the words of some scripts they belong to what is read. */
const JOINER = /[\u{200c}\u{200d}]/gu;

const PICTURE_BEFORE = /\p{Extended_Pictographic}[\u{fe0f}\p{Emoji_Modifier}]?$/u;
const PICTURE_AFTER = /^\p{Extended_Pictographic}/u;

/** Letters and signs of the scripts that are written with joiners. */
const JOINING = String.raw`[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}]`;
const JOINING_BEFORE = new RegExp(`${JOINING}$`, 'u');
const JOINING_AFTER = new RegExp(`^${JOINING}`, 'u');

/** Code units in which what stands beside a joiner is found. */
const BESIDE = 4;

/** What some file system takes for something else. */
const RESERVED = /[<>:"|?*]/g;

/** Names of devices, which Windows opens instead of a file, whatever their ending. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)/i;

/** A name that says nothing. */
const NAMELESS = 'file';

/** What is left of an uploader's name for a file: the last part of a path, without invisible characters, at most `maxLength` characters. */
export function cleanFileName(given: string, maxLength: number): string {
  const last = given.split(/[/\\]/).findLast((part) => part.trim() !== '') ?? '';
  const visible = last.replaceAll(INVISIBLE, '').normalize('NFC').replaceAll(RESERVED, '_');
  const name = joined(trim(shorten(trim(joined(visible)), maxLength)));
  if (name === '') return NAMELESS;
  return DEVICE.test(name) ? shorten(`_${name}`, maxLength) : name;
}

/** Without the joiners that join nothing. */
function joined(name: string): string {
  return name.replaceAll(JOINER, (joiner, at: number) => {
    const before = name.slice(Math.max(0, at - BESIDE), at);
    const after = name.slice(at + 1, at + 1 + BESIDE);
    const isPicture = joiner === '\u200d' && PICTURE_BEFORE.test(before) && PICTURE_AFTER.test(after);
    return isPicture || (JOINING_BEFORE.test(before) && JOINING_AFTER.test(after)) ? joiner : '';
  });
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

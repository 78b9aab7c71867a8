/** What a message may be made of, whichever door it comes through. */
import { ChatError } from './errors.ts';
import { fileOf } from './file-address.ts';
import type { Limits } from './limits.ts';
import type { Content, MessageKind, Resource } from './model.ts';

/** Which envelopes a kind may have. */
const ENVELOPES: Readonly<Record<MessageKind, readonly ('text' | 'resource' | 'location')[]>> = {
  text: ['text'],
  audio: ['resource'],
  photo: ['resource'],
  video: ['resource'],
  gif: ['resource'],
  file: ['resource'],
  sticker: ['resource', 'text'],
  contact: ['text', 'resource'],
  location: ['location'],
};

/** What is said in words of content that has none (wire.md section 6): a location as a link to a map. */
export function wordsOf({ text, location }: Pick<Content, 'text' | 'location'>): string {
  if (text !== undefined) return text;
  if (location === undefined) return '';
  const { latitude, longitude } = location;
  return `Location: ${latitude}, ${longitude} https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}`;
}

/** Throws `invalid_argument` or `too_large` with the field that is wrong. */
export function checkContent(content: Content, limits: Limits): void {
  const allowed = ENVELOPES[content.kind];
  const { text, resource, location } = content;
  // The text of a resource is its caption.
  const given =
    (text === undefined || resource !== undefined ? 0 : 1) + (resource === undefined ? 0 : 1) + (location === undefined ? 0 : 1);
  if (given !== 1) throw invalid('content', `exactly one of text, resource and location is needed, ${given} were given`);
  const envelope = resource !== undefined ? 'resource' : text !== undefined ? 'text' : 'location';
  if (!allowed.includes(envelope)) throw invalid('content', `a ${content.kind} message carries ${allowed.join(' or ')}`);
  // What has attachments says enough without words.
  if (text !== undefined && (text !== '' || content.attachments === undefined)) checkText(text, limits);
  if (resource !== undefined) checkResource(resource, limits);
  if (location !== undefined) checkLocation(location);
}

function checkText(text: string, limits: Limits): void {
  if (text.length === 0) throw invalid('text', 'a message needs a text');
  checkString('text', text);
  // A string has at most 3 bytes per code unit: the exact count is needed only near the limit.
  if (text.length * 3 > limits.maxTextBytes && Buffer.byteLength(text) > limits.maxTextBytes) {
    throw tooLarge('text', limits.maxTextBytes);
  }
}

function checkResource({ url, thumbnail, name }: Resource, limits: Limits): void {
  if (url.length === 0) throw invalid('resource.url', 'an address is needed');
  for (const [field, value] of Object.entries({ url, thumbnail })) {
    // An empty thumbnail is none.
    if (value === undefined || value === '') continue;
    checkString(`resource.${field}`, value);
    if (Buffer.byteLength(value) > limits.maxUrlBytes) throw tooLarge(`resource.${field}`, limits.maxUrlBytes);
    if (!isAddress(value)) throw invalid(`resource.${field}`, ADDRESS);
  }
  if (name !== undefined) checkLabel('resource.name', name, limits.maxFileNameLength);
}

/** What `isAddress` asks for, in words. */
export const ADDRESS = 'must be a file of ours or an http:// or https:// address';

/** What a client may be told to open: a file of ours, or a place on the web. Never what would run (`javascript:`, `data:`) in the page that shows it. */
export function isAddress(value: string): boolean {
  return fileOf(value) !== undefined || (/^https?:\/\//i.test(value) && URL.canParse(value));
}

/** What `opensOnTheWeb` asks for, in words. */
export const WEB = 'must be an http:// or https:// address';

/**
 * What others say of pictures and files of theirs: an address on the web, or one beside the page that shows it. Read as browsers read it, which leave out
 * blanks and line breaks in `java\nscript:`.
 */
export function opensOnTheWeb(address: string): boolean {
  const protocol = URL.parse(address, 'https://beside.invalid/')?.protocol;
  return protocol === 'https:' || protocol === 'http:';
}

function checkLocation({ latitude, longitude }: { readonly latitude: number; readonly longitude: number }): void {
  if (!(latitude >= -90 && latitude <= 90)) throw invalid('location.latitude', 'must be from -90 to 90 degrees');
  if (!(longitude >= -180 && longitude <= 180)) throw invalid('location.longitude', 'must be from -180 to 180 degrees');
}

/** Refuses what cannot be stored and shown everywhere: NUL characters and lone surrogates. */
export function checkString(field: string, value: string): void {
  if (value.includes('\0')) throw invalid(field, 'must not contain NUL characters');
  if (!value.isWellFormed()) throw invalid(field, 'is not valid Unicode: it has a lone surrogate');
}

/** A name or notice: one valid string of a bounded length. */
export function checkLabel(field: string, value: string, maxLength: number): void {
  checkString(field, value);
  if (value.length > maxLength) throw invalid(field, `must not be longer than ${maxLength} characters`);
}

/** What breaks a line, hides, or turns around what stands beside it: a name with it can look like another, or like a part of the page. */
const DECEPTIVE = /[\p{Cc}\u{61c}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu;

/** A name that people are shown of a user or conversation. */
export function checkName(field: string, value: string, maxLength: number): void {
  checkLabel(field, value, maxLength);
  if (value.search(DECEPTIVE) >= 0)
    throw invalid(field, 'must not contain control characters or marks that change its direction');
}

/** What may be shown of a name that others answer for. */
export function cleanName(value: string): string {
  return value.replaceAll(DECEPTIVE, '');
}

function invalid(field: string, problem: string): ChatError {
  return new ChatError('invalid_argument', `${field}: ${problem}`, { fields: { [field]: problem } });
}

function tooLarge(field: string, limit: number): ChatError {
  const problem = `must not be larger than ${limit} bytes`;
  return new ChatError('too_large', `${field}: ${problem}`, { fields: { [field]: problem } });
}

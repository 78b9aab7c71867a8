/** What a browser may do with a file: look at it in place, or save it. Pure. */

/** Types that browsers show or play without running anything in them. */
const SHOWN: ReadonlySet<string> = new Set([
  'audio/aac',
  'audio/flac',
  'audio/mp4',
  'audio/mpeg',
  'audio/ogg',
  'audio/wav',
  'audio/x-m4a',
  'image/avif',
  'image/bmp',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
  'video/mp4',
  'video/ogg',
  'video/quicktime',
  'video/webm',
]);

/** `Content-Disposition` with the name in both forms (RFC 6266): plain ASCII for old clients, UTF-8 for all others. */
export function dispositionOf(mediaType: string, name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%;]/g, '_');
  const exact = encodeURIComponent(name.toWellFormed()).replaceAll(/['()*!]/g, percent);
  return `${SHOWN.has(mediaType) ? 'inline' : 'attachment'}; filename="${plain}"; filename*=UTF-8''${exact}`;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** `Content-Type`: text says how it is written, so that no browser guesses. */
export function contentTypeOf(mediaType: string): string {
  return mediaType === 'text/plain' ? 'text/plain; charset=utf-8' : mediaType;
}

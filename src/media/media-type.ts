/** What a file is, by its first bytes. What the uploader says is never asked. */
import { isUtf8 } from 'node:buffer';
import { fileTypeFromBuffer } from 'file-type';

/** Bytes from the beginning that are looked at: formats that put their name behind a table of contents have it in there. */
export const HEAD_BYTES = 65_536;

const UNKNOWN = 'application/octet-stream';
const TEXT = 'text/plain';

/**
 * Types a file may be told to be. Whatever a browser could run is not among them: HTML, SVG, XML and scripts are text or just bytes here.
 */
const FAMILIES = /^(image|audio|video)\/[a-z0-9.+-]+$/;
const DOCUMENTS: ReadonlySet<string> = new Set([
  'application/epub+zip',
  'application/gzip',
  'application/pdf',
  'application/rtf',
  'application/vnd.oasis.opendocument.presentation',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/x-7z-compressed',
  'application/x-rar-compressed',
  'application/x-tar',
  'application/zip',
]);

export async function mediaTypeOf(head: Uint8Array): Promise<string> {
  const found = await recognize(head);
  const [type = ''] = found.split(';', 1);
  if (DOCUMENTS.has(type) || (FAMILIES.test(type) && !/svg|xml/.test(type))) return type;
  return isText(head) ? TEXT : UNKNOWN;
}

async function recognize(head: Uint8Array): Promise<string> {
  try {
    return (await fileTypeFromBuffer(head))?.mime ?? '';
  } catch {
    // What breaks the recognizer has no type.
    return '';
  }
}

/** UTF-8 without NUL characters; a character that the end of the head cuts is let through. */
function isText(head: Uint8Array): boolean {
  if (head.includes(0)) return false;
  const whole = head.length < HEAD_BYTES;
  for (let cut = 0; cut <= (whole ? 0 : 3); cut++) if (isUtf8(head.subarray(0, head.length - cut))) return true;
  return false;
}

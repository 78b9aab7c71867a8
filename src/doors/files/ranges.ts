/** Which part of a file a request wants (RFC 9110, sections 13 and 14). Pure. */
import type { ByteRange } from '../../core/index.ts';

export type Part = { readonly kind: 'whole' } | { readonly kind: 'part'; readonly range: ByteRange } | { readonly kind: 'none' };

const WHOLE: Part = { kind: 'whole' };

/** The entity tag of bytes: they are what their hash says, so it is a strong one. */
export function tagOf(hash: string): string {
  return `"${hash}"`;
}

/** Whether the client has these bytes already (`If-None-Match`). */
export function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}

/**
 * What to answer: `none` for a range that lies behind the end. A range that is no range, several of them, and one that is for other bytes
 * (`If-Range`) get the whole.
 */
export function partOf(
  headers: { readonly range: string | undefined; readonly ifRange: string | undefined },
  tag: string,
  size: number,
): Part {
  const { range, ifRange } = headers;
  if (range === undefined || (ifRange !== undefined && ifRange.trim() !== tag)) return WHOLE;
  const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(range.replaceAll(' ', ''));
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) return WHOLE;
  if (from === '') return lastOf(Number(to), size);
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return WHOLE;
  return first >= size ? { kind: 'none' } : { kind: 'part', range: { first, last } };
}

function lastOf(count: number, size: number): Part {
  if (count === 0 || size === 0) return { kind: 'none' };
  return { kind: 'part', range: { first: Math.max(0, size - count), last: size - 1 } };
}

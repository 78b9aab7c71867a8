/**
 * How files of ours are named inside: `/files/<id>/<name>`, an address that says which file and opens nothing. What clients get is a link
 * made from it (links.ts).
 */
import { parseId } from './ids.ts';
import type { Id } from './model.ts';

const PREFIX = '/files/';

/** The address of a file that is stored with messages and pictures. */
export function fileAddress(id: Id, name: string): string {
  return `${PREFIX}${id}/${encodeURIComponent(name)}`;
}

/** The file that an address or a link names; undefined when it is none of ours. Says nothing about whether it exists. */
export function fileOf(address: string): Id | undefined {
  if (!address.startsWith(PREFIX)) return undefined;
  const [id = ''] = address.slice(PREFIX.length).split(/[/?#]/, 1);
  return parseId(id);
}

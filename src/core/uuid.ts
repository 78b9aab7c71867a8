/**
 * Ids as UUIDs, where a door wants one: version 8 of RFC 9562 (section 5.8), made so that the id can be read back and nothing has to be
 * looked up. 48 bits of the id, the version, its last 5 bits and 7 of a mark, the variant, 62 bits of a mark. The mark tells ours from
 * those of others; it is no secret, and a UUID gives no right to anything.
 */
import { isId } from './ids.ts';
import type { Id } from './model.ts';

const LOW = 32;
/** 7 bits after the id, and the clock sequence and node fields with the variant `10` at their head: "switchboa". */
const LOW_MARK = 0x53;
const TAIL = 'b769-746368626f61';

const FORM = /^([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-([0-9a-f]{4}-[0-9a-f]{12})$/;

const ANY = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function uuidOf(id: Id): string {
  const high = Math.floor(id / LOW)
    .toString(16)
    .padStart(12, '0');
  const low = ((id % LOW) * 128 + LOW_MARK).toString(16).padStart(3, '0');
  return `${high.slice(0, 8)}-${high.slice(8)}-8${low}-${TAIL}`;
}

/** The id in a UUID of ours; undefined for any other. Letters may be capital. */
export function idOfUuid(uuid: string): Id | undefined {
  const [, first = '', second = '', third = '', tail] = FORM.exec(uuid.toLowerCase()) ?? [];
  if (tail !== TAIL) return undefined;
  const low = Number.parseInt(third, 16);
  if (low % 128 !== LOW_MARK) return undefined;
  const id = Number.parseInt(first + second, 16) * LOW + Math.floor(low / 128);
  return isId(id) ? id : undefined;
}

/** A UUID of any version in the one form it is stored and compared in; undefined when it is none. */
export function toUuid(text: string): string | undefined {
  const uuid = text.toLowerCase();
  return ANY.test(uuid) ? uuid : undefined;
}

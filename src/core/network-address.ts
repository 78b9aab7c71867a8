/** Whose network address counts as one: whoever has an IPv6 address has all of its /64. */

/** Groups of an IPv6 address that name its network. */
const NETWORK_GROUPS = 4;
const ALL_GROUPS = 8;

const IPV6 = /^[0-9a-f:]*:[0-9a-f:]*(%.*)?$/i;

/** The key of an address for limits: an IPv4 address, written as IPv6 too, itself; an IPv6 address its /64. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([0-9]{1,3}(?:\.[0-9]{1,3}){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!IPV6.test(address)) return address;
  const [bare = ''] = address.split('%', 1);
  const [head = '', tail] = bare.split('::', 2);
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, ALL_GROUPS - first.length - last.length);
  const groups = [...first, ...Array.from({ length: gap }, () => '0'), ...last].slice(0, NETWORK_GROUPS);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

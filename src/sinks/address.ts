/**
 * Which addresses a webhook may reach (ADR 37). Whoever chooses the receiver's name, or answers for it in DNS, must not be able to point this server at
 * the machine it runs on, at its network, or at the service that hands out the machine's credentials. Pure: one address in, one answer out.
 */
import { BlockList, isIP } from 'node:net';

/** A network in CIDR notation; its family is that of the address. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
}

export interface AddressRules {
  /**
   * Why no connection may be made to this address; undefined: it may. `encrypted` is false for plain HTTP, which nobody but a network that the operator
   * has named may carry. What is no IP address is refused.
   */
  refusal(address: string, encrypted: boolean): string | undefined;
}

type Kind = readonly [name: string, networks: readonly string[]];

/** IPv4 that is not the public network (IANA's registry of special-purpose addresses, and Azure's metadata service, which lies outside of it). */
const IPV4: readonly Kind[] = [
  ['an unspecified address', ['0.0.0.0/8']],
  ['a loopback address', ['127.0.0.0/8']],
  ['a private address', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']],
  ['a shared (CGNAT) address', ['100.64.0.0/10']],
  ['a link-local address', ['169.254.0.0/16']],
  ['a metadata service', ['168.63.129.16/32']],
  ['a multicast address', ['224.0.0.0/4']],
  [
    'a reserved address',
    ['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'],
  ],
];

/** IPv6 within and without 2000::/3, the public network. */
const IPV6: readonly Kind[] = [
  ['an unspecified address', ['::/128']],
  ['a loopback address', ['::1/128']],
  ['a unique-local address', ['fc00::/7']],
  ['a link-local address', ['fe80::/10']],
  ['a multicast address', ['ff00::/8']],
  // Teredo and 6to4 carry an IPv4 address that a relay would connect to.
  ['a reserved address', ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']],
];

const PUBLIC_IPV6 = listOf(['2000::/3']);

const SPECIAL = {
  ipv4: IPV4.map(([name, networks]) => ({ name, list: listOf(networks) })),
  ipv6: IPV6.map(([name, networks]) => ({ name, list: listOf(networks) })),
};

type Family = 'ipv4' | 'ipv6';

interface Form {
  readonly address: string;
  readonly family: Family;
}

/** `allow`: networks that may be reached although they are not public. */
export function createAddressRules(allow: readonly Network[]): AddressRules {
  const named = new BlockList();
  for (const { address, prefix } of allow) named.addSubnet(address, prefix, familyOf(address) ?? 'ipv4');
  return {
    refusal(address, encrypted) {
      const forms = formsOf(address);
      const reached = forms.at(-1);
      if (reached === undefined) return 'no IP address';
      if (forms.some((form) => named.check(form.address, form.family))) return undefined;
      return specialty(reached) ?? (encrypted ? undefined : 'an address to which only https:// may go');
    },
  };
}

function specialty({ address, family }: Form): string | undefined {
  const found = SPECIAL[family].find(({ list }) => list.check(address, family));
  if (found !== undefined) return found.name;
  return family === 'ipv4' || PUBLIC_IPV6.check(address, family) ? undefined : 'a reserved address';
}

/** The address as it is, and last what it comes out at: an IPv6 address may be the wrapping of an IPv4 address. */
function formsOf(given: string): readonly Form[] {
  // A zone names a network interface of ours and belongs to no comparison.
  const address = given.replace(/%.*$/, '');
  const family = familyOf(address);
  if (family === undefined) return [];
  const wrapped = family === 'ipv6' ? wrappedIn(address) : undefined;
  return wrapped === undefined
    ? [{ address, family }]
    : [
        { address, family },
        { address: wrapped, family: 'ipv4' },
      ];
}

function familyOf(address: string): Family | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
}

/** The first 96 bits of wrappings of IPv4: mapped (RFC 4291, 2.5.5.2), and NAT64, behind which networks without IPv4 see all of it (RFC 6052). */
const WRAPPINGS: ReadonlySet<string> = new Set(['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0']);

function wrappedIn(address: string): string | undefined {
  const groups = groupsOf(address);
  if (
    !WRAPPINGS.has(
      groups
        .slice(0, 6)
        .map((group) => group.toString(16))
        .join(':'),
    )
  )
    return undefined;
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 255])
    .join('.');
}

/** The eight groups of an IPv6 address in any spelling. */
function groupsOf(address: string): readonly number[] {
  // The URL standard writes each address in one way: small hexadecimal groups, at most one `::`.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [left, right] = [split(head), split(tail ?? '')];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right];
}

function split(groups: string): readonly number[] {
  return groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16));
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), familyOf(address) ?? 'ipv4');
  }
  return list;
}

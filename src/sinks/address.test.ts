import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAddressRules } from './address.ts';

const strict = createAddressRules([]);

/** IPv4 as 32 bits in its usual spelling. */
const dotted = (bits: number): string => [24, 16, 8, 0].map((by) => (bits >>> by) & 255).join('.');
const hex = (bits: number): string => `${(bits >>> 16).toString(16)}:${(bits & 0xffff).toString(16)}`;
const ipv4 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** An address of a network: its bits with others behind the prefix. */
function inside(network: string): fc.Arbitrary<number> {
  const [address = '', prefix] = network.split('/');
  const base = address.split('.').reduce((bits, byte) => bits * 256 + Number(byte), 0);
  return fc.integer({ min: 0, max: 2 ** (32 - Number(prefix)) - 1 }).map((rest) => base + rest);
}

const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
];

describe('what a webhook may not reach', () => {
  it.each([
    ['127.0.0.1', 'a loopback address'],
    ['0.0.0.0', 'an unspecified address'],
    ['10.255.255.255', 'a private address'],
    ['172.31.0.1', 'a private address'],
    ['192.168.1.1', 'a private address'],
    ['100.64.0.1', 'a shared (CGNAT) address'],
    ['100.100.100.200', 'a shared (CGNAT) address'],
    ['169.254.169.254', 'a link-local address'],
    ['168.63.129.16', 'a metadata service'],
    ['192.0.0.192', 'a reserved address'],
    ['224.0.0.1', 'a multicast address'],
    ['255.255.255.255', 'a reserved address'],
    ['::', 'an unspecified address'],
    ['::1', 'a loopback address'],
    ['0:0:0:0:0:0:0:1', 'a loopback address'],
    ['fe80::1%eth0', 'a link-local address'],
    ['fd00:ec2::254', 'a unique-local address'],
    ['fc00::1', 'a unique-local address'],
    ['ff02::1', 'a multicast address'],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['::FFFF:7f00:1', 'a loopback address'],
    ['0:0:0:0:0:ffff:169.254.169.254', 'a link-local address'],
    ['64:ff9b::10.0.0.1', 'a private address'],
    ['64:ff9b::', 'an unspecified address'],
    ['64:ff9b:1::1', 'a reserved address'],
    ['::127.0.0.1', 'a reserved address'],
    ['::ffff:0:127.0.0.1', 'a reserved address'],
    ['2002:7f00:1::', 'a reserved address'],
    ['2001::1', 'a reserved address'],
    ['2001:db8::1', 'a reserved address'],
    ['fec0::1', 'a reserved address'],
    ['localhost', 'no IP address'],
    ['2130706433', 'no IP address'],
    ['127.1', 'no IP address'],
    ['[::1]', 'no IP address'],
    ['', 'no IP address'],
  ])('%s: %s', (address, why) => {
    expect(strict.refusal(address, true)).toBe(why);
  });

  it.each(PRIVATE)('anything of %s, also in an IPv6 wrapping', (network) => {
    fc.assert(
      fc.property(inside(network), (bits) => {
        for (const address of [dotted(bits), `::ffff:${dotted(bits)}`, `::ffff:${hex(bits)}`, `64:ff9b::${dotted(bits)}`]) {
          expect(strict.refusal(address, true), address).toBeDefined();
        }
      }),
    );
  });

  it('says of an IPv4 address in a wrapping what it says of the address', () => {
    fc.assert(
      fc.property(ipv4, fc.boolean(), (bits, encrypted) => {
        const plain = strict.refusal(dotted(bits), encrypted);
        expect(strict.refusal(`::ffff:${dotted(bits)}`, encrypted)).toBe(plain);
        expect(strict.refusal(`0:0:0:0:0:ffff:${hex(bits)}`, encrypted)).toBe(plain);
        expect(strict.refusal(`64:ff9b::${hex(bits)}`, encrypted)).toBe(plain);
      }),
    );
  });

  it('of IPv6 everything outside of 2000::/3, less what wraps a public IPv4 address', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, ([first = 0, ...rest]) => {
        fc.pre(first >> 13 !== 1 && first !== 0x64 && first !== 0);
        const address = [first, ...rest].map((group) => group.toString(16)).join(':');
        expect(strict.refusal(address, true)).toBeDefined();
      }),
    );
  });

  it('plain HTTP to the public network', () => {
    expect(strict.refusal('93.184.215.14', false)).toBe('an address to which only https:// may go');
    expect(strict.refusal('127.0.0.1', false)).toBe('a loopback address');
  });
});

describe('what a webhook may reach', () => {
  it.each([
    '1.1.1.1',
    '93.184.215.14',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700:4700::1111',
    '64:ff9b::1.1.1.1',
    '::ffff:8.8.8.8',
  ])('the public network: %s', (address) => {
    expect(strict.refusal(address, true)).toBeUndefined();
  });

  it('a network that was named, in plain as well, and nothing beside it', () => {
    const rules = createAddressRules([
      { address: '10.1.0.0', prefix: 16 },
      { address: 'fd12::', prefix: 16 },
      { address: '127.0.0.1', prefix: 32 },
    ]);
    const verdicts = ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::5', '127.0.0.1'].map((address) => rules.refusal(address, false));
    expect(verdicts).toEqual([undefined, undefined, undefined, undefined]);
    expect(['10.2.0.0', 'fd13::5', '127.0.0.2', '::1'].map((address) => rules.refusal(address, true))).toEqual([
      'a private address',
      'a unique-local address',
      'a loopback address',
      'a loopback address',
    ]);
  });

  it('exactly what the prefix covers', () => {
    fc.assert(
      fc.property(ipv4, ipv4, fc.integer({ min: 0, max: 32 }), (base, bits, prefix) => {
        const rules = createAddressRules([{ address: dotted(base), prefix }]);
        const covered = prefix === 0 || base >>> (32 - prefix) === bits >>> (32 - prefix);
        if (covered) expect(rules.refusal(dotted(bits), false)).toBeUndefined();
        else expect(rules.refusal(dotted(bits), true)).toBe(strict.refusal(dotted(bits), true));
      }),
    );
  });
});

describe('the spellings of an address in a URL', () => {
  it.each([
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://0x7f000001/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://１２７.０.０.１/',
    'http://%31%32%37.0.0.1/',
    'http://①②⑦.0.0.1/',
  ])('%s is the loopback address', (url) => {
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    expect(strict.refusal(host, true)).toBe('a loopback address');
  });
});

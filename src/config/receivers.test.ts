import { describe, expect, test } from 'vitest';
import { grpcUrl, networks, webhookSecrets, webhookUrl } from './receivers.ts';
import { BadValue } from './values.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function problem(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof BadValue) return error.message;
    throw error;
  }
  return '';
}

describe('webhook-url', () => {
  test.each(['https://example.org/hook?token=x', 'http://10.0.0.1:8080/', 'https://name:pass%20word@example.org/'])(
    '%s',
    (url) => {
      expect(webhookUrl().parse(url)).toBe(url);
    },
  );

  test.each([
    ['example.org', /must be an http/],
    ['ftp://example.org/', /must be an http/],
    ['https://', /must be an http/],
    ['https://name:%zz@example.org/', /write it as %25/],
  ])('%s is refused', (url, why) => {
    expect(problem(() => webhookUrl().parse(url))).toMatch(why);
  });
});

describe('webhook-secret', () => {
  test('one, or several while they are changed', () => {
    expect(webhookSecrets().parse(`${SECRET}, ${'s'.repeat(24)}`)).toEqual([SECRET, 's'.repeat(24)]);
  });

  test.each([
    ['short', /5 bytes, which can be guessed/],
    ['whsec_c2hvcnQ=', /5 bytes, which can be guessed/],
    ['whsec_no base64 at all, is it', /Base64 behind whsec_/],
    [`${SECRET},`, /0 bytes/],
    [Array(5).fill(SECRET).join(','), /more than 4/],
  ])('%s is refused, and not told', (given, why) => {
    const told = problem(() => webhookSecrets().parse(given));
    expect(told).toMatch(why);
    expect(told).not.toContain(given);
  });
});

describe('webhook-allow', () => {
  test('addresses and networks of both families', () => {
    expect(networks().parse('10.1.0.0/16, 127.0.0.1,::1 ,fd12::/16')).toEqual([
      { address: '10.1.0.0', prefix: 16 },
      { address: '127.0.0.1', prefix: 32 },
      { address: '::1', prefix: 128 },
      { address: 'fd12::', prefix: 16 },
    ]);
  });

  test.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '010.0.0.1',
    'fe80::1%eth0',
    '10.0.0.0/-1',
  ])('"%s" is refused', (given) => {
    expect(problem(() => networks().parse(given))).toMatch(/^has ".*": /);
  });
});

describe('events-grpc-url', () => {
  test.each(['http://127.0.0.1:50051', 'https://handler.example.org', 'http://[::1]:50051/'])('%s', (url) => {
    expect(grpcUrl().parse(url)).toBe(url);
  });

  test.each([
    ['handler:50051', /must be an address like/],
    ['http://handler:50051/path', /must end behind the port/],
    ['http://handler:50051?a=b', /must end behind the port/],
    ['http://ada:secret@handler:50051', /must not have a name/],
  ])('%s is refused', (url, why) => {
    expect(problem(() => grpcUrl().parse(url))).toMatch(why);
  });
});

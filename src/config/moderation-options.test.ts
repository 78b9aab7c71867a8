import { describe, expect, test } from 'vitest';
import { ConfigError, parseConfig } from '../config.ts';

const configOf = (options: Readonly<Record<string, string>>) => parseConfig({ options, env: {} });
const limitsOf = (options: Readonly<Record<string, string>>) => {
  const { rate, addressRate, connectionRate, spam } = configOf(options).limits;
  return { rate, addressRate, connectionRate, spam };
};

describe('limits of what users say', () => {
  test('that are not set follow the rate of users', () => {
    expect(limitsOf({})).toEqual({
      rate: { messages: 10, window: 1_000 },
      addressRate: { messages: 1_000, window: 1_000 },
      connectionRate: undefined,
      spam: { times: 20, within: 30_000, mute: 60_000 },
    });
    expect(limitsOf({ 'rate-limit': '500000/60000' })).toMatchObject({ addressRate: { messages: 9_999_999, window: 60_000 } });
    expect(limitsOf({ 'rate-limit': 'off' })).toEqual({
      rate: undefined,
      addressRate: undefined,
      connectionRate: undefined,
      spam: undefined,
    });
  });

  test('that are set hold whatever the rate of users is', () => {
    const given = { 'address-rate-limit': '7/1000', 'connection-rate-limit': '3/500', 'spam-limit': '5/30s/1m' };
    expect(limitsOf({ 'rate-limit': 'off', ...given })).toEqual({
      rate: undefined,
      addressRate: { messages: 7, window: 1_000 },
      connectionRate: { messages: 3, window: 500 },
      spam: { times: 5, within: 30_000, mute: 60_000 },
    });
    const off = { 'address-rate-limit': 'off', 'connection-rate-limit': 'off', 'spam-limit': 'off' };
    expect(limitsOf(off)).toMatchObject({ addressRate: undefined, connectionRate: undefined, spam: undefined });
  });

  test.each([
    '',
    '5',
    '5/30s',
    '1/30s/60s',
    '1001/30s/60s',
    '5/30s/60s/1',
    '5/0/60s',
    '5/30s/-1',
    'five/30s/60s',
    '5 / 30s / 60s',
  ])('refuse %j as a limit of repeats', (text) => {
    expect(() => configOf({ 'spam-limit': text })).toThrow(ConfigError);
  });
});

describe('the moderation hook', () => {
  test('is there when it has an address', () => {
    expect(configOf({ 'moderation-secret': 'x' }).moderation).toBeUndefined();
    expect(configOf({ 'moderation-url': 'http://10.0.0.1:9000/judge' }).moderation).toEqual({
      url: 'http://10.0.0.1:9000/judge',
      secret: undefined,
      timeout: 300,
      failure: 'pass',
      everybody: false,
    });
    const options = {
      'moderation-url': 'https://x.example',
      'moderation-secret': 's3cret',
      'moderation-scope': 'all',
      'moderation-failure': 'refuse',
    };
    const { moderation, sources } = configOf(options);
    expect(moderation).toMatchObject({ secret: 's3cret', failure: 'refuse', everybody: true });
    expect(JSON.stringify(sources)).not.toContain('s3cret');
  });

  test.each([
    { 'moderation-url': 'ftp://x.example' },
    { 'moderation-timeout': '0' },
    { 'moderation-failure': 'maybe' },
    { 'moderation-scope': 'some' },
  ])('refuses %o', (options) => {
    expect(() => configOf(options)).toThrow(ConfigError);
  });
});

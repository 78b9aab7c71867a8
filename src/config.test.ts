import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, OPTION_LIST, parseConfig, variableOf } from './config.ts';
import { DEFAULT_LIMITS, hashSecret } from './core/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'switchboard-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: unknown, name = 'switchboard.json'): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function problemsOf(given: Parameters<typeof parseConfig>[0]): readonly string[] {
  try {
    parseConfig(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const option = (name: string, value: string): readonly string[] => problemsOf({ options: { [name]: value }, env: {} });

describe('where a value comes from', () => {
  test('nothing given: the defaults, and the limits of the core as they are', () => {
    const config = parseConfig({ options: {}, env: {} });
    expect(config).toMatchObject({ port: 8080, host: '127.0.0.1', data: resolve('data'), logLevel: 'info', apiTokens: [] });
    expect(config.limits).toEqual(DEFAULT_LIMITS);
    expect(config.jwt.algorithms).toEqual(['HS256', 'RS256', 'ES256', 'EdDSA']);
    expect(config.sources.map(({ from }) => from)).toEqual(OPTION_LIST.map(() => 'default'));
  });

  test('the command line goes before the environment, that before the file, that before the default', () => {
    const path = file({ port: 1, host: 'file', data: '/file', 'max-page': 7 });
    const env = { SWITCHBOARD_CONFIG: path, SWITCHBOARD_PORT: '2', SWITCHBOARD_HOST: 'environment' };
    const config = parseConfig({ options: { port: '3' }, env });
    expect(config).toMatchObject({ port: 3, host: 'environment', data: '/file', limits: { maxPage: 7, maxKeyLength: 128 } });
    const from = Object.fromEntries(config.sources.map((setting) => [setting.name, setting.from]));
    expect(from).toMatchObject({
      port: '--port',
      host: 'SWITCHBOARD_HOST',
      data: `"data" in ${path}`,
      config: 'SWITCHBOARD_CONFIG',
      'max-key-length': 'default',
    });
  });

  test('every option is read from all three places under its name', () => {
    for (const { name, default: value } of OPTION_LIST) {
      if (value === undefined) continue;
      const sources = [
        parseConfig({ options: { [name]: value }, env: {} }),
        parseConfig({ options: {}, env: { [variableOf(name)]: value } }),
        parseConfig({ options: { config: file({ [name]: value }) }, env: {} }),
      ].map((config) => config.sources.find((setting) => setting.name === name)?.from);
      expect(sources).toEqual([`--${name}`, variableOf(name), `"${name}" in ${join(folder, 'switchboard.json')}`]);
    }
  });

  test('a key of the file may be written in three ways, a list as a list, a number as a number', () => {
    const content = { MAX_PAGE: 7, roomHistory: '8', 'small-group': 9, jwtAudience: ['a', 'b'] };
    const config = parseConfig({ options: { config: file(content) }, env: {} });
    expect(config.limits).toMatchObject({ maxPage: 7, roomHistory: 8, smallGroup: 9 });
    expect(config.jwt.audience).toEqual(['a', 'b']);
  });

  test('variables that are not ours are left alone', () => {
    expect(problemsOf({ options: {}, env: { PORT: 'x', SWITCHBOARDPORT: 'x', MY_SWITCHBOARD_PORT: 'x' } })).toEqual([]);
  });
});

describe('values', () => {
  test('bytes and times may have units', () => {
    const options = {
      'max-frame-bytes': '1MiB',
      'max-text-bytes': '8KiB',
      'recall-window': '5m',
      'edit-window': '1d',
      'presence-grace': '250ms',
    };
    const config = parseConfig({ options, env: {} });
    expect(config.maxFrameBytes).toBe(1_048_576);
    expect(config.limits).toMatchObject({
      maxTextBytes: 8_192,
      recallWindow: 300_000,
      editWindow: 86_400_000,
      presenceGrace: 250,
    });
  });

  test('a rate is messages in milliseconds, or off', () => {
    expect(parseConfig({ options: { 'rate-limit': '3/60000' }, env: {} }).limits.rate).toEqual({ messages: 3, window: 60_000 });
    expect(parseConfig({ options: { 'rate-limit': 'off' }, env: {} }).limits.rate).toBeUndefined();
    for (const wrong of ['10', '0/1000', '10/0', '-1/5', '10/1s', 'OFF'])
      expect(option('rate-limit', wrong), wrong).toHaveLength(1);
  });

  test('what is out of range or no value at all is refused with what may be written', () => {
    expect(option('port', '65536')).toEqual(['--port must be integer from 0 to 65535.']);
    for (const wrong of ['-1', '80.5', '0x50', '1e3', ' 80', '8080abc', 'NaN'])
      expect(option('port', wrong), wrong).toHaveLength(1);
    expect(option('log-level', 'loud')).toEqual(['--log-level must be one of debug, info, warn, error, silent.']);
    expect(option('max-frame-bytes', '1MB')).toHaveLength(1);
    expect(option('recall-window', '5 minutes')).toHaveLength(1);
    expect(option('jwks-url', 'ftp://example.org/keys')).toEqual(['--jwks-url must be an http:// or https:// address.']);
    expect(option('jwks-url', 'https://me:secret@example.org/')).toEqual(['--jwks-url must not have a name or password in it.']);
    expect(option('jwt-algorithms', 'HS256,none')).toHaveLength(1);
    expect(option('jwt-algorithms', 'HS256,,RS256')).toEqual(['--jwt-algorithms has an empty entry.']);
  });

  test('an S3 service needs its bucket and keys', () => {
    const problems = option('s3-endpoint', 'http://127.0.0.1:9000');
    expect(problems.join()).toMatch(/s3-bucket, s3-access-key and s3-secret-key are needed/);
  });

  test('a webhook needs a secret, and a network of ours where it is not encrypted', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const given = { 'webhook-url': 'http://10.0.0.1/hook?token=xyz', 'webhook-secret': secret };
    expect(option('webhook-url', 'https://example.org/hook').join()).toMatch(/^webhook-url is set: webhook-secret is needed too/);
    expect(problemsOf({ options: given, env: {} }).join()).toMatch(/^webhook-url is http:\/\/ and webhook-allow is not set/);
    const config = parseConfig({ options: { ...given, 'webhook-allow': '10.0.0.0/8' }, env: {} });
    expect(config.sinks).toMatchObject({
      webhook: { url: given['webhook-url'], secrets: [secret], allow: [{ address: '10.0.0.0', prefix: 8 }] },
      grpc: undefined,
      file: undefined,
    });
    // Neither is ever shown: the address may hold a password or a token.
    expect(JSON.stringify([config.sources, config.given])).not.toMatch(/xyz|MfKQ9r8/);
  });

  test('an event handler and a file of events', () => {
    const options = { 'events-grpc-url': 'https://handler:50051', 'events-file': 'events.jsonl', 'events-file-size': '1MiB' };
    expect(parseConfig({ options, env: {} }).sinks).toMatchObject({
      grpc: { url: 'https://handler:50051' },
      file: { path: resolve('events.jsonl'), maxBytes: 1024 ** 2, keep: 10 },
    });
  });

  test('brokers are there when an address is given', () => {
    expect(parseConfig({ options: {}, env: {} }).sinks).toMatchObject({ kafka: undefined, nats: undefined });
    const env = {
      SWITCHBOARD_KAFKA_BROKERS: 'a.example:9092,[::1]:9093',
      SWITCHBOARD_KAFKA_TOPIC_PREFIX: 'shop.chat',
      SWITCHBOARD_EVENTS_NATS_URL: 'nats://me:secret@a:4222,nats://b:4222',
      SWITCHBOARD_EVENTS_NATS_OWN_EVENTS: 'false',
    };
    expect(parseConfig({ options: {}, env }).sinks).toMatchObject({
      kafka: { brokers: ['a.example:9092', '[::1]:9093'], prefix: 'shop.chat', own: true },
      nats: { url: env.SWITCHBOARD_EVENTS_NATS_URL, stream: 'SWITCHBOARD_EVENTS', subject: 'switchboard.events', own: false },
    });
  });

  test('what is no address of a broker, and what they take in no name, is refused', () => {
    for (const wrong of ['a', 'a:', 'a:99999', 'kafka://a:9092', 'a:9092/x', 'a:9092 b:9092', 'me@a:9092'])
      expect(option('kafka-brokers', wrong), wrong).toHaveLength(1);
    for (const wrong of ['a:4222', 'http://a', 'nats://', 'nats://a,b'])
      expect(option('events-nats-url', wrong), wrong).toHaveLength(1);
    expect(option('events-nats-url', 'http://me:secret@a').join()).not.toContain('secret');
    for (const wrong of ['a..b', '.a', 'a b', 'a*', 'a.>', 'x'.repeat(61)]) {
      expect(option('kafka-topic-prefix', wrong), wrong).toHaveLength(1);
      expect(option('events-nats-subject', wrong), wrong).toHaveLength(1);
    }
    expect(option('events-nats-stream', 'A.B')).toHaveLength(1);
  });

  test('an empty value is refused for every option, so that a variable that did not expand is noticed', () => {
    for (const { name } of OPTION_LIST) expect(option(name, ' ').join(), name).toMatch(/is empty|cannot be read/);
  });

  test('the object is frozen to its leaves', () => {
    const config = parseConfig({ options: { 'api-token': 'secret' }, env: {} });
    for (const part of [
      config,
      config.limits,
      config.limits.rate,
      config.jwt,
      config.jwt.algorithms,
      config.apiTokens[0],
      config.sources[0],
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});

describe('what stops the start', () => {
  test('an unknown name, with the nearest known one as it is written there', () => {
    expect(option('prot', '1')[0]).toContain('--prot is not an option of this version. Did you mean --port?');
    const env = problemsOf({ options: {}, env: { SWITCHBOARD_MAX_PAGES: '1' } });
    expect(env[0]).toContain('SWITCHBOARD_MAX_PAGES is not an option of this version. Did you mean SWITCHBOARD_MAX_PAGE?');
    const path = file({ hots: 'x' });
    expect(problemsOf({ options: { config: path }, env: {} })[0]).toContain(
      `"hots" in ${path} is not an option of this version. Did you mean "host"?`,
    );
  });

  test('options of parts that this version does not have', () => {
    for (const name of ['DATABASE_URL', 'NATS_URL']) {
      const problems = problemsOf({ options: {}, env: { [`SWITCHBOARD_${name}`]: 'x' } });
      expect(problems, name).toHaveLength(1);
      expect(problems[0]).toContain(`SWITCHBOARD_${name} is not an option of this version.`);
    }
  });

  test('the variables that Kubernetes makes of a service with our name are explained', () => {
    const env = { SWITCHBOARD_PORT: 'tcp://10.0.0.7:8080', SWITCHBOARD_SERVICE_HOST: '10.0.0.7' };
    expect(problemsOf({ options: {}, env }).join()).toContain('enableServiceLinks: false');
  });

  test('all problems are told at once, each naming its place', () => {
    const path = file({ 'max-page': 0, nothing: true });
    const problems = problemsOf({ options: { config: path, port: 'x' }, env: { SWITCHBOARD_LOG_LEVEL: 'x' } });
    expect(problems.map((problem) => /^(--?[\w-]+|\w+|"[\w-]+")/.exec(problem)?.[0])).toEqual([
      '"nothing"',
      '--port',
      'SWITCHBOARD_LOG_LEVEL',
      '"max-page"',
    ]);
  });

  test('a file that is missing, is not JSON, is not an object, names another file, or says a thing twice', () => {
    const from = (content: unknown): string => problemsOf({ options: { config: file(content) }, env: {} }).join();
    expect(problemsOf({ options: { config: join(folder, 'missing.json') }, env: {} })[0]).toMatch(
      /missing\.json cannot be read: ENOENT/,
    );
    expect(from('{"port": }')).toMatch(/is not JSON/);
    expect(from([1])).toMatch(/must hold one JSON object/);
    expect(from({ config: 'other.json' })).toMatch(/a file names no other file/);
    expect(from({ maxPage: 1, max_page: 2 })).toMatch(/are the same option/);
    expect(from({ port: { deep: 1 } })).toMatch(/must be a text, a number or a list of texts/);
    expect(from({ jwtAudience: ['a,b'] })).toMatch(/must be a text/);
  });

  test('values that cannot work together', () => {
    expect(option('max-text-bytes', '1MiB').join()).toMatch(/max-frame-bytes \(524288\) must be at least max-text-bytes/);
    expect(option('jwt-algorithms', 'RS256').join()).toMatch(/no token could ever be valid/);
    const onlyShared = problemsOf({ options: { 'jwt-algorithms': 'HS256', 'jwks-url': 'https://example.org/keys' }, env: {} });
    expect(onlyShared.join()).toMatch(/its keys would never be used/);
  });
});

describe('secrets', () => {
  const secret = 'a-secret-that-must-not-be-shown';

  test('are masked where values are shown', () => {
    const config = parseConfig({
      options: { 'jwt-secret': secret, 'api-token': secret, token: secret, 'events-nats-url': `nats://${secret}@a:4222` },
      env: {},
    });
    expect(JSON.stringify(config.sources)).not.toContain(secret);
    expect(config.sources.filter(({ value }) => value === '********').map(({ name }) => name)).toEqual([
      'jwt-secret',
      'api-token',
      'events-nats-url',
      'token',
    ]);
    expect(config.apiTokens).toMatchObject([{ name: 'default', hash: hashSecret(secret), scopes: ['admin'] }]);
  });

  test('are in no complaint', () => {
    for (const wrong of [
      `${secret}:`,
      `bad name:users:${secret}`,
      `${secret},${secret}`,
      `ops:nothing:${secret}`,
      `${secret}::`,
    ]) {
      const problems = option('api-token', wrong);
      expect(problems, wrong).toHaveLength(1);
      expect(problems[0]).not.toContain(secret);
    }
  });
});

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

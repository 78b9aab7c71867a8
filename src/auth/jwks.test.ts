import { createHmac, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChatError } from '../core/index.ts';
import { createTokens } from './tokens.ts';
import type { TokenOptions } from './tokens.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const rsa = (): Pair => generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = (): Pair => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = (): Pair => generateKeyPairSync('ed25519');

function sign(alg: string, { privateKey }: Pair, header: object = {}, claims: object = {}): string {
  const text = `${part({ alg, ...header })}.${part({ sub: '1', ...claims })}`;
  const digest = alg === 'EdDSA' ? null : 'sha256';
  const signature = signBytes(digest, Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** An identity provider on a free port. */
class Provider {
  keys: object[] = [];
  status = 200;
  body: string | undefined;
  asked = 0;
  readonly #server: Server = createServer((_request, response) => {
    this.asked += 1;
    response.writeHead(this.status, { 'content-type': 'application/json' });
    response.end(this.body ?? JSON.stringify({ keys: this.keys }));
  });

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://127.0.0.1:${address.port}/keys`;
  }

  publish(...pairs: readonly (readonly [Pair, object])[]): void {
    this.keys = pairs.map(([{ publicKey }, more]) => ({ ...publicKey.export({ format: 'jwk' }), ...more }));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

let provider: Provider;
let warnings: string[];

beforeEach(async () => {
  provider = new Provider();
  warnings = [];
  await provider.listen();
});

afterEach(() => provider.close());

const tokensOf = (options: Partial<TokenOptions> = {}) =>
  createTokens({
    secret: 'a secret for tests that is long enough to be one',
    jwksUrl: provider.url,
    algorithms: ['HS256', 'RS256', 'ES256', 'EdDSA'],
    log: { warn: (_fields, text) => void warnings.push(text) },
    ...options,
  });

describe('tokens of an identity provider', () => {
  test.each([
    ['RS256', rsa],
    ['ES256', ec],
    ['EdDSA', ed],
  ])('%s', async (alg, pairOf) => {
    const [pair, stranger] = [pairOf(), pairOf()];
    provider.publish([pair, { kid: 'a', alg, use: 'sig' }]);
    const tokens = tokensOf();
    expect(await tokens.verify(sign(alg, pair, { kid: 'a' }))).toMatchObject({ subject: '1', role: 'user' });
    await expect(tokens.verify(sign(alg, stranger, { kid: 'a' }))).rejects.toThrow('The signature of the token is wrong.');
    await expect(tokens.verify(sign(alg, pair, { kid: 'b' }))).rejects.toThrow('signed with a key that is not known here');
    expect(provider.asked).toBe(1);
  });

  test('tokens of the own secret are accepted beside them', async () => {
    provider.publish([rsa(), { kid: 'a' }]);
    const tokens = tokensOf();
    const minted = await tokens.mint({ subject: '5', namespace: 'default', role: 'user', ttl: 60_000 });
    expect(await tokens.verify(minted)).toMatchObject({ subject: '5' });
    expect(provider.asked).toBe(0);
  });

  test('issuer, audience and times are held to as well', async () => {
    const pair = ec();
    provider.publish([pair, { kid: 'a' }]);
    const tokens = tokensOf({ issuer: 'https://id', audience: ['chat'] });
    await tokens.verify(sign('ES256', pair, { kid: 'a' }, { iss: 'https://id', aud: 'chat' }));
    await expect(tokens.verify(sign('ES256', pair, { kid: 'a' }, { iss: 'https://no', aud: 'chat' }))).rejects.toThrow('issuer');
    await expect(tokens.verify(sign('ES256', pair, { kid: 'a' }, { iss: 'https://id', aud: 'chat', exp: 1 }))).rejects.toThrow(
      'expired',
    );
  });
});

describe('a public key is not a secret', () => {
  test('a token signed by HMAC with the text of the public key is refused', async () => {
    const pair = rsa();
    provider.publish([pair, { kid: 'a' }]);
    const tokens = tokensOf();
    await tokens.verify(sign('RS256', pair, { kid: 'a' }));
    const forms = [
      pair.publicKey.export({ format: 'pem', type: 'spki' }),
      pair.publicKey.export({ format: 'der', type: 'spki' }),
      JSON.stringify(pair.publicKey.export({ format: 'jwk' })),
    ];
    for (const key of forms) {
      const text = `${part({ alg: 'HS256', kid: 'a' })}.${part({ sub: '1' })}`;
      const token = `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
      await expect(tokens.verify(token)).rejects.toThrow('The signature of the token is wrong.');
    }
  });

  test('a symmetric key that a provider publishes by mistake is not used', async () => {
    provider.keys = [{ kty: 'oct', kid: 'a', k: Buffer.from('published').toString('base64url') }];
    const text = `${part({ alg: 'HS256', kid: 'a' })}.${part({ sub: '1' })}`;
    const token = `${text}.${createHmac('sha256', 'published').update(text).digest('base64url')}`;
    await expect(tokensOf().verify(token)).rejects.toThrow('The signature of the token is wrong.');
  });

  test('a key of one algorithm is not used for another', async () => {
    const pair = rsa();
    provider.publish([pair, { kid: 'a', alg: 'PS256' }]);
    await expect(tokensOf().verify(sign('RS256', pair, { kid: 'a' }))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(tokensOf({ algorithms: ['HS256', 'ES256'] }).verify(sign('RS256', pair))).rejects.toThrow('algorithm');
  });
});

describe('rotation', () => {
  test('a key that is new is fetched when its first token comes; one withdrawn is no longer trusted', async () => {
    const [old, fresh] = [ec(), ec()];
    provider.publish([old, { kid: 'old' }]);
    const tokens = tokensOf({ jwksCooldown: 0 });
    await tokens.verify(sign('ES256', old, { kid: 'old' }));
    provider.publish([fresh, { kid: 'fresh' }]);
    await tokens.verify(sign('ES256', fresh, { kid: 'fresh' }));
    await expect(tokens.verify(sign('ES256', old, { kid: 'old' }))).rejects.toThrow('signed with a key that is not known here');
  });

  test('tokens that name keys nobody has do not make us ask again and again', async () => {
    provider.publish([ec(), { kid: 'a' }]);
    const tokens = tokensOf();
    const stranger = ec();
    for (let at = 0; at < 20; at += 1) {
      await expect(tokens.verify(sign('ES256', stranger, { kid: `guess-${at}` }))).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    }
    expect(provider.asked).toBe(1);
  });

  test('a token without a key id is tried with every key that fits', async () => {
    const [one, two, stranger] = [ec(), ec(), ec()];
    provider.publish([one, {}], [rsa(), {}], [two, {}]);
    const tokens = tokensOf();
    expect(await tokens.verify(sign('ES256', two))).toMatchObject({ subject: '1' });
    await expect(tokens.verify(sign('ES256', stranger))).rejects.toThrow('The signature of the token is wrong.');
    await expect(tokens.verify(sign('ES256', two, {}, { exp: 1 }))).rejects.toThrow('expired');
  });
});

describe('a provider that fails', () => {
  test.each([
    ['answers an error', (it: Provider) => void (it.status = 500)],
    ['sends elsewhere', (it: Provider) => void (it.status = 302)],
    ['answers no JSON', (it: Provider) => void (it.body = '<html>')],
    ['answers no key set', (it: Provider) => void (it.body = '{"keys":7}')],
  ])('it %s: its tokens are not called bad, and work when it works', async (_name, breakIt) => {
    const pair = ec();
    provider.publish([pair, { kid: 'a' }]);
    breakIt(provider);
    const tokens = tokensOf();
    const error: unknown = await tokens.verify(sign('ES256', pair, { kid: 'a' })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ChatError);
    expect(error).toMatchObject({ code: 'unavailable', retryAfter: 1_000 });
    await expect(tokens.verify(sign('ES256', pair, { kid: 'a' }))).rejects.toMatchObject({ code: 'unavailable' });
    expect(warnings).toHaveLength(1);
    [provider.status, provider.body] = [200, undefined];
    expect(await tokens.verify(sign('ES256', pair, { kid: 'a' }))).toMatchObject({ subject: '1' });
  });

  test('it is not there: its tokens wait, those of the own secret do not', async () => {
    const tokens = tokensOf();
    await provider.close();
    await expect(tokens.verify(sign('ES256', ec(), { kid: 'a' }))).rejects.toMatchObject({ code: 'unavailable' });
    const minted = await tokens.mint({ subject: '5', namespace: 'default', role: 'user', ttl: 60_000 });
    expect(await tokens.verify(minted)).toMatchObject({ subject: '5' });
  });
});

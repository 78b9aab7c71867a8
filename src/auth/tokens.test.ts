import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Claims } from '../core/index.ts';
import { ChatError } from '../core/index.ts';
import { createTokens } from './tokens.ts';
import type { TokenOptions } from './tokens.ts';

const SECRET = 'a secret for tests that is long enough to be one';
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const SECONDS = Math.floor(NOW / 1000);

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signed by hand: nothing of the library under test is used. */
function sign(claims: unknown, header: object = { alg: 'HS256', typ: 'JWT' }, key: string | Buffer = SECRET): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

const tokensOf = (options: Partial<TokenOptions> = {}) =>
  createTokens({ secret: SECRET, algorithms: ['HS256', 'RS256', 'ES256', 'EdDSA'], now: () => NOW, ...options });

const verify = (token: string, options?: Partial<TokenOptions>): Promise<Claims> => tokensOf(options).verify(token);

/** The refusal of a token; fails when it is accepted. */
async function refusal(token: string, options?: Partial<TokenOptions>): Promise<ChatError> {
  const thrown: unknown = await verify(token, options).then(
    (claims) => new Error(`accepted: ${JSON.stringify(claims)}`),
    (error: unknown) => error,
  );
  if (!(thrown instanceof ChatError)) throw thrown;
  return thrown;
}

describe('a valid token', () => {
  test('says who and for how long', async () => {
    const token = sign({ sub: '7', name: 'Ada', role: 'operator', ns: 'acme', jti: 'x', iat: SECONDS - 10, exp: SECONDS + 60 });
    expect(await verify(token)).toEqual({
      subject: '7',
      namespace: 'acme',
      role: 'operator',
      name: 'Ada',
      token: 'x',
      issuedAt: (SECONDS - 10) * 1000,
      expiresAt: (SECONDS + 60) * 1000 + 5_000,
    });
  });

  test('needs a subject and nothing more', async () => {
    const claims = { subject: 'ada@example.org', namespace: 'default', role: 'user', issuedAt: 0, expiresAt: Infinity };
    expect(await verify(sign({ sub: 'ada@example.org' }))).toEqual(claims);
  });

  test('is taken a few seconds early and late: clocks differ', async () => {
    await verify(sign({ sub: '1', exp: SECONDS - 4, iat: SECONDS - 60 }));
    await verify(sign({ sub: '1', nbf: SECONDS + 4, iat: SECONDS + 4 }));
    expect((await refusal(sign({ sub: '1', exp: SECONDS - 5 }))).message).toBe('The token has expired.');
    expect((await refusal(sign({ sub: '1', nbf: SECONDS + 6 }))).message).toBe('The token is not valid yet (nbf).');
    expect((await refusal(sign({ sub: '1', iat: SECONDS + 7 }))).message).toBe('The token is issued in the future (iat).');
  });
});

describe('what a token must not say', () => {
  test.each([
    [{ name: 'Ada' }, 'no subject'],
    [{ sub: '' }, 'subject of the token (sub) must be a text'],
    [{ sub: 7 }, 'subject of the token (sub) must be a text'],
    [{ sub: '1', role: 'admin' }, 'role of the token is not one of user, operator, bot, guest'],
    [{ sub: '1', role: null }, 'role of the token is not one of'],
    [{ sub: '1', role: ['user'] }, 'role of the token is not one of'],
    [{ sub: '1', ns: 5 }, 'namespace of the token (ns) must be a text'],
    [{ sub: '1', name: {} }, 'name in the token (name) must be a text'],
    [{ sub: '1', jti: 5 }, 'id of the token (jti) must be a text'],
    [{ sub: '1', exp: 'never' }, 'expiry of the token (exp) is not a number'],
    [{ sub: '1', iat: 'now' }, 'time of issue of the token (iat) is not a number'],
    [{ sub: '1', nbf: 'now' }, 'start of the token (nbf) is not a number'],
  ])('%j', async (claims, reason) => {
    const error = await refusal(sign(claims));
    expect(error.code).toBe('unauthenticated');
    expect(error.message).toContain(reason);
  });
});

describe('issuer and audience', () => {
  const options = { issuer: 'https://id.example.org', audience: ['chat', 'desk'] };

  test('are asked for when they are configured', async () => {
    await verify(sign({ sub: '1', iss: 'https://id.example.org', aud: 'chat' }), options);
    await verify(sign({ sub: '1', iss: 'https://id.example.org', aud: ['other', 'desk'] }), options);
    expect((await refusal(sign({ sub: '1', aud: 'chat' }), options)).message).toContain('issuer');
    expect((await refusal(sign({ sub: '1', iss: 'https://elsewhere', aud: 'chat' }), options)).message).toContain('issuer');
    expect((await refusal(sign({ sub: '1', iss: 'https://id.example.org' }), options)).message).toContain('audience');
    expect((await refusal(sign({ sub: '1', iss: 'https://id.example.org', aud: ['x'] }), options)).message).toContain('audience');
  });

  test('are in a minted token, which would be refused without them', async () => {
    const tokens = tokensOf(options);
    const minted = await tokens.mint({ subject: '1', namespace: 'default', role: 'user', ttl: 1_000 });
    expect(await tokens.verify(minted)).toMatchObject({ subject: '1' });
  });
});

describe('signatures', () => {
  const claims = { sub: '1', exp: SECONDS + 60 };

  test('by another key, cut, swapped or absent are refused', async () => {
    const [header, payload, signature] = sign(claims).split('.');
    const other = part({ ...claims, sub: '2' });
    const tries = [
      sign(claims, undefined, 'another secret'),
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${other}.${signature}`,
      `${header}.${payload}.${signature?.slice(0, -2)}`,
      `${header}.${payload}.${signature}.`,
    ];
    for (const token of tries) expect((await refusal(token)).code, token).toBe('unauthenticated');
  });

  test('the algorithm "none" in every spelling', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      for (const signature of ['', createHmac('sha256', SECRET).update('x').digest('base64url')]) {
        const error = await refusal(`${part({ alg })}.${part(claims)}.${signature}`);
        expect(error.message).toBe('The algorithm of the token is not accepted here.');
      }
    }
  });

  test('an algorithm that is not allowed, though the signature fits', async () => {
    const text = `${part({ alg: 'HS512' })}.${part(claims)}`;
    const token = `${text}.${createHmac('sha512', SECRET).update(text).digest('base64url')}`;
    expect((await refusal(token)).message).toBe('The algorithm of the token is not accepted here.');
    expect(await verify(token, { algorithms: ['HS256', 'HS512'] })).toMatchObject({ subject: '1' });
  });

  test('public-key algorithms are not accepted without an identity provider', async () => {
    for (const alg of ['RS256', 'ES256', 'EdDSA']) expect((await refusal(sign(claims, { alg }))).message).toContain('algorithm');
  });

  test('a header that asks for what nobody here understands', async () => {
    expect((await refusal(sign(claims, { alg: 'HS256', crit: ['exp2'], exp2: 1 }))).code).toBe('unauthenticated');
    expect((await refusal(sign(claims, { alg: 'HS256', b64: false, crit: ['b64'] }))).code).toBe('unauthenticated');
  });

  test('a key that the token brings along is not looked at', async () => {
    const jwk = { kty: 'oct', k: Buffer.from('mine').toString('base64url') };
    expect((await refusal(sign(claims, { alg: 'HS256', jwk }, 'mine'))).message).toBe('The signature of the token is wrong.');
  });
});

describe('what is no token', () => {
  test('is refused in words that do not repeat it', async () => {
    const tries = [
      '',
      '.',
      '..',
      '...',
      'hello',
      'a.b.c',
      `${part({ alg: 'HS256' })}..`,
      sign(null),
      sign([1]),
      sign('text'),
      'e30.e30.e30',
      '\u0000',
    ];
    for (const token of tries) {
      const error = await refusal(token);
      expect(error.code, token).toBe('unauthenticated');
      expect(error.message).toMatch(
        /^The (token is not a JSON Web Token|algorithm of the token is not accepted here|signature of the token is wrong)\.$/,
      );
    }
  });

  test('one that is too long is refused unread', async () => {
    expect((await refusal(sign({ sub: '1', name: 'x'.repeat(10_000) }))).message).toBe('The token is too long.');
    expect((await refusal('.'.repeat(1_000_000))).message).toBe('The token is too long.');
  });

  test('nothing made of a good token by chance is accepted or fails otherwise', async () => {
    const good = sign({ sub: '1', exp: SECONDS + 60 });
    const tokens = tokensOf();
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), async (at, letter) => {
        fc.pre(letter !== good[at]);
        const changed = good.slice(0, at) + letter + good.slice(at + 1);
        const answer: unknown = await tokens.verify(changed).catch((error: unknown) => error);
        // The last letter of a signature has bits that mean nothing.
        if (at === good.length - 1 && !(answer instanceof ChatError)) return;
        expect(answer).toBeInstanceOf(ChatError);
        expect(answer).toMatchObject({ code: 'unauthenticated' });
      }),
      { numRuns: 300 },
    );
  });
});

describe('minting', () => {
  const request = { subject: '7', namespace: 'acme', role: 'bot', name: 'Ada', ttl: 60_000 } as const;

  test('what is minted is verified, with its milliseconds', async () => {
    const claims = await verify(await tokensOf().mint(request));
    expect(claims).toMatchObject({
      subject: '7',
      namespace: 'acme',
      role: 'bot',
      name: 'Ada',
      issuedAt: NOW,
      expiresAt: NOW + 65_000,
    });
    expect(claims.token).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('every token has an id of its own, and the time of its issue to the millisecond', async () => {
    let now = NOW;
    const tokens = tokensOf({ now: () => now });
    const first = await tokens.verify(await tokens.mint(request));
    now += 1;
    const second = await tokens.verify(await tokens.mint(request));
    expect(second.issuedAt - first.issuedAt).toBe(1);
    expect(second.token).not.toBe(first.token);
  });

  test('a server that accepts no HS algorithm mints none', async () => {
    const tokens = tokensOf({ algorithms: ['RS256'] });
    await expect(tokens.mint(request)).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  test('an empty secret is no secret', () => {
    expect(() => tokensOf({ secret: '' })).toThrow(RangeError);
  });
});

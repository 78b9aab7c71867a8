import { describe, expect, it } from 'vitest';
import { API_TOKENS, server, startManagement } from '../../test/support/management.ts';
import type { ManagementServer } from '../../test/support/management.ts';
import { tokenFor } from '../../test/support/tokens.ts';

describe('user tokens', () => {
  it('are found in every place the family puts them', async () => {
    await using door = await startManagement();
    const token = tokenFor(1);
    const places = [
      { authorization: `Bearer ${token}` },
      { authorization: `bearer  ${token}` },
      { 'grpc-metadata-token': token },
      { 'appootb-token': token },
    ];
    for (const headers of places) expect((await door.call('GET', '/api/users/me', { headers })).body).toMatchObject({ id: '1' });
    expect((await door.call('GET', `/api/users/me?token=${token}`)).body).toMatchObject({ id: '1' });
  });

  it('are refused when missing, empty, wrong, expired or of another scheme', async () => {
    await using door = await startManagement();
    const bad = [{}, { authorization: 'Bearer ' }, { authorization: `Basic ${tokenFor(1)}` }, { authorization: 'Bearer a.b.c' }];
    for (const headers of [
      ...bad,
      { authorization: `Bearer ${tokenFor(1, { exp: 1 })}` },
      { 'appootb-token': tokenFor(1, { role: 'king' }) },
    ]) {
      const refused = await door.call('GET', '/api/users/me', { headers });
      expect(refused).toMatchObject({
        status: 401,
        body: { error: { code: 'unauthenticated' } },
        headers: { 'www-authenticate': 'Bearer realm="switchboard"' },
      });
    }
  });

  it('act for nobody else and in their own namespace', async () => {
    await using door = await startManagement();
    const alice = await door.user(1);
    await door.user(2);
    for (const header of ['x-on-behalf-of', 'x-namespace']) {
      expect(await door.call('GET', '/api/users/me', { headers: { ...alice, [header]: '2' } })).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_argument', fields: { [header]: 'goes with an Api-Token only' } } },
      });
    }
  });
});

describe('Api-Tokens', () => {
  it('are refused when empty, twice or unknown', async () => {
    await using door = await startManagement();
    for (const secret of ['', 'unknown', `${API_TOKENS.admin}, ${API_TOKENS.admin}`, `${API_TOKENS.admin},`]) {
      const refused = await door.call('GET', '/api/sessions', { headers: { 'api-token': secret } });
      expect(refused).toMatchObject({
        status: 401,
        body: { error: { code: 'unauthenticated', message: 'A valid Api-Token is needed.' } },
      });
    }
  });

  it('are refused together with a user token, wherever that stands', async () => {
    await using door = await startManagement();
    const token = tokenFor(1);
    const both = [
      { authorization: `Bearer ${token}` },
      { authorization: 'Basic x' },
      { 'grpc-metadata-token': token },
      { 'appootb-token': token },
    ];
    for (const headers of both) {
      const refused = await door.call('GET', '/api/users/1', { headers: { ...headers, ...server('admin') } });
      expect(refused).toMatchObject({ status: 400, body: { error: { code: 'invalid_argument' } } });
    }
    expect((await door.call('GET', `/api/users/1?token=${token}`, { headers: server('admin') })).status).toBe(400);
  });

  it('act as the user they name, who must exist', async () => {
    await using door = await startManagement();
    await door.user(1, { name: 'Alice' });
    const me = (behalf: string) => door.call('GET', '/api/users/me', { headers: server('users', { 'x-on-behalf-of': behalf }) });
    expect(await me('1')).toMatchObject({ status: 200, body: { id: '1', name: 'Alice' } });
    expect(await me('99')).toMatchObject({
      status: 404,
      body: {
        error: {
          code: 'not_found',
          fields: { 'x-on-behalf-of': 'there is no such user; a user appears with the first valid token' },
        },
      },
    });
    for (const malformed of ['', 'alice', '01', '1, 1', '-1']) {
      expect(await me(malformed)).toMatchObject({
        status: 400,
        body: { error: { fields: { 'x-on-behalf-of': 'is not one user id' } } },
      });
    }
  });

  it('must say for whom where a route is about somebody', async () => {
    await using door = await startManagement();
    for (const [method, url] of [
      ['GET', '/api/users/me'],
      ['GET', '/api/conversations'],
      ['GET', '/api/blocks'],
      ['POST', '/api/conversations/5/read'],
    ] as const) {
      expect(await door.call(method, url, { headers: server('admin') })).toMatchObject({
        status: 400,
        body: { error: { fields: { 'x-on-behalf-of': 'is needed: whose this is' } } },
      });
    }
  });

  it('act in the namespace they name, and one that is bound to a namespace nowhere else', async () => {
    await using door = await startManagement();
    await door.user(1, { ns: 'elsewhere', name: 'Alice' });
    const look = (headers: Record<string, string>) => door.call('GET', '/api/users/1', { headers });
    expect((await look(server('users'))).status).toBe(404);
    expect(await look(server('users', { 'x-namespace': 'elsewhere' }))).toMatchObject({ status: 200, body: { name: 'Alice' } });
    expect((await look(server('elsewhere'))).status).toBe(200);
    expect((await look(server('elsewhere', { 'x-namespace': 'elsewhere' }))).status).toBe(200);
    expect(await look(server('elsewhere', { 'x-namespace': 'default' }))).toMatchObject({
      status: 403,
      body: { error: { code: 'permission_denied' } },
    });
    expect(await look(server('users', { 'x-namespace': 'not a name' }))).toMatchObject({
      status: 400,
      body: { error: { fields: { 'x-namespace': 'is not a valid name' } } },
    });
  });

  it('keep the guest a guest', async () => {
    await using door = await startManagement();
    await door.user(7, { role: 'guest' });
    const body = { kind: 'group', name: 'Team' };
    expect(
      (await door.call('POST', '/api/conversations', { headers: server('conversations', { 'x-on-behalf-of': '7' }), body }))
        .status,
    ).toBe(403);
  });
});

it('keeps the trace of the caller with what it causes, when it is one', async () => {
  await using door = await startManagement();
  const alice = await door.user(1);
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await door.call('POST', '/api/conversations', {
    headers: { ...alice, traceparent: trace },
    body: { kind: 'group', name: 'A' },
  });
  await door.call('POST', '/api/conversations', {
    headers: { ...alice, traceparent: 'x'.repeat(55) },
    body: { kind: 'group', name: 'B' },
  });
  await door.call('POST', '/api/conversations', {
    headers: server('conversations', { traceparent: trace }),
    body: { kind: 'group', name: 'C' },
  });
  const events = await door.chat.core.store.events(0, 10);
  expect(events.map(({ origin }) => [origin.door, origin.trace])).toEqual([
    ['management', trace],
    ['management', undefined],
    ['management', trace],
  ]);
});

/** Every route that is not public, with its security from the document. */
async function guardedRoutes(
  door: ManagementServer,
): Promise<{ method: string; url: string; schemes: string[]; scope: string | undefined }[]> {
  const { body } = await door.call('GET', '/api/openapi.json');
  return door.routes
    .map((route) => {
      const [method = '', path = ''] = route.split(' ');
      const operation = body.paths[path.replaceAll(/:(\w+)/g, '{$1}')][method.toLowerCase()];
      const schemes: string[] = operation.security.flatMap((entry: object) => Object.keys(entry));
      const scope: string | undefined = /scope `(\w+)`/.exec(operation.description ?? '')?.[1];
      return { method, url: path.replaceAll(/:\w+/g, '5'), schemes, scope };
    })
    .filter(({ schemes }) => schemes.length > 0);
}

describe('the rule of every route', () => {
  it('lets nobody in without a token', async () => {
    await using door = await startManagement();
    const routes = await guardedRoutes(door);
    expect(routes).toHaveLength(88);
    for (const { method, url } of routes) expect([url, (await door.call(method, url)).status]).toEqual([url, 401]);
  });

  it('lets in back ends with its scope or admin, and no others', async () => {
    await using door = await startManagement();
    const scopes = ['users', 'conversations', 'messages', 'sessions', 'tokens', 'deliver', 'moderation', 'admin'] as const;
    for (const { method, url, schemes, scope } of await guardedRoutes(door)) {
      for (const held of scopes) {
        const { status, body } = await door.call(method, url, { headers: server(held) });
        const admitted = status !== 403;
        expect([method, url, held, admitted, body]).toEqual([
          method,
          url,
          held,
          schemes.includes('server') && (held === scope || held === 'admin'),
          body,
        ]);
      }
    }
  });

  it('lets users in where the document says so, and nowhere else', async () => {
    await using door = await startManagement();
    for (const { method, url, schemes } of await guardedRoutes(door)) {
      // At the desk an operator: much of it is for nobody else among users.
      const headers = await (url.startsWith('/api/desk/') ? door.user(2, { role: 'operator' }) : door.user(1));
      const { status } = await door.call(method, url, { headers });
      expect([method, url, status !== 403]).toEqual([method, url, schemes.includes('user')]);
    }
  });
});

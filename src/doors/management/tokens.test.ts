import { describe, expect, it } from 'vitest';
import { server, startManagement } from '../../../test/support/management.ts';
import type { Headers, ManagementServer } from '../../../test/support/management.ts';

async function me(door: ManagementServer, token: string) {
  return door.call('GET', '/api/users/me', { headers: { authorization: `Bearer ${token}` } });
}

describe('minting', () => {
  it('makes a token for a user by id or by external id', async () => {
    await using door = await startManagement();
    const minted = await door.call('POST', '/api/tokens', {
      headers: server('tokens'),
      body: { sub: '42', name: 'Alice', role: 'operator', ttlSeconds: 60 },
    });
    expect(minted.status).toBe(201);
    expect(Date.parse(minted.body.expiresAt) - Date.now()).toBeGreaterThan(50_000);
    expect(Date.parse(minted.body.expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
    expect((await me(door, minted.body.token)).body).toMatchObject({ id: '42', name: 'Alice', role: 'operator' });
    const external = await door.call('POST', '/api/tokens', {
      headers: server('tokens'),
      body: { sub: 'customer-77', ns: 'elsewhere' },
    });
    const { body } = await me(door, external.body.token);
    expect(body).toMatchObject({ role: 'user', name: '' });
    expect((await door.call('GET', `/api/users/${body.id}`, { headers: server('elsewhere') })).body.externalId).toBe(
      'customer-77',
    );
  });

  it('refuses what cannot be a token, and other namespaces to a token that is bound', async () => {
    await using door = await startManagement();
    const mint = (body: object, headers: Headers = server('tokens')) => door.call('POST', '/api/tokens', { headers, body });
    for (const body of [
      {},
      { sub: '' },
      { sub: '1', role: 'king' },
      { sub: '1', ttlSeconds: 0 },
      { sub: '1', ttlSeconds: 1e9 },
      { sub: '1', ns: 'no name' },
      { sub: 'x'.repeat(257) },
    ]) {
      expect([body, (await mint(body)).status]).toEqual([body, 400]);
    }
    expect((await mint({ sub: '1', ns: 'default' }, server('elsewhere'))).status).toBe(403);
    expect((await mint({ sub: '1' }, server('elsewhere'))).status).toBe(201);
    await using rs = await startManagement({ algorithms: ['RS256'] });
    expect((await rs.call('POST', '/api/tokens', { headers: server('tokens'), body: { sub: '1' } })).body.error.code).toBe(
      'failed_precondition',
    );
  });
});

describe('revoking', () => {
  it('voids all tokens of a user by sub or id, or one by its jti', async () => {
    await using door = await startManagement();
    const mint = async (sub: string) =>
      (await door.call('POST', '/api/tokens', { headers: server('tokens'), body: { sub } })).body.token as string;
    const revoke = (body: object, headers: Headers = server('tokens')) => door.call('DELETE', '/api/tokens', { headers, body });
    const status = async (token: string) => (await me(door, token)).status;

    const [one, two] = [await mint('customer-77'), await mint('customer-77')];
    expect(await status(one)).toBe(200);
    const { jti } = JSON.parse(Buffer.from(one.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    expect((await revoke({ sub: 'customer-77', jti })).status).toBe(204);
    expect([await status(one), await status(two)]).toEqual([401, 200]);
    expect((await revoke({ sub: 'customer-77' })).status).toBe(204);
    expect(await status(two)).toBe(401);

    const three = await mint('3');
    expect((await revoke({ userId: '3', ns: 'elsewhere' })).status).toBe(204);
    expect((await revoke({ userId: '3' }, server('elsewhere'))).status).toBe(204);
    expect(await status(three)).toBe(200);
    expect((await revoke({ userId: '3', ns: 'default' }, server('elsewhere'))).status).toBe(403);
    expect((await revoke({ userId: '3' })).status).toBe(204);
    expect(await status(three)).toBe(401);
  });

  it('needs to know whose', async () => {
    await using door = await startManagement();
    const revoke = async (body: object) => (await door.call('DELETE', '/api/tokens', { headers: server('tokens'), body })).status;
    expect(await revoke({})).toBe(400);
    expect(await revoke({ sub: '1', userId: '1' })).toBe(400);
    expect(await revoke({ userId: 'x' })).toBe(400);
    expect(await revoke({ sub: 'nobody' })).toBe(404);
  });
});

describe('tickets', () => {
  it('are good once, for the user who asked, for 30 s', async () => {
    const start = Date.now();
    let time = start;
    await using door = await startManagement({ now: () => time });
    const alice = await door.user(1);
    const issue = async () =>
      (await door.call('POST', '/api/tickets', { headers: alice })).body as { ticket: string; expiresAt: string };
    const { ticket, expiresAt } = await issue();
    expect(Date.parse(expiresAt)).toBe(start + 30_000);
    expect(door.chat.access.redeemTicket(ticket)).toMatchObject({ namespace: 'default', user: 1 });
    expect(() => door.chat.access.redeemTicket(ticket)).toThrow('used');
    const late = await issue();
    time = start + 30_000;
    expect(() => door.chat.access.redeemTicket(late.ticket)).toThrow('older than 30 s');
  });

  it('are for users only', async () => {
    await using door = await startManagement();
    await door.user(1);
    expect((await door.call('POST', '/api/tickets', { headers: server('admin', { 'x-on-behalf-of': '1' }) })).status).toBe(403);
  });
});

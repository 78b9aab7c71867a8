/** Erasing a person: nothing is left of them, not in what others read and not in the bytes on the disk; others keep what is theirs; a kill changes nothing. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kill, startProcess } from '../support/crash/server-process.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

/** In everything the person says, is called and uploads. */
const MARK = 'quokka';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'switchboard-erasure-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

/** How often a word stands in the files of the data folder, whatever its case. */
function countOnDisk(word: string): number {
  const entries = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map(({ parentPath, name }) => readFileSync(join(parentPath, name)).toString('latin1'));
  return files.reduce((sum, bytes) => sum + bytes.toLowerCase().split(word).length - 1, 0);
}

interface Api {
  (method: string, path: string, by: Readonly<Record<string, string>>, body?: object): Promise<{ status: number; body: Body }>;
}

interface Body {
  readonly [name: string]: unknown;
  readonly id: string;
  readonly token: string;
  readonly user: { readonly id: string };
  readonly messages: readonly {
    readonly senderId: string;
    readonly state: string;
    readonly text?: string;
    readonly content?: string;
  }[];
  readonly error: { readonly code: string };
  readonly state: string;
}

function apiOf(url: string): Api {
  return async (method, path, by, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...by, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    return { status: response.status, body: (answer === '' ? {} : JSON.parse(answer)) as Body };
  };
}

const ADMIN = { 'api-token': API_TOKENS.admin };
const as = (sub: number | string, claims: object = {}) => ({ authorization: `Bearer ${tokenFor(sub, claims)}` });

async function erased(api: Api, id: string, by: Readonly<Record<string, string>> = ADMIN): Promise<void> {
  await expect
    .poll(async () => (await api('GET', `/api/users/${id}/erasure`, by)).body.state, { timeout: 30_000, interval: 20 })
    .toBe('done');
}

describe('a person who is erased', () => {
  it('has said nothing, is called nothing, and is in no byte on the disk', { timeout: 60_000 }, async () => {
    const server = await startServer({ data });
    const api = apiOf(server.url);
    const signedUp = (await api('POST', '/api/auth/register', {}, { username: `${MARK}-user`, password: 'correct horse' })).body;
    const { id } = signedUp.user;
    const person = { authorization: `Bearer ${signedUp.token}` };
    const user = Number(id);
    await server.users(2, 3);
    const group = await server.group([2, 3]);
    await server.chat.changeMembers(server.actor(2), group, { add: [{ user, role: 'admin' }], remove: [] });
    const lonely = (await api('POST', '/api/conversations', person, { kind: 'group', name: `${MARK} alone` })).body.id;
    const owned = (await api('POST', '/api/conversations', person, { kind: 'group', name: 'Ours', members: ['2', '3'] })).body.id;
    for (let at = 0; at < 300; at += 1) {
      const key = { 'idempotency-key': `${MARK}-key-${at}` };
      const sent = await api(
        'POST',
        `/api/conversations/${group}/messages`,
        { ...person, ...key },
        { text: `${MARK}${at} said` },
      );
      if (at % 10 === 0) {
        const path = `/api/conversations/${group}/messages/${sent.body.id}`;
        await api('PATCH', path, person, { text: `${MARK}${at} said it better, at some length` });
      }
      await api('POST', `/api/conversations/${group}/messages`, as(2), { text: `of others ${at}` });
    }
    const whisper = (await api('POST', '/api/private/2/messages', person, { text: `${MARK} whispers` })).body;
    const { file } = await commitFile(server.chat, user);
    await server.chat.sendMessage(server.actor(user), {
      target: { conversation: group },
      content: { kind: 'file', resource: { url: `/files/${file.id}/x` }, text: `${MARK} caption` },
    });
    await expect.poll(() => server.metric('switchboard_search_unindexed'), { timeout: 20_000 }).toBe(0);
    expect(countOnDisk(MARK)).toBeGreaterThan(300);

    expect((await api('DELETE', `/api/users/${id}`, as(2), { confirm: id })).status).toBe(404);
    expect((await api('DELETE', `/api/users/${id}`, person, {})).body.error.code).toBe('invalid_argument');
    const asked = await api('DELETE', `/api/users/${id}`, person, { confirm: id });
    expect(asked).toMatchObject({ status: 202, body: { userId: id } });
    await erased(api, id);
    // While the server runs: the log was emptied. Single copies that SQLite left in pages go at the end (docs/adr/0023-erasure.md).
    expect(readFileSync(join(data, 'switchboard.db-wal')).toString('latin1').split(MARK).length - 1).toBeLessThan(30);

    expect((await api('GET', '/api/users/me', person)).status).toBe(401);
    expect((await api('GET', '/api/users/me', as(user, { iat: Math.floor(Date.now() / 1000) + 60 }))).status).toBe(401);
    const login = await api('POST', '/api/auth/login', {}, { username: `${MARK}-user`, password: 'correct horse' });
    expect(login.status).toBe(401);
    const history = (await api('GET', `/api/conversations/${group}/messages?limit=100`, as(3))).body.messages;
    expect(history.filter(({ senderId }) => senderId === id).map(({ state }) => state)).toContain('recalled');
    expect(history.filter(({ senderId, state }) => senderId === id && state !== 'recalled')).toEqual([]);
    expect(history.filter(({ senderId, text }) => senderId === '2' && text !== undefined).length).toBeGreaterThan(40);
    expect((await api('GET', `/api/search?q=${MARK}`, as(2))).body.messages).toEqual([]);
    const peer = (await api('GET', `/api/conversations/${String(whisper['conversationId'])}/messages`, as(2))).body.messages;
    expect(peer.map(({ state }) => state)).toEqual(['recalled']);
    expect((await api('POST', `/api/private/${id}/messages`, as(2), { text: 'still there?' })).status).toBe(403);
    expect((await api('GET', `/api/conversations/${lonely}`, ADMIN)).status).toBe(404);
    expect((await api('GET', `/api/conversations/${owned}`, as(2))).body['members']).toEqual([
      { userId: '2', role: 'owner' },
      { userId: '3', role: 'member' },
    ]);
    expect((await api('PUT', `/api/conversations/${owned}/members`, as(2), { add: [id] })).status).toBe(404);
    expect((await api('GET', `/api/users/${id}`, as(2))).body).toMatchObject({ id, name: '' });
    expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);

    await server.close();
    expect(countOnDisk(MARK)).toBe(0);
    expect(countOnDisk('of others')).toBeGreaterThanOrEqual(300);
  });

  it('with an account elsewhere begins anew, as somebody else', async () => {
    await using server = await startServer();
    const api = apiOf(server.url);
    const before = (await api('GET', '/api/users/me', as('customer-77', { name: 'Anna' }))).body.id;
    expect((await api('DELETE', `/api/users/${before}`, ADMIN)).status).toBe(202);
    await erased(api, before);
    const after = (await api('GET', '/api/users/me', as('customer-77', { name: 'Anna' }))).body.id;
    expect(after).not.toBe(before);
    expect((await api('GET', `/api/users/${before}/erasure`, as(2))).status).toBe(403);
    expect((await api('GET', `/api/users/${after}/erasure`, ADMIN)).status).toBe(404);
    expect((await api('DELETE', '/api/users/12345', ADMIN)).status).toBe(404);
    const behalf = { ...ADMIN, 'x-on-behalf-of': before };
    expect((await api('GET', '/api/users/me', behalf)).status).toBe(404);
  });

  it('is erased to the end when the server is killed in the middle of it', { timeout: 120_000 }, async () => {
    const env = { SWITCHBOARD_API_TOKEN: API_TOKENS.admin };
    {
      await using first = await startProcess(data, env);
      const api = apiOf(first.url);
      await api('GET', '/api/users/me', as(2));
      const group = (await api('POST', '/api/conversations', as(1, { name: MARK }), { kind: 'group', name: 'G', members: ['2'] }))
        .body.id;
      const said = Array.from({ length: 1_500 }, (_, at) => ({ text: `${MARK}${at} said` }));
      for (let at = 0; at < said.length; at += 50) {
        await Promise.all(
          said.slice(at, at + 50).map((body) => api('POST', `/api/conversations/${group}/messages`, as(1), body)),
        );
      }
      const mark = { 'idempotency-key': 'last' };
      await api('POST', `/api/conversations/${group}/messages`, { ...as(2), ...mark }, { text: 'of others' });
      expect((await api('DELETE', '/api/users/1', ADMIN)).body.state).toBe('running');
      // Some of it is done, most of it is not.
      await expect
        .poll(
          async () => (await api('GET', `/api/conversations/${group}/messages?after=0&limit=1`, as(2))).body.messages[0]?.state,
          {
            timeout: 20_000,
            interval: 1,
          },
        )
        .toBe('recalled');
      await kill(first);
    }
    {
      await using second = await startProcess(data, env);
      const api = apiOf(second.url);
      await erased(api, '1');
      expect((await api('GET', `/api/search?q=${MARK}`, as(2))).body.messages).toEqual([]);
      expect((await api('GET', '/api/search?q=others', as(2))).body.messages).toHaveLength(1);
      await kill(second);
    }
    await using third = await startProcess(data, env);
    third.running.kill('SIGTERM');
    await third.running.ended();
    expect(countOnDisk(MARK)).toBe(0);
  });
});

async function commitFile(chat: Awaited<ReturnType<typeof startServer>>['chat'], owner: number) {
  const name = `${MARK}.txt`;
  const hash = 'c'.repeat(64);
  const outcome = await chat.core.committer.commit({
    type: 'file',
    namespace: 'default',
    owner,
    name,
    mediaType: 'text/plain',
    size: 5,
    hash,
  });
  if (outcome === 'stale') throw new Error('a file is never stale');
  return outcome;
}

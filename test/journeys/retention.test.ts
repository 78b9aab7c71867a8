/** Retention and exports, over HTTP and on the command line. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/stores/sqlite.ts';
import { apply, createGroup, send, text } from '../contracts/store/subject.ts';
import { runHere } from '../support/command-line.ts';
import { API_TOKENS, startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const DAY = 86_400_000;

let data: string;
let group: number;
let server: TestServer;
let env: Record<string, string>;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'switchboard-retention-'));
  // What was said forty days ago.
  const store = await openSqliteStore({ folder: data, now: () => Date.now() - 40 * DAY });
  await apply(store, { type: 'user', namespace: 'default', id: 1, name: 'Anna' });
  const conversation = await createGroup(store, [1]);
  group = conversation.id;
  for (const words of ['one', 'two', 'three']) await send(store, conversation, 1, { content: text(words) });
  await store.close();
  server = await startServer({ data });
  env = { SWITCHBOARD_URL: server.url, SWITCHBOARD_ADMIN_TOKEN: API_TOKENS.admin };
});
afterAll(async () => {
  await server.close();
  rmSync(data, { recursive: true, force: true });
});

describe('retention', () => {
  it('is tried before it applies', async () => {
    const rules = ['--retention', 'default/group=30d,*/channel=1y'];
    const told = await runHere(['retention', '--dry-run', ...rules], env);
    expect(told).toMatchObject({ code: 0, err: '' });
    expect(told.out.split('\n')).toEqual([
      'default/group  30 d  1 conversations  3 messages  0 files  0 bytes',
      '*/channel  365 d  0 conversations  0 messages  0 files  0 bytes',
      '',
    ]);
    const answer = await fetch(`${server.url}/api/retention`, {
      method: 'POST',
      headers: { 'api-token': API_TOKENS.admin, 'content-type': 'application/json' },
      body: JSON.stringify({ dryRun: true, rules: [{ kind: 'group', keepSeconds: 3_600 }] }),
    });
    expect(await answer.json()).toEqual({
      dryRun: true,
      rules: [{ kind: 'group', keepSeconds: 3_600, conversations: 1, messages: 3, files: 0, bytes: 0 }],
    });
    expect((await runHere(['retention', '--dry-run'], env)).out).toBe('No rules: messages are kept for ever.\n');
    expect((await server.chat.readHistory(server.actor(1), { conversation: group, limit: 10 })).messages).toHaveLength(3);
  });

  it('is for back ends that may do everything', async () => {
    const call = (headers: Record<string, string>) =>
      fetch(`${server.url}/api/retention`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: '{"dryRun": true}',
      });
    expect((await call({ 'api-token': API_TOKENS.sessions })).status).toBe(403);
    expect((await call({ authorization: `Bearer ${tokenFor(1)}` })).status).toBe(403);
    expect((await runHere(['retention', '--dry-run'], { SWITCHBOARD_URL: server.url })).code).toBe(2);
    expect((await runHere(['retention', '--dry-run'], { ...env, SWITCHBOARD_ADMIN_TOKEN: 'wrong' })).code).toBe(4);
  });
});

describe('an export', () => {
  it('is lines of JSON, for a back end and for the person', async () => {
    const exported = await runHere(['export', '--user', '1'], env);
    expect(exported).toMatchObject({ code: 0, err: '' });
    const records = exported.out
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(records).toMatchObject([
      { record: 'user', id: '1', name: 'Anna' },
      { record: 'conversation', id: String(group), kind: 'group', role: 'owner' },
      { record: 'message', conversationId: String(group), text: 'one' },
      { record: 'message', text: 'two' },
      { record: 'message', text: 'three' },
    ]);
    const own = await runHere(['export', '--user', '1', '--token', tokenFor(1)], { SWITCHBOARD_URL: server.url });
    expect(own.out).toBe(exported.out);
    const foreign = await runHere(['export', '--user', '1', '--token', tokenFor(2)], { SWITCHBOARD_URL: server.url });
    expect(foreign).toMatchObject({ code: 4, out: '' });
    expect((await runHere(['export'], env)).code).toBe(2);
  });

  it('whose reader goes away in the middle leaves room for others', async () => {
    for (let at = 0; at < 8; at += 1) {
      const controller = new AbortController();
      const url = `${server.url}/api/users/1/export`;
      const response = await fetch(url, { headers: { 'api-token': API_TOKENS.admin }, signal: controller.signal });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/x-ndjson');
      await response.body?.cancel();
      controller.abort();
    }
    await expect.poll(async () => (await runHere(['export', '--user', '1'], env)).code, { timeout: 10_000 }).toBe(0);
  });
});

describe('the command erase', () => {
  it('wants the id twice, and waits until nothing is left', async () => {
    await server.users(77);
    expect((await runHere(['erase', '--user', '77'], env)).code).toBe(2);
    expect((await runHere(['erase', '--user', '77', '--confirm', '78'], env)).code).toBe(2);
    const erased = await runHere(['erase', '--user', '77', '--confirm', '77'], env);
    expect(erased).toMatchObject({ code: 0, out: '77  done\n' });
    expect((await runHere(['erase', '--user', '12345', '--confirm', '12345'], env)).code).toBe(4);
  });
});

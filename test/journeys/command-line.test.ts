/** The command line against a server that it started: what the README promises to whoever tries it first. */
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Running, run, runHere } from '../support/command-line.ts';

let folder: string;
let server: Running;
let env: Record<string, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-journey-'));
  server = new Running(['start', '--port', '0', '--data', join(folder, 'data'), '--log-level', 'warn']);
  const url = / url=(\S+) /.exec(await server.line(/ready/))?.[1] ?? '';
  env = { SWITCHBOARD_URL: url, SWITCHBOARD_DATA: join(folder, 'data') };
  // A user appears with the first valid token.
  for (const user of ['1', '2', '3', '4'])
    await call('conversation', 'create', '--kind', 'room', '--name', `of ${user}`, '--as', user);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command that must succeed; resolves with its output without the last line break. */
async function call(...words: string[]): Promise<string> {
  const { out, err, code } = await runHere(words, env);
  expect(code, err).toBe(0);
  return out.trimEnd();
}

describe('messages', () => {
  test('a private one arrives where somebody listens, and is in the history of both', async () => {
    await using listener = new Running(['listen', '--as', '2', '--count', '2', '--json'], env);
    await listener.line(/listening at ws:/, 'err');
    const { out } = await run(['send', '2', 'Hello \u001b[31mthere', '--as', '1'], env);
    const id = out.trimEnd();
    expect(id).toMatch(/^[1-9][0-9]+$/);
    const second = await call('send', '1', 'And back', '--as', '2');
    expect(await listener.ended()).toBe(0);
    expect(listener.out.map((line): unknown => JSON.parse(line))).toMatchObject([
      { id, kind: 'private', sender: '1', receiver: '2', type: 'text', text: 'Hello \u001b[31mthere' },
      { id: second, kind: 'private', sender: '2', receiver: '1', type: 'text', text: 'And back' },
    ]);
    const history = await call('history', '2', '--private', '--as', '1');
    expect(history.split('\n')).toHaveLength(2);
    expect(history).toContain(`1  #${id}  Hello \\u001b[31mthere`);
    expect(await call('history', '1', '--private', '--as', '2')).toBe(history);
  });

  test('what is refused is JSON where JSON was asked for', async () => {
    for (const words of [
      ['send', '99999', 'nobody', '--as', '1', '--json'],
      ['history', '99999', '--as', '1', '--json'],
      ['history', '2', '--private', '--as', '4', '--json'],
    ]) {
      const { out, err, code } = await runHere(words, env);
      expect([out, code]).toEqual(['', 4]);
      expect(JSON.parse(err)).toEqual({ error: { code: 'refused', message: expect.stringMatching(/./) as unknown } });
    }
  });

  test('the same key stores one message', async () => {
    const [one, two] = [
      await call('send', '3', 'once', '--as', '1', '--key', 'k1'),
      await call('send', '3', 'once', '--as', '1', '--key', 'k1'),
    ];
    expect(two).toBe(one);
    const page: unknown = JSON.parse(await call('history', '3', '--private', '--as', '1', '--json'));
    expect(page).toMatchObject({ messages: [{ id: one, text: 'once' }] });
  });

  test('whoever comes back gets what came since, and the rest live', async () => {
    const first = await call('send', '4', 'before', '--as', '3');
    await call('send', '4', 'between', '--as', '3');
    await using listener = new Running(['listen', '--as', '4', '--after', first, '--count', '2'], env);
    await listener.line(/between/);
    await call('send', '4', 'after', '--as', '3');
    expect(await listener.ended()).toBe(0);
    expect(listener.out).toHaveLength(2);
    expect(listener.out.map((line) => line.replace(/#\d+/, '#'))).toEqual([
      expect.stringMatching(/private 3 → 4 {2}# {2}between$/),
      expect.stringMatching(/# {2}after$/),
    ]);
  });

  test('a room is heard by those who are in it', async () => {
    const room = await call('conversation', 'create', '--kind', 'room', '--name', 'Lobby', '--as', '1');
    await call('send', room, 'nobody hears', '--kind', 'room', '--as', '1');
    await using listener = new Running(['listen', '--kind', 'room', '--target', room, '--as', '2'], env);
    await listener.line(/listening/, 'err');
    await call('send', room, 'hello room', '--kind', 'room', '--as', '1');
    await listener.line(/hello room/);
    expect(listener.out.join()).not.toContain('nobody hears');
    listener.kill('SIGINT');
    expect(await listener.ended()).toBe(0);
  });
});

describe('conversations', () => {
  test('a group is made, changed and read', async () => {
    const group = await call('conversation', 'create', '--name', 'Team', '--notice', 'Welcome', '--member', '2', '--as', '1');
    expect(await call('conversation', 'members', group, '--as', '1')).toBe('1  owner\n2  member');
    expect(await call('conversation', 'members', group, '--add', '3', '--add', '4', '--remove', '2', '--as', '1')).toBe(
      '1  owner\n3  member\n4  member',
    );
    const sent = await call('send', group, 'to all', '--kind', 'group', '--as', '3');
    expect(await call('history', group, '--as', '4')).toContain(`3  #${sent}  to all`);
    const members: unknown = JSON.parse(await call('conversation', 'members', group, '--as', '4', '--json'));
    expect(members).toEqual([
      { userId: '1', role: 'owner' },
      { userId: '3', role: 'member' },
      { userId: '4', role: 'member' },
    ]);
  });
});

describe('a refusal is told in the words of the server, with exit code 4', () => {
  test.each([
    [['send', '999', 'hello', '--as', '1'], /^switchboard: The server refused \(404\): There is no such/],
    [['history', '12345', '--as', '1'], /^switchboard: The server refused \(404\): There is no such/],
    [['history', '999', '--private', '--as', '1'], /^switchboard: There is no private conversation with user 999 yet/],
    [
      ['conversation', 'create', '--name', 'x', '--member', '999', '--as', '1'],
      /^switchboard: The server refused \(404\): There is no user 999/,
    ],
    [
      ['history', '12345', '--token', 'nonsense'],
      /^switchboard: The server refused \(401\): The token is not a JSON Web Token.*switchboard token/,
    ],
  ])('%j', async (words, expected) => {
    const { out, err, code } = await runHere(words, env);
    expect(err).toMatch(expected);
    expect([out, code]).toEqual(['', 4]);
  });

  test('a listener with a bad token, or in a room that is not there', async () => {
    const { err, code } = await runHere(['listen', '--token', 'nonsense'], env);
    expect(err).toContain('The server refused (4401: The token is not a JSON Web Token.)');
    expect(code).toBe(4);
    const nowhere = await runHere(['listen', '--kind', 'room', '--target', '12345', '--as', '1'], env);
    expect(nowhere.err).toMatch(/^switchboard: The server refused: There is no such/);
    expect(nowhere.code).toBe(4);
  });
});

describe('start', () => {
  test('a second server in the same data folder, and one on the same port, are refused in one paragraph', async () => {
    const { port } = new URL(env['SWITCHBOARD_URL'] ?? '');
    const folderTaken = await run(['start', '--port', '0', '--data', join(folder, 'data')]);
    expect(folderTaken.err).toMatch(
      /^switchboard: The data folder \S+ is in use by another Switchboard\. Stop it, or choose another folder with --data\.\n$/,
    );
    expect([folderTaken.out, folderTaken.code]).toEqual(['', 1]);
    const portTaken = await run(['start', '--port', port, '--data', join(folder, 'other')]);
    expect(portTaken.err).toMatch(/^switchboard: Port \d+ on 127\.0\.0\.1 is taken by another program\. .*--port.*\n$/);
    expect([portTaken.out, portTaken.code]).toEqual(['', 1]);
  });

  test('a host that is not ours, and a data folder that is a file', async () => {
    const host = await run(['start', '--port', '0', '--host', '203.0.113.1', '--data', join(folder, 'other')]);
    expect(host.err).toMatch(/^switchboard: This machine has no address 203\.0\.113\.1\. .*--host.*\n$/);
    expect(host.code).toBe(1);
    const file = await run(['start', '--port', '0', '--data', process.execPath]);
    expect(file.err).toMatch(/^switchboard: The (data folder|token secret) .*--data\.\n$/);
    expect(file.code).toBe(1);
  });

  test('doctor sees the running server', async () => {
    const { port } = new URL(env['SWITCHBOARD_URL'] ?? '');
    const { out, code } = await run(['doctor', '--port', port], env);
    expect(out).toMatch(/^ok +port +a Switchboard answers at http/m);
    expect(out).toMatch(/^ok +lock +held by a running server$/m);
    expect(out).toMatch(/^ok +database +opens, schema \d+$/m);
    expect(out).toMatch(/^ok +newest /m);
    expect(code).toBe(0);
  });

  test('doctor says what is open to others', async () => {
    const data = join(folder, 'open');
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(join(data, 'switchboard.db'), '', { mode: 0o600 });
    const look = async () => JSON.parse((await runHere(['doctor', '--data', data, '--port', '0', '--json'])).out) as object[];
    expect(await look()).toContainEqual({ check: 'privacy', level: 'ok', text: expect.stringContaining('alone') });
    chmodSync(join(data, 'switchboard.db'), 0o640);
    chmodSync(data, 0o755);
    const text = `open to other users of this machine: chmod go= ${data} ${join(data, 'switchboard.db')}`;
    expect(await look()).toContainEqual({ check: 'privacy', level: 'warn', text });
  });

  test('SIGTERM ends it in order: one line was printed, the listener is told, the exit code is 0', async () => {
    await using other = new Running(['--port', '0', '--data', join(folder, 'third'), '--jwt-secret', 'short'], {});
    const ready = await other.line(/ready/);
    const pid = /^switchboard ready url=http:\/\/127\.0\.0\.1:[1-9]\d* pid=(\d+)$/.exec(ready)?.[1];
    expect(Number(pid)).toBe(other.pid);
    const url = / url=(\S+) /.exec(ready)?.[1] ?? '';
    await using listener = new Running(['listen', '--as', '1', '--jwt-secret', 'short', '--url', url]);
    await listener.line(/listening/, 'err');
    other.kill('SIGTERM');
    expect(await other.ended()).toBe(0);
    expect(other.out).toHaveLength(1);
    expect(other.err[0]).toMatch(/jwt-secret has 5 characters and can be guessed/);
    expect(await listener.ended()).toBe(3);
    expect(listener.err.at(-1)).toMatch(/^switchboard: The connection has ended \(1001/);
    const again = await runHere(['doctor', '--data', join(folder, 'third'), '--port', '0']);
    expect(again.out).toMatch(/^ok +lock +no server uses the folder$/m);
  });

  test('ready in JSON for programs; SIGINT ends it too', async () => {
    await using other = new Running(['start', '--json', '--port', '0', '--data', join(folder, 'fourth')]);
    expect(JSON.parse(await other.line(/ready/))).toMatchObject({ ready: true, pid: other.pid });
    other.kill('SIGINT');
    expect(await other.ended()).toBe(0);
  });

  describe('a drain that takes long', () => {
    /** A request that never ends keeps its server waiting. */
    async function hold(url: string): Promise<Socket> {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write('POST /message/chat/send HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
      // Who is answered has come after it: the server has it.
      await (await fetch(new URL('/healthz', url))).text();
      return socket;
    }

    test('is cut off after shutdown-timeout, with a line that says so', async () => {
      await using other = new Running(['start', '--port', '0', '--data', join(folder, 'fifth'), '--shutdown-timeout', '0']);
      const socket = await hold(/ url=(\S+) /.exec(await other.line(/ready/))?.[1] ?? '');
      other.kill('SIGTERM');
      expect(await other.ended()).toBe(0);
      expect(other.err.join('\n')).toMatch(/the drain took longer than 0 ms \(shutdown-timeout\)/);
      socket.destroy();
    });

    test('is not waited for by whoever says it twice', async () => {
      await using other = new Running(['start', '--port', '0', '--data', join(folder, 'sixth')]);
      const socket = await hold(/ url=(\S+) /.exec(await other.line(/ready/))?.[1] ?? '');
      other.kill('SIGTERM');
      other.kill('SIGINT');
      expect(await other.ended()).toBe(1);
      socket.destroy();
    });
  });
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, runHere } from '../test/support/command-line.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-command-line-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const claimsOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe('help and version', () => {
  test('the overview names every command and the exit codes', async () => {
    const { out, err, code } = await run(['help']);
    expect([code, err]).toEqual([0, '']);
    for (const name of [
      'start',
      'token',
      'send',
      'listen',
      'history',
      'conversation create',
      'conversation members',
      'doctor',
      'config print',
      'version',
      'help',
    ]) {
      expect(out).toMatch(new RegExp(`^  ${name} {2,}\\S`, 'm'));
    }
    expect(out).toMatch(/^ {2}3 {2}the server cannot be reached$/m);
    expect((await runHere(['--help'])).out).toBe(out);
    expect((await runHere([])).out).toBe(out);
  });

  test('a command is explained with its options, those of the server with their defaults', async () => {
    const { out, code } = await runHere(['help', 'start']);
    expect(code).toBe(0);
    expect(out).toMatch(/--port <integer from 0 to 65535>\n.*SWITCHBOARD_PORT Default: 8080/);
    expect(out).toContain('--max-waiting-operations');
    expect(out).not.toContain('--token');
    expect((await runHere(['start', '--help'])).out).toBe(out);
    expect((await runHere(['conversation', 'create', '-h'])).out).toContain('--member <user id>');
  });

  test('help works when the configuration does not', async () => {
    const env = { SWITCHBOARD_PORT: 'x', SWITCHBOARD_CONFIG: '/nowhere' };
    expect((await runHere(['help'], env)).code).toBe(0);
    expect((await runHere(['send', '--help'], env)).code).toBe(0);
    expect((await runHere(['version'], env)).code).toBe(0);
  });

  test('for programs', async () => {
    const commands: { name: string; options: { name: string }[] }[] = JSON.parse((await runHere(['help', '--json'])).out);
    expect(commands.find(({ name }) => name === 'token')?.options.map(({ name }) => name)).toContain('sub');
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect((await run(['--version'])).out).toBe(`${version}\n`);
    expect(JSON.parse((await runHere(['version', '--json'])).out)).toMatchObject({ version });
  });
});

describe('wrong usage', () => {
  test('is told in words on standard error, with exit code 2', async () => {
    const { out, err, code } = await run(['--prot', '1']);
    expect([out, code]).toEqual(['', 2]);
    expect(err).toBe('switchboard: --prot is not an option of start. Did you mean --port? See: switchboard help start\n');
  });

  test('a wrong environment or file stops every command that reads it, naming the place', async () => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, '{"hots": "0.0.0.0"}');
    const { err, code } = await run(['token', '--sub', '1', '--config', file], { SWITCHBOARD_DATABASE_URL: 'postgres://x' });
    expect(code).toBe(2);
    expect(err).toContain('SWITCHBOARD_DATABASE_URL is not an option of this version.');
    expect(err).toContain(`"hots" in ${file} is not an option of this version. Did you mean "host"?`);
  });
});

describe('token', () => {
  test('prints the token and nothing else, and makes the secret that later ones are signed with', async () => {
    const data = join(folder, 'token');
    const before = Date.now() / 1000;
    const { out, err, code } = await run([
      'token',
      '--sub',
      '7',
      '--name',
      'Ada',
      '--role',
      'operator',
      '--ns',
      'acme',
      '--ttl',
      '90s',
      '--data',
      data,
    ]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const claims = claimsOf(out);
    expect(claims).toMatchObject({ sub: '7', name: 'Ada', role: 'operator', ns: 'acme' });
    const { iat, exp, jti } = claims as { iat: number; exp: number; jti: string };
    expect(iat).toBeGreaterThanOrEqual(before);
    expect(exp - iat).toBeCloseTo(90, 2);
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(statSync(join(data, 'jwt-secret')).mode & 0o777).toBe(0o600);
    const secret = readFileSync(join(data, 'jwt-secret'), 'utf8');
    await runHere(['token', '--sub', '8', '--data', data]);
    expect(readFileSync(join(data, 'jwt-secret'), 'utf8')).toBe(secret);
  });

  test('a configured secret is used, and none is made', async () => {
    const data = join(folder, 'configured');
    const { out, code } = await runHere(['token', '--sub', '7', '--json', '--data', data], {
      SWITCHBOARD_JWT_SECRET: 'k'.repeat(40),
    });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ subject: '7', role: 'user', namespace: 'default', ttl: 86_400_000 });
    expect(() => statSync(data)).toThrow('ENOENT');
  });

  test('a secret that cannot be made is told in words', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const { out, err, code } = await runHere(['token', '--sub', '7', '--data', file]);
    expect([out, code]).toEqual(['', 1]);
    expect(err).toMatch(/^switchboard: The token secret .*a-file\/jwt-secret cannot be read or made .*--data\.\n$/);
  });
});

describe('config print', () => {
  test('every option, its value and its place; secrets are masked', async () => {
    const { out, code } = await runHere(['config', 'print', '--port', '0'], {
      SWITCHBOARD_HOST: '::1',
      SWITCHBOARD_API_TOKEN: 'very-secret',
    });
    expect(code).toBe(0);
    expect(out).toMatch(/^port +0 +--port$/m);
    expect(out).toMatch(/^host +::1 +SWITCHBOARD_HOST$/m);
    expect(out).toMatch(/^max-page +100 +default$/m);
    expect(out).toMatch(/^api-token +\*{8} +SWITCHBOARD_API_TOKEN$/m);
    expect(out).toMatch(/^jwt-issuer +\(not set\) +default$/m);
    expect(out).not.toContain('very-secret');
    const settings: unknown = JSON.parse((await runHere(['config', 'print', '--json', '--port', '0'])).out);
    expect(settings).toContainEqual({ name: 'port', value: '0', from: '--port' });
  });
});

describe('a server that is not there: exit code 3', () => {
  test.each([[['send', '2', 'hello']], [['history', '5']], [['listen']], [['conversation', 'members', '5']]])(
    '%j',
    async (words) => {
      const port = await freePort();
      const secret = 'k'.repeat(40);
      const { out, err, code } = await runHere([...words, '--as', '1', '--port', String(port), '--jwt-secret', secret]);
      expect([out, code]).toEqual(['', 3]);
      expect(err).toMatch(
        new RegExp(`^switchboard: No answer from \\w+://127\\.0\\.0\\.1:${port}.*Is the server running\\?.*\n$`),
      );
    },
  );
});

describe('doctor', () => {
  const doctor = async (...words: string[]) => {
    const { out, code } = await runHere(['doctor', '--json', '--port', '0', ...words]);
    const findings: { check: string; level: string; text: string }[] = JSON.parse(out);
    return { code, of: (check: string) => findings.find((finding) => finding.check === check) };
  };

  test('a place where nothing is yet is well, and stays as it is', async () => {
    const data = join(folder, 'new', 'deep');
    const { code, of } = await doctor('--data', data);
    expect(code).toBe(0);
    expect(of('data folder')).toMatchObject({ level: 'ok', text: `${data} will be made` });
    expect(of('token secret')).toMatchObject({ level: 'ok', text: 'will be made on the first start' });
    expect(() => statSync(data)).toThrow('ENOENT');
  });

  test('a folder that is a file, a secret that others can read or that was cut, a database that is none', async () => {
    const data = join(folder, 'ill');
    mkdirSync(data);
    writeFileSync(join(data, 'jwt-secret'), 'k'.repeat(40));
    chmodSync(join(data, 'jwt-secret'), 0o644);
    const readable = await doctor('--data', data);
    expect(readable.code).toBe(0);
    expect(readable.of('token secret')).toMatchObject({ level: 'warn' });
    expect(readable.of('token secret')?.text).toContain('chmod 600');
    writeFileSync(join(data, 'jwt-secret'), 'k');
    writeFileSync(join(data, 'switchboard.db'), 'this is no database at all'.repeat(100));
    const broken = await doctor('--data', data);
    expect(broken.code).toBe(1);
    expect(broken.of('token secret')).toMatchObject({ level: 'fail' });
    expect(broken.of('database')).toMatchObject({ level: 'fail' });
    const file = await doctor('--data', join(data, 'jwt-secret'));
    expect(file.of('data folder')).toMatchObject({ level: 'fail' });
  });

  test('a database of a newer version, and one with a message from the future', async () => {
    const data = join(folder, 'newer');
    mkdirSync(data);
    const db = new DatabaseSync(join(data, 'switchboard.db'));
    db.exec('CREATE TABLE migration (number INTEGER, checksum TEXT); CREATE TABLE message (id INTEGER PRIMARY KEY)');
    db.exec(`INSERT INTO message VALUES (${2 ** 52})`);
    const ahead = await doctor('--data', data);
    expect(ahead.of('newest')).toMatchObject({ level: 'warn' });
    db.exec("INSERT INTO migration VALUES (999, 'x')");
    db.close();
    const { code, of } = await doctor('--data', data);
    expect(code).toBe(1);
    expect(of('database')?.text).toContain('newer version (schema 999');
  });

  test('a lock that is held, and a port that another program has', async () => {
    const data = join(folder, 'locked');
    mkdirSync(data);
    const lock = new DatabaseSync(join(data, 'lock.db'));
    lock.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
    const server = createServer((socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi'));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { out, code } = await runHere(['doctor', '--data', data, '--port', String(port)]);
    expect(out).toMatch(/^ok +lock +held by a running server$/m);
    expect(out).toMatch(new RegExp(`^fail +port +${port} on 127.0.0.1 is taken by another program`, 'm'));
    expect(code).toBe(1);
    lock.close();
    expect((await doctor('--data', data)).of('lock')).toMatchObject({ level: 'ok', text: 'no server uses the folder' });
    server.close();
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

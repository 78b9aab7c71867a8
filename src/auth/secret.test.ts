import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SecretError, findSecret, loadSecret, secretPath } from './secret.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchboard-secret-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the secret of a data folder', () => {
  test('is made once, and stays', () => {
    expect(findSecret(folder)).toBeUndefined();
    const secret = loadSecret(folder);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(loadSecret(folder)).toBe(secret);
    expect(findSecret(folder)).toBe(secret);
    expect(readdirSync(folder)).toEqual(['jwt-secret']);
  });

  test('is its owner’s alone, and so is the folder made for it', () => {
    const inner = join(folder, 'a', 'b');
    loadSecret(inner);
    expect(statSync(secretPath(inner)).mode & 0o777).toBe(0o600);
    expect(statSync(inner).mode & 0o777).toBe(0o700);
  });

  test('two folders have two', () => {
    expect(loadSecret(join(folder, 'one'))).not.toBe(loadSecret(join(folder, 'two')));
  });

  test('may be written by hand, with a line break at its end', () => {
    writeFileSync(secretPath(folder), `${'k'.repeat(40)}\r\n`);
    expect(loadSecret(folder)).toBe('k'.repeat(40));
  });

  test('one that was cut is not used: tokens signed with it could be guessed', () => {
    for (const content of ['', '\n', 'short', 'k'.repeat(31)]) {
      writeFileSync(secretPath(folder), content);
      expect(() => loadSecret(folder)).toThrow(/is damaged/);
      expect(() => findSecret(folder)).toThrow(SecretError);
    }
  });

  test('a folder that cannot be one is told in words', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => loadSecret(join(folder, 'file'))).toThrow(/cannot be read or made .*--data/);
    mkdirSync(secretPath(folder));
    expect(() => loadSecret(folder)).toThrow(SecretError);
  });

  test('many processes that come first at once all read the same', async () => {
    const script = `import { loadSecret } from ${JSON.stringify(new URL('secret.ts', import.meta.url).href)}; process.stdout.write(loadSecret(${JSON.stringify(folder)}));`;
    const secrets = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
        const [secret] = await Promise.all([text(child.stdout), once(child, 'exit')]);
        return secret;
      }),
    );
    expect(new Set(secrets)).toEqual(new Set([readFileSync(secretPath(folder), 'utf8').trim()]));
    expect(readdirSync(folder)).toEqual(['jwt-secret']);
  });
});

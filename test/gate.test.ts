/** `npm test` on a small project of its own: what it says at the end, and when it fails. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const project = dirname(import.meta.dirname);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'switchboard-gate-'));
  for (const name of ['scripts', 'vitest.config.ts']) cpSync(join(project, name), join(root, name), { recursive: true });
  mkdirSync(join(root, 'test'));
  mkdirSync(join(root, 'node_modules'));
  symlinkSync(join(project, 'node_modules', 'vitest'), join(root, 'node_modules', 'vitest'));
  for (const name of ['package-lock.json', 'node_modules/.package-lock.json']) {
    writeFileSync(join(root, name), JSON.stringify({ packages: {} }));
  }
});
afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, ...lines: string[]): void {
  writeFileSync(join(root, 'test', name), [`import { expect, it } from 'vitest';`, ...lines].join('\n'));
}

/** Resolves with the exit code and the last lines of standard output. */
function runTests(...args: string[]): Promise<{ code: number | string | null | undefined; last: string[] }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/test.mjs', ...args], { cwd: root }, (error, stdout) => {
      resolve({ code: error === null ? 0 : error.code, last: stdout.trimEnd().split('\n').slice(-2) });
    });
  });
}

const pass = `it('passes', () => expect(1).toBe(1));`;

it('ends with the number of tests', async () => {
  write('one.test.ts', pass, `it('passes too', () => expect(2).toBe(2));`);
  write('two.test.ts', pass);
  const { code, last } = await runTests('test');
  expect(last).toEqual([expect.stringMatching(/^tests +[\d.]+ s {2}ok$/), '3 passed, 0 failed']);
  expect(code).toBe(0);
});

it('runs the part asked for', async () => {
  write('one.test.ts', pass);
  write('two.test.ts', pass);
  expect((await runTests('test/two')).last).toContain('1 passed, 0 failed');
});

it.each([
  ['a failed test', `it('fails', () => expect(1).toBe(2));`],
  ['a file that does not load', `throw new Error('broken');`],
  [
    'an error outside any test',
    `setTimeout(() => { throw new Error('stray'); }); it('waits', () => new Promise((r) => setTimeout(r, 200)));`,
  ],
])('counts %s as one', async (_, line) => {
  write('good.test.ts', pass);
  write('bad.test.ts', line);
  const { code, last } = await runTests('test');
  expect(last).toEqual(['failed: tests', expect.stringMatching(/^[12] passed, 1 failed$/)]);
  expect(code).toBe(1);
});

it('fails when no test ran', async () => {
  const { code, last } = await runTests('test');
  expect(last).toEqual(['failed: tests, no test ran', '0 passed, 0 failed']);
  expect(code).toBe(1);
});

it('fails when a check fails or a test is skipped, and runs the rest all the same', async () => {
  write('one.test.ts', pass, `it.skip('is skipped', () => expect(1).toBe(2));`);
  const { code, last } = await runTests();
  expect(last).toEqual(['failed: format, lint, types, generated code, 1 tests are skipped or unwritten', '1 passed, 0 failed']);
  expect(code).toBe(1);
});

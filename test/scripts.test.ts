/** The commands of package.json, on a small project of their own: the real scripts, the real npm, a stand-in for the server. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const project = dirname(import.meta.dirname);

/** Prints the readiness line, says which signal it hears, and ends 200 ms later; `--exit N` ends it at once, `--runs-with` tells Node's own options. */
const server = `
const [command, option, value]: string[] = process.argv.slice(2);
if (command !== 'start') {
  process.stdout.write(command + ' ' + process.version);
} else if (option === '--runs-with') {
  process.stdout.write(process.execArgv.join(' '));
} else if (option === '--exit') {
  process.exit(Number(value));
} else {
  const alive = setInterval(() => {}, 1000);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      process.stdout.write(signal + '\\n');
      setTimeout(() => clearInterval(alive), 200);
    });
  }
  process.stdout.write('switchboard ready url=http://127.0.0.1:1 pid=' + process.pid + '\\n');
}
`;

/** A project with the real scripts and one local dependency, so that npm installs without a registry. */
function createProject(): string {
  const root = mkdtempSync(join(tmpdir(), 'switchboard-scripts-'));
  cpSync(join(project, 'scripts'), join(root, 'scripts'), { recursive: true });
  mkdirSync(join(root, 'src'));
  writeFileSync(join(root, 'src', 'main.ts'), server);
  mkdirSync(join(root, 'parts', 'bell'), { recursive: true });
  const bell = { name: 'bell', version: '1.0.0' };
  writeFileSync(join(root, 'parts', 'bell', 'package.json'), JSON.stringify(bell));
  const dependencies = { bell: 'file:parts/bell' };
  const scripts = { start: 'exec node scripts/start.mjs' };
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({ name: 'small', version: '1.0.0', type: 'module', scripts, dependencies }),
  );
  const packages = {
    '': { name: 'small', version: '1.0.0', dependencies },
    'node_modules/bell': { resolved: 'parts/bell', link: true },
    'parts/bell': { version: '1.0.0' },
  };
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({ name: 'small', version: '1.0.0', lockfileVersion: 3, packages }),
  );
  return root;
}

interface Run {
  readonly child: ChildProcess;
  /** Resolves with standard output when that holds the text. */
  readonly says: (text: string) => Promise<string>;
  readonly ended: Promise<{ code: number | null; signal: string | null; out: string; error: string }>;
}

const started = new Set<ChildProcess>();
afterEach(() => {
  for (const { pid } of started) process.kill(-Number(pid), 'SIGKILL');
});

/** Starts a command in a process group of its own, as a shell would for its terminal. */
function run(root: string, command: string, args: string[], env: NodeJS.ProcessEnv = {}): Run {
  const path = dirname(process.execPath) + delimiter + process.env['PATH'];
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'));
  const child = spawn(command, args, {
    cwd: root,
    env: { ...Object.fromEntries(clean), PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  started.add(child);
  child.once('exit', () => started.delete(child));
  let out = '';
  let error = '';
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
  const waiting = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    for (const look of waiting) look();
  });
  return {
    child,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (out.includes(text)) resolve(out);
        };
        waiting.add(look);
        look();
        child.once('close', () => reject(new Error(`ended without "${text}": ${out}${error}`)));
      }),
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal, out, error }));
    }),
  };
}

let root: string;
beforeAll(() => {
  root = createProject();
});
afterAll(() => rmSync(root, { recursive: true }));

describe('install', () => {
  it('happens once for scripts that start together, and never again while nothing changes', async () => {
    const together = ['one', 'two', 'three'].map((name) => run(root, process.execPath, ['scripts/switchboard.mjs', name]).ended);
    const results = await Promise.all(together);
    expect(results.map(({ out }) => out)).toEqual(['one', 'two', 'three'].map((name) => `${name} ${process.version}`));
    const lines = results.flatMap(({ error }) => error.split('\n')).filter((line) => line !== '');
    expect(lines).toEqual([
      expect.stringMatching(/^switchboard: node_modules is missing or unfinished, installing ... done in [\d.]+ s$/),
    ]);
    expect(existsSync(join(root, 'node_modules', 'bell'))).toBe(true);
    expect(await run(root, process.execPath, ['scripts/switchboard.mjs', 'again']).ended).toMatchObject({ code: 0, error: '' });
  });

  it('happens again when the lockfile has moved on', async () => {
    const installed = join(root, 'node_modules', '.package-lock.json');
    writeFileSync(installed, readFileSync(installed, 'utf8').replaceAll('1.0.0', '0.9.0'));
    const { code, error } = await run(root, process.execPath, ['scripts/switchboard.mjs', 'again']).ended;
    expect(error).toMatch(
      /^switchboard: node_modules is not what package-lock.json asks for, installing ... done in [\d.]+ s\n$/,
    );
    expect(code).toBe(0);
  });

  it('says what npm said when it fails, and runs nothing', async () => {
    const broken = createProject();
    rmSync(join(broken, 'parts'), { recursive: true });
    writeFileSync(join(broken, 'package.json'), JSON.stringify({ name: 'small', dependencies: { gong: 'file:parts/gong' } }));
    const { code, out, error } = await run(broken, process.execPath, ['scripts/switchboard.mjs', 'token']).ended;
    rmSync(broken, { recursive: true });
    expect(error).toContain('Missing: gong');
    expect(error).toContain('switchboard: the install failed: npm ci ended with 1.');
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });
});

describe('start', () => {
  it('passes the exit code on', async () => {
    const { code } = await run(root, process.execPath, ['scripts/start.mjs', '--exit', '7']).ended;
    expect(code).toBe(7);
  });

  it('bounds the space for new objects', async () => {
    const { out } = await run(root, process.execPath, ['scripts/start.mjs', '--runs-with']).ended;
    expect(out.split(' ')).toContain('--max-semi-space-size=16');
  });

  it('writes nothing but what the server writes to standard output', async () => {
    const { child, says, ended } = run(root, process.execPath, ['scripts/start.mjs']);
    await says('ready');
    child.kill('SIGTERM');
    const { code, out } = await ended;
    expect(out).toMatch(/^switchboard ready url=\S+ pid=\d+\nSIGTERM\n$/);
    expect(code).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('hands %s for npm to the server and waits for its end', async (signal) => {
    const { child, says, ended } = run(root, 'npm', ['start', '--silent']);
    await says('ready');
    child.kill(signal);
    const { code, out } = await ended;
    expect(out.split('\n').slice(1)).toEqual([signal, '']);
    expect(code).toBe(0);
  });

  it('gives the server one SIGINT for one Ctrl+C, which a terminal sends to all of them', async () => {
    const { child, says, ended } = run(root, 'npm', ['start', '--silent']);
    await says('ready');
    process.kill(-Number(child.pid), 'SIGINT');
    const { code, out } = await ended;
    expect(out.split('\n').slice(1)).toEqual(['SIGINT', '']);
    expect(code).toBe(0);
  });

  it.each(['launcher', 'npm'])('lets the server drain when its %s is killed', async (victim) => {
    const { child, says, ended } =
      victim === 'npm' ? run(root, 'npm', ['start', '--silent']) : run(root, process.execPath, ['scripts/start.mjs']);
    await says('ready');
    child.kill('SIGKILL');
    // The stream ends with the last process that holds it: the server.
    const { out } = await ended;
    expect(out.split('\n').slice(1)).toEqual(['SIGTERM', '']);
  });

  it('ends as a shell would say when the server is killed', async () => {
    const { says, ended } = run(root, process.execPath, ['scripts/start.mjs']);
    const pid = /pid=(\d+)\n/.exec(await says('\n'))?.[1];
    process.kill(Number(pid), 'SIGKILL');
    expect(await ended).toMatchObject({ code: 137 });
  });
});

describe('helpers', () => {
  /** Runs installHelpers for one program with nothing on the path but this folder. */
  const install = (folder: string): Promise<Awaited<Run['ended']>> => {
    const table = JSON.stringify([{ program: 'gong', apt: 'gong-server', hint: 'brew install gong' }]);
    const code = `import { installHelpers } from './scripts/helpers.mjs'; installHelpers(${table});`;
    return run(root, process.execPath, ['--input-type=module', '--eval', code], { PATH: folder }).ended;
  };
  const write = (path: string, script: string): void => writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'switchboard-helpers-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are left alone when they are there', async () => {
    write(join(folder, 'gong'), '');
    write(join(folder, 'apt-get'), 'exit 1');
    expect(await install(folder)).toMatchObject({ code: 0, error: '' });
  });

  it('come from apt-get when they are missing', async () => {
    write(
      join(folder, 'apt-get'),
      `echo "$@" >> ${folder}/asked\ncase "$*" in *" gong-server") /bin/cp "$0" ${folder}/gong;; esac`,
    );
    expect(await install(folder)).toMatchObject({ code: 0, error: '' });
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe(
      '--quiet update\n--quiet install --yes --no-install-recommends gong-server\n',
    );
  });

  it('are asked for by name when apt-get cannot help', async () => {
    write(join(folder, 'apt-get'), 'echo are you root? >&2; exit 100');
    const { code, error } = await install(folder);
    expect(error).toContain('are you root?');
    expect(error).toContain('gong is missing: brew install gong');
    expect(code).toBe(1);
  });
});

/**
 * Brings node_modules in step with package-lock.json and names the Node.js that runs everything. Works on Node 20, because the
 * lockfile brings Node 24 along only once it is installed. Says what it does in one line on standard error: standard output
 * belongs to the program that runs afterwards.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takeLock } from './install-lock.mjs';
import { endGroup, exitCode, onEnd } from './signals.mjs';

export { exitCode } from './signals.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The oldest Node.js that runs the TypeScript sources as they are. */
const OLDEST_NODE = 24;
/** An install that goes on longer than this has hung: the registry does not answer. */
const MAX_INSTALL_MS = 600_000;

/** The package that is Node.js itself for this platform, if the lockfile has one (there is none for macOS). */
const pinned = `node_modules/node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/**
 * Why an install is needed, or undefined when all is in place. npm writes `node_modules/.package-lock.json` as the last act
 * of a successful install, so an interrupted one, an older one and one without development packages are all told apart from the
 * one wanted here. Packages for other platforms may be missing.
 */
function staleness() {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  const wanted = read('package-lock.json');
  let installed;
  try {
    installed = read('node_modules/.package-lock.json');
  } catch {
    return 'node_modules is missing or unfinished';
  }
  for (const [path, { version, integrity, optional, devOptional }] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined && (optional || devOptional) && path !== pinned) continue;
    const same = found?.version === version && (integrity === undefined || found.integrity === integrity);
    if (!same) return 'node_modules is not what package-lock.json asks for';
  }
  return undefined;
}

/** Installs what is missing, at most once however many scripts start together, and returns the path of the Node.js to run. */
export async function install() {
  const node = runtime();
  if (staleness() !== undefined) {
    const lock = await takeLock(root, MAX_INSTALL_MS).catch((error) => fail(error.message));
    const reason = staleness();
    if (reason !== undefined) await npmCi(reason, lock);
    lock.release();
  }
  return node;
}

function runtime() {
  const packages = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  if (packages[pinned] !== undefined) return join(root, pinned, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    fail(
      `Node.js ${OLDEST_NODE} or newer is needed and this is ${process.versions.node}. There is no build of it on npm for ` +
        `${process.platform}-${process.arch}: install it from https://nodejs.org and try again.`,
    );
  }
  return process.execPath;
}

async function npmCi(reason, lock) {
  const started = performance.now();
  process.stderr.write(`switchboard: ${reason}, installing ... `);
  const child = spawn(...npmCommand(), {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32', // npm is npm.cmd there
    detached: process.platform !== 'win32',
  });
  // npm unwinds for as long as it installs when asked to end; what it leaves unfinished is seen and repaired by the next start.
  const kill = () => endGroup(child, 'SIGKILL');
  const ignore = onEnd((signal) => {
    kill();
    process.exit(exitCode(null, signal));
  });
  const timer = setTimeout(kill, MAX_INSTALL_MS);
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const code = await new Promise((resolve) => {
    child.once('error', (error) => fail(`npm does not start: ${error.message}`));
    child.once('spawn', () => lock.share(child.pid));
    child.once('close', (status, signal) => resolve(exitCode(status, signal)));
  });
  clearTimeout(timer);
  ignore();
  const left = code === 0 ? staleness() : `npm ci ended with ${code}`;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(`${left === undefined ? 'done in' : 'failed after'} ${seconds} s\n`);
  if (left === undefined) return;
  process.stderr.write(Buffer.concat(output));
  fail(`the install failed: ${left}.`);
}

/** `npm ci`, by the npm that runs this script if one does, whatever it was told of development packages and log levels. */
function npmCommand() {
  const args = ['ci', '--include=dev', '--include=optional', '--loglevel=error', '--no-audit', '--no-fund', '--no-progress'];
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  return npm?.endsWith('npm-cli.js') && node !== undefined ? [node, [npm, ...args]] : ['npm', args];
}

/** Ends this process with a message; nothing here can be handled by a caller. */
function fail(message) {
  process.stderr.write(`switchboard: ${message}\n`);
  process.exit(1);
}

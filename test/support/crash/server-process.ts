/** A server as a process of its own on a data folder, killed and started again. */
import { fileURLToPath } from 'node:url';
import { Running } from '../command-line.ts';
import { API_TOKENS } from '../server.ts';
import { SECRET } from '../tokens.ts';

/** Killed when it goes out of use. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly running: Running;
  readonly alive: boolean;
}

/** Resolves when the server is ready. `env` is added to the environment of the process. */
export async function startProcess(data: string, env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const words = [
    'start',
    '--port',
    '0',
    '--data',
    data,
    '--rate-limit',
    'off',
    '--log-level',
    'error',
    '--shutdown-timeout',
    '60s',
  ];
  const running = new Running(words, { SWITCHBOARD_JWT_SECRET: SECRET, SWITCHBOARD_API_TOKEN: API_TOKENS.admin, ...env });
  const line = await running.line(/^switchboard ready /);
  const url = /url=(\S+)/.exec(line)?.[1] ?? '';
  let alive = true;
  void running.ended().then(() => {
    alive = false;
  });
  return {
    url,
    port: Number(new URL(url).port),
    running,
    get alive() {
      return alive;
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Ends it as a power button does not: at once, whatever it is at. */
export async function kill({ running }: ServerProcess): Promise<void> {
  running.kill('SIGKILL');
  await running.ended();
}

/** The environment that makes a process load a module of this folder before its own. */
export function preloaded(module: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=${fileURLToPath(new URL(module, import.meta.url))}` };
}

/** The port: free, or answered by a Switchboard; and the identity provider, when there is one. */
import { createServer } from 'node:net';
import type { Config } from '../config.ts';
import { field, reachableHost, reasonOf } from './client.ts';
import { found } from './finding.ts';
import type { Finding } from './finding.ts';

/** A healthy answer takes milliseconds. */
const ANSWER_TIMEOUT_MS = 3_000;

export async function checkPort({ host, port }: Config): Promise<Finding> {
  if (port === 0) return found('ok', 'port', 'any free one will be taken');
  const code = await tryToListen(host, port);
  if (code === undefined) return found('ok', 'port', `${port} on ${host} is free`);
  if (code === 'EACCES')
    return found('fail', 'port', `${port} may not be opened by this user. Choose one from 1024 up with --port.`);
  if (code !== 'EADDRINUSE')
    return found('fail', 'port', `${host} is not an address of this machine (${code}). Choose another with --host.`);
  const url = `http://${reachableHost(host)}:${port}`;
  if (await isSwitchboard(url)) return found('ok', 'port', `a Switchboard answers at ${url}`);
  return found('fail', 'port', `${port} on ${host} is taken by another program. Stop it, or choose another port with --port.`);
}

/** The code of the error; undefined when the port is free. */
function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function isSwitchboard(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return response.ok && field(await response.json(), 'status') === 'ok';
  } catch {
    return false;
  }
}

export async function checkKeySet(url: string | undefined): Promise<Finding[]> {
  if (url === undefined) return [];
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS), redirect: 'manual' });
    if (response.status !== 200)
      return [found('fail', 'jwks-url', `${url} answers ${response.status}, not 200. Correct jwks-url.`)];
    const keys = field(await response.json(), 'keys');
    if (Array.isArray(keys)) return [found(keys.length > 0 ? 'ok' : 'warn', 'jwks-url', `${url} has ${keys.length} keys`)];
    return [found('fail', 'jwks-url', `${url} answers no JSON Web Key Set. Correct jwks-url.`)];
  } catch (error) {
    return [
      found(
        'fail',
        'jwks-url',
        `${url} cannot be reached (${reasonOf(error)}). Tokens of the identity provider would be refused.`,
      ),
    ];
  }
}

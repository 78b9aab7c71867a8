/** How commands about the data of people talk to a running server: as a back end with an Api-Token, or as the person it is about. */
import type { Config } from '../config.ts';
import { parsed, reach, refusal, serverUrl, tokenFor } from './client.ts';
import { CommandError, EXIT } from './command.ts';
import type { Arguments, CommandOption } from './command.ts';

export const OPERATOR_OPTIONS: readonly CommandOption[] = [
  { name: 'ns', value: '<namespace>', about: 'The namespace of the person.', default: 'default' },
];

export interface Operator {
  /** Resolves with the parsed answer. Throws `CommandError`. */
  request(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>;
  /** Lines of an answer as they come, however long it is. Ends quietly when the signal is aborted. */
  lines(path: string, follow?: { readonly accept: string; readonly signal: AbortSignal }): AsyncGenerator<string>;
}

/** `--as` and `--token` go before `--admin-token`: whoever says who they are wants to be that. */
export async function createOperator(config: Config, args: Arguments, onlyBackEnds: boolean): Promise<Operator> {
  const url = serverUrl(config);
  const headers = await headersFor(config, args, onlyBackEnds);

  function call(
    method: string,
    path: string,
    body?: object,
    more: { accept?: string; signal?: AbortSignal } = {},
  ): Promise<Response> {
    const json = { 'content-type': 'application/json' };
    const { accept, signal } = more;
    const sent = { ...headers, ...(body !== undefined && json), ...(accept !== undefined && { accept }) };
    return reach(url, () =>
      fetch(url + path, {
        method,
        headers: sent,
        redirect: 'error',
        ...(signal !== undefined && { signal }),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
  }

  async function checked(response: Response): Promise<Response> {
    if (response.ok) return response;
    throw refusal(url, response.status, parsed(await reach(url, () => response.text())));
  }

  return {
    async request(method, path, body) {
      const response = await checked(await call(method, path, body));
      return parsed(await reach(url, () => response.text()));
    },
    async *lines(path, follow) {
      const response = await checked(await call('GET', path, undefined, follow));
      if (response.body === null) return;
      let rest = '';
      for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
      if (rest !== '' && follow === undefined) throw new CommandError(EXIT.failed, 'The answer ended in the middle of a line.');
    },
  };
}

async function headersFor(config: Config, args: Arguments, onlyBackEnds: boolean): Promise<Record<string, string>> {
  const { adminToken, token } = config.client;
  const asUser = !onlyBackEnds && (args.flag('as') || token !== undefined);
  if (!asUser && adminToken !== undefined) return { 'api-token': adminToken, 'x-namespace': args.text('ns') ?? 'default' };
  if (!onlyBackEnds && asUser) return { authorization: `Bearer ${await tokenFor(config, args)}` };
  throw new CommandError(
    EXIT.usage,
    `An Api-Token is needed: --admin-token or SWITCHBOARD_ADMIN_TOKEN${onlyBackEnds ? '' : '; or be the person it is about: --as or --token'}.`,
  );
}

/** `switchboard token`: a user token, signed with the configured secret or that of the data folder. */
import { ROLES } from '../core/index.ts';
import { loadSecret } from '../auth/secret.ts';
import { createTokens } from '../auth/tokens.ts';
import type { Config } from '../config.ts';
import { BadValue, kinds } from '../config.ts';
import type { TokenRequest } from '../core/index.ts';
import { usage } from './arguments.ts';
import { EXIT, JSON_OPTION } from './command.ts';
import type { Arguments, Command } from './command.ts';

const YEAR_MS = 366 * 86_400_000;

export const token: Command = {
  name: 'token',
  summary: 'Mint a user token and print it. Works before the first start: the secret is made when there is none.',
  options: [
    {
      name: 'sub',
      value: '<user>',
      about: 'The user: a decimal id is the id itself, any other text is kept as an external id. Needed.',
    },
    { name: 'name', value: '<text>', about: 'What people see.' },
    { name: 'role', value: `<${ROLES.join('|')}>`, about: 'What the user is.', default: 'user' },
    { name: 'ns', value: '<namespace>', about: 'The namespace of the user.', default: 'default' },
    {
      name: 'ttl',
      value: '<time>',
      about: 'How long it is good: milliseconds, or with s, m, h, d; a year at most.',
      default: '24h',
    },
    JSON_OPTION,
  ],
  configured: 'server',
  details: 'Example: curl -H "Authorization: Bearer $(switchboard token --sub 1)" …',
  async run(io, config, args) {
    const request = toRequest(args);
    const minted = await mintLocally(config, request, loadSecret);
    io.out(args.flag('json') ? JSON.stringify({ token: minted, ...request }) : minted);
    return EXIT.ok;
  },
};

/** `secretOf` finds the secret of the data folder when none is configured. */
export async function mintLocally(config: Config, request: TokenRequest, secretOf: (folder: string) => string): Promise<string> {
  const { secret, issuer, audience, algorithms } = config.jwt;
  return createTokens({ secret: secret ?? secretOf(config.data), issuer, audience, algorithms }).mint(request);
}

function toRequest(args: Arguments): TokenRequest {
  const subject = args.text('sub');
  if (subject === undefined || subject === '') throw usage(token, '--sub is missing: the user the token is for.');
  const role = ROLES.find((known) => known === (args.text('role') ?? 'user'));
  if (role === undefined) throw usage(token, `--role must be one of ${ROLES.join(', ')}.`);
  const namespace = args.text('ns') ?? 'default';
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(namespace))
    throw usage(token, '--ns must have 1 to 64 letters, digits, dots, dashes or underscores.');
  const name = args.text('name');
  return { subject, namespace, role, ...(name !== undefined && { name }), ttl: toTtl(args.text('ttl') ?? '24h') };
}

function toTtl(text: string): number {
  try {
    return kinds.duration(1_000, YEAR_MS).parse(text);
  } catch (error) {
    if (error instanceof BadValue) throw usage(token, `--ttl ${error.message}.`);
    throw error;
  }
}

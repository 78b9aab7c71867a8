/** How the texts that name receivers of events become values. */
import { isIP } from 'node:net';
import { BadValue } from './values.ts';
import type { Kind } from './values.ts';

/** What the standard of webhooks asks of a secret at least (standardwebhooks.com): bytes that nobody guesses. */
const MIN_SECRET_BYTES = 24;

/** Secrets that sign at a time: an old one, a new one, and some that were forgotten. Each costs a signature per request. */
const MAX_SECRETS = 4;

const SECRET_PREFIX = 'whsec_';

/** An address of a receiver; a name and password in it are sent as Basic authorization. */
export function webhookUrl(): Kind<string> {
  return {
    label: 'http:// or https:// address',
    parse(given) {
      const url = URL.canParse(given) ? new URL(given) : undefined;
      if (url === undefined || !/^https?:$/.test(url.protocol)) throw new BadValue('must be an http:// or https:// address');
      if (!isEncoded(url.username) || !isEncoded(url.password)) {
        throw new BadValue('has a % in its name or password that stands for no character: write it as %25');
      }
      return given;
    },
  };
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Secrets with commas between them: `whsec_` and Base64 as the standard has it, or any text. */
export function webhookSecrets(): Kind<readonly string[]> {
  return {
    label: 'whsec_ and Base64, or a text, with commas between',
    parse(given) {
      const secrets = given.split(',').map((part) => part.trim());
      if (secrets.length > MAX_SECRETS) throw new BadValue(`has more than ${MAX_SECRETS} secrets: remove those that nobody uses`);
      for (const secret of secrets) checkSecret(secret);
      return secrets;
    },
  };
}

function checkSecret(secret: string): void {
  const isStandard = secret.startsWith(SECRET_PREFIX);
  const base64 = secret.slice(SECRET_PREFIX.length);
  if (isStandard && !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
    throw new BadValue('must have Base64 behind whsec_: make one with `openssl rand -base64 32`');
  }
  const length = isStandard ? Buffer.from(base64, 'base64').length : Buffer.byteLength(secret);
  if (length < MIN_SECRET_BYTES) {
    throw new BadValue(
      `has a secret of ${length} bytes, which can be guessed: use ${MIN_SECRET_BYTES} random ones or more, like whsec_ and the output of \`openssl rand -base64 32\``,
    );
  }
}

export interface Network {
  readonly address: string;
  readonly prefix: number;
}

/** Networks in CIDR notation with commas between them; an address alone is a network of one. */
export function networks(): Kind<readonly Network[]> {
  return {
    label: 'addresses or CIDRs, with commas between',
    parse: (given) => given.split(',').map((part) => parseNetwork(part.trim())),
  };
}

function parseNetwork(text: string): Network {
  const match = /^([0-9A-Fa-f.:]+)(?:\/([0-9]{1,3}))?$/.exec(text);
  const address = match?.[1] ?? '';
  const version = isIP(address);
  if (version === 0) throw new BadValue(`has "${text}": write an address or a network, like 10.1.0.0/16 or fd12::/16`);
  const bits = version === 4 ? 32 : 128;
  const prefix = Number(match?.[2] ?? bits);
  if (prefix > bits)
    throw new BadValue(`has "${text}": behind the slash stands how many bits all have in common, ${bits} at the most`);
  return { address, prefix };
}

/** Where an event handler listens. */
export function grpcUrl(): Kind<string> {
  return {
    label: 'http://host:port or https://host:port',
    parse(given) {
      const url = URL.canParse(given) ? new URL(given) : undefined;
      if (url === undefined || !/^https?:$/.test(url.protocol)) {
        throw new BadValue('must be an address like http://host:50051, or https:// for TLS');
      }
      if (url.username !== '' || url.password !== '') throw new BadValue('must not have a name or password in it');
      if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
        throw new BadValue('must end behind the port: gRPC has paths of its own');
      }
      return given;
    },
  };
}

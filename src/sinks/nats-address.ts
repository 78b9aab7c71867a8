/** Where NATS servers are and who we are there, from one text. */

export interface NatsAddress {
  /** host:port each. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Encryption is insisted on; a server that requires it gets it either way. */
  readonly tls: boolean;
}

/** `nats://host:4222`, `tls://user:password@host`, `nats://token@host`; several servers of one cluster with commas between. Undefined: none of these. */
export function parseNatsAddress(text: string): NatsAddress | undefined {
  const urls = text.split(',').map((part) => toUrl(part.trim()));
  const [first] = urls;
  if (first === undefined || urls.includes(undefined)) return undefined;
  const user = decoded(first.username);
  const pass = decoded(first.password);
  if (user === undefined || pass === undefined) return undefined;
  return {
    servers: urls.map((url) => (url === undefined ? '' : url.host)),
    ...(pass !== '' && { user, pass }),
    ...(pass === '' && user !== '' && { token: user }),
    tls: first.protocol === 'tls:',
  };
}

function toUrl(text: string): URL | undefined {
  const withScheme = text.includes('://') ? text : `nats://${text}`;
  if (!URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  const isPlain = ['', '/'].includes(url.pathname) && url.search === '' && url.hash === '';
  return ['nats:', 'tls:'].includes(url.protocol) && url.host !== '' && isPlain ? url : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

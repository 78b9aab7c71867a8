/**
 * Which web pages may connect. A browser sends the page's origin with every WebSocket and cross-origin request and lets any page open a
 * WebSocket anywhere: without this check a foreign page could (RFC 6455, section 10.2). Programs that are no browsers send no origin.
 */
import type { IncomingMessage } from 'node:http';

export interface Origins {
  /** Whether the page that asks is ours, or of an origin that is allowed. */
  admits(request: Pick<IncomingMessage, 'headers'>): boolean;
  /** Those besides our own, as the CORS headers of polling want them; false: none. */
  readonly foreign: string[] | '*' | false;
}

/** `own` is the address clients reach this server at, where it is known: behind a proxy the Host may be another. */
export function createOrigins(options: { readonly allowed: readonly string[]; readonly own: string }): Origins {
  const { allowed } = options;
  const own = URL.canParse(options.own) ? new URL(options.own).origin : undefined;
  const any = allowed.includes('*');
  const named = new Set(own === undefined ? allowed : [...allowed, own]);
  return {
    admits({ headers: { origin, host } }) {
      if (origin === undefined || any || named.has(origin)) return true;
      return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
    },
    foreign: any ? '*' : allowed.length > 0 && [...allowed],
  };
}

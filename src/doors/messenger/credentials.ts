/** Where clients of this interface put their token (wire.md section 3): `auth.token` of the handshake, the Authorization header, the query; or a ticket. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Access, Identity } from '../../core/index.ts';

/** What Socket.IO knows of a connection that is about to open. */
export interface Handshake {
  readonly auth: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
  readonly query: Readonly<Record<string, unknown>>;
}

/** The user who connects. Rejects with `unauthenticated`. */
export async function identify(access: Access, { auth, headers, query }: Handshake): Promise<Identity> {
  const ticket = textIn(auth, 'ticket') ?? textIn(query, 'ticket');
  if (ticket !== undefined) return access.redeemTicket(ticket);
  const token = textIn(auth, 'token') ?? bearer(headers.authorization) ?? textIn(query, 'token') ?? '';
  return access.authenticate(bearer(token) ?? token);
}

/** Clients write the scheme before the token here and there. */
function bearer(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer +([^\s]+)$/i.exec(header)?.[1];
}

function textIn(values: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

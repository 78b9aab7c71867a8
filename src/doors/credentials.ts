/**
 * Where clients put their token over HTTP, and what a back end shows instead (wire.md section 1): the same places on every door, so that one
 * client library serves for all.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Access, Identity, Server } from '../core/index.ts';
import { ChatError } from '../core/index.ts';

/** What a request showed of itself. */
export interface Credentials {
  readonly token?: string;
  readonly ticket?: string;
}

export function fromHttp(headers: IncomingHttpHeaders, query: URLSearchParams): Credentials {
  const ticket = query.get('ticket');
  if (ticket !== null) return { ticket };
  const token =
    bearer(single(headers.authorization)) ??
    single(headers['grpc-metadata-token']) ??
    single(headers['appootb-token']) ??
    fromSubprotocol(single(headers['sec-websocket-protocol'])) ??
    single(query.get('token') ?? undefined);
  return token === undefined ? {} : { token };
}

export async function identify(access: Access, credentials: Credentials): Promise<Identity> {
  if (credentials.ticket !== undefined) return access.redeemTicket(credentials.ticket);
  return access.authenticate(credentials.token ?? '');
}

/** A back end by its Api-Token: exactly one, not empty. */
export function identifyServer(access: Access, value: string | readonly string[] | undefined): Server {
  if (typeof value !== 'string' || value === '' || value.includes(',')) {
    throw new ChatError('unauthenticated', 'A valid Api-Token is needed.');
  }
  return access.authenticateServer(value);
}

export function bearer(header: string | undefined): string | undefined {
  const match = header === undefined ? null : /^Bearer +([^\s]+)$/i.exec(header);
  return match?.[1];
}

/** `Sec-WebSocket-Protocol: bearer, <token>`: how a browser sends a token without putting it into the address. */
function fromSubprotocol(header: string | undefined): string | undefined {
  const [name, token] = header?.split(',').map((part) => part.trim()) ?? [];
  return name === 'bearer' ? token : undefined;
}

/** The first value; an empty one is none. */
export function single(value: string | string[] | undefined): string | undefined {
  const first = Array.isArray(value) ? value[0] : value;
  return first === '' ? undefined : first;
}

/**
 * What is refused before a door has it: addresses that cannot be decoded or lead nowhere, headers that are too large, requests that never
 * become whole. Each is answered in the form of the door its path belongs to, and counted under that door; where no path is known, or it is
 * nobody's, as `http`.
 */
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Meter } from '../core/index.ts';
import type { Refusal, RefusalForm } from '../doors/door.ts';

/** Bytes of request line and headers: a token and the usual company. */
const MAX_HEADER_BYTES = 16 * 1024;

/** The parser takes twice as much, so that what is too large by a little can be answered in its door's form. */
export const PARSED_HEADER_BYTES = 2 * MAX_HEADER_BYTES;

const NOBODY: Owner = {
  door: 'http',
  form: ({ code, message }) => JSON.stringify({ error: { code, message } }),
};

interface Owner {
  readonly door: string;
  readonly form: RefusalForm;
}

/** A refusal in words for the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Refusals {
  /** From now on what is refused under this path is the door's. */
  own(prefix: string, door: string, form: RefusalForm): void;
  /** Counts the refusal and words it. `path` undefined: it was never known. */
  refuse(path: string | undefined, refusal: Refusal): Answer;
  /** The same, written to a socket that nobody else writes to; it is closed. */
  refuseSocket(socket: Duplex, path: string | undefined, refusal: Refusal): void;
  /** For connections that end without an answer: there was no request. */
  count(code: string): void;
}

export function createRefusals({ meter }: { meter: Pick<Meter, 'refused'> }): Refusals {
  const owners: { readonly prefix: string; readonly owner: Owner }[] = [];

  function ownerOf(path: string | undefined): Owner {
    const found = owners.find(({ prefix }) => path === prefix || path?.startsWith(`${prefix}/`) === true);
    return found?.owner ?? NOBODY;
  }

  function refuse(path: string | undefined, refusal: Refusal): Answer {
    const { door, form } = ownerOf(path);
    meter.refused(door, refusal.code);
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    };
    return { status: refusal.status, headers, body: form(refusal) };
  }

  return {
    own: (prefix, door, form) => void owners.push({ prefix, owner: { door, form } }),
    refuse,
    refuseSocket(socket, path, refusal) {
      const { status, headers, body } = refuse(path, refusal);
      const lines = Object.entries({ ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) });
      const head = [
        `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
        ...lines.map(([name, value]) => `${name}: ${value}`),
        '',
        '',
      ];
      socket.on('error', () => undefined);
      // A client that never closes its side would keep the connection half open for ever.
      socket.once('finish', () => socket.destroy());
      socket.end(head.join('\r\n') + body);
    },
    count: (code) => meter.refused(NOBODY.door, code),
  };
}

const TOO_LARGE_HEADERS: Refusal = {
  status: 431,
  code: 'too_large',
  message: `The request line and headers are larger than ${MAX_HEADER_BYTES} bytes.`,
};

const MALFORMED: Refusal = { status: 400, code: 'invalid_argument', message: 'This is no HTTP request.' };

/** RFC 9112, section 3.2. */
const NO_HOST: Refusal = { status: 400, code: 'invalid_argument', message: 'The header Host is missing.' };

const TOO_SLOW: Refusal = { status: 408, code: 'timeout', message: 'The request did not become whole in time.' };

export const MALFORMED_ADDRESS: Refusal = { status: 400, code: 'invalid_argument', message: 'The address is malformed.' };

/** What is wrong with the head of a request that the parser has let through; undefined when nothing is. */
export function refusalOfHead({ url = '', rawHeaders, headers, httpVersion }: IncomingMessage): Refusal | undefined {
  let bytes = url.length;
  for (const text of rawHeaders) bytes += text.length;
  if (bytes > MAX_HEADER_BYTES) return TOO_LARGE_HEADERS;
  return headers.host === undefined && httpVersion === '1.1' ? NO_HOST : undefined;
}

/** Why Node's parser gave up on a connection. */
export function refusalOf(error: Error): Refusal {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'HPE_HEADER_OVERFLOW') return TOO_LARGE_HEADERS;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TOO_SLOW : MALFORMED;
}

/** The path of the request the parser gave up on, when what it was looking at begins with a request line. */
export function pathInPacket(error: Error): string | undefined {
  const packet = 'rawPacket' in error ? error.rawPacket : undefined;
  if (!Buffer.isBuffer(packet)) return undefined;
  return /^[A-Z]{3,7} (\/[^\s?]{0,1024})[\s?]/.exec(packet.toString('latin1', 0, 2_048))?.[1];
}

export function pathOf(url: string | undefined): string {
  const target = url ?? '/';
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

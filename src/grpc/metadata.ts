/**
 * Metadata of a call: what comes in as HTTP/2 headers, and what goes out as headers or trailers.
 * Source: "gRPC over HTTP2", Custom-Metadata.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';

export interface GrpcMetadata {
  /** The value of a name (any case); values sent several times are joined by `, `. Not for `-bin` names. */
  get(name: string): string | undefined;
  /** The first value of a `-bin` name as bytes; undefined when there is none or it is not base64. */
  getBinary(name: string): Buffer | undefined;
}

/** Metadata to send: lower-case names; bytes only under names ending in `-bin`; several values as an array. */
export type GrpcMetadataFields = Readonly<Record<string, string | Uint8Array | readonly (string | Uint8Array)[]>>;

/** A view of received headers: nothing is copied or decoded until it is asked for. */
export class ReceivedMetadata implements GrpcMetadata {
  readonly #headers: IncomingHttpHeaders;

  constructor(headers: IncomingHttpHeaders) {
    this.#headers = headers;
  }

  get(name: string): string | undefined {
    if (name.startsWith(':')) return undefined;
    const value = this.#headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  getBinary(name: string): Buffer | undefined {
    const text = this.get(name)?.split(',', 1)[0]?.trim();
    if (text === undefined || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
    return Buffer.from(text, 'base64');
  }
}

const NAME = /^[0-9a-z_.-]+$/;
const PRINTABLE = /^[ -~]*$/;
/** What the protocol itself says; metadata must not be able to contradict it. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'content-type',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Metadata as headers. Throws TypeError for a name or a value that the protocol cannot carry. */
export function encodeMetadata(fields: GrpcMetadataFields): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!NAME.test(name) || name.startsWith('grpc-') || RESERVED.has(name)) {
      throw new TypeError(`metadata name not allowed: ${JSON.stringify(name)}`);
    }
    headers[name] =
      typeof value === 'string' || value instanceof Uint8Array
        ? encodeValue(name, value)
        : value.map((item) => encodeValue(name, item));
  }
  return headers;
}

function encodeValue(name: string, value: string | Uint8Array): string {
  if (name.endsWith('-bin')) {
    return Buffer.from(value).toString('base64');
  }
  if (typeof value !== 'string' || !PRINTABLE.test(value)) {
    throw new TypeError(`metadata ${name}: only printable ASCII; bytes need a name ending in -bin`);
  }
  return value;
}

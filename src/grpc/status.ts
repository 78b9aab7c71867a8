/**
 * How a call ends: the codes, the error that carries one, and its place in the trailers.
 * Source: the gRPC documents "Status codes and their use in gRPC" and "gRPC over HTTP2" (Status, Status-Message).
 */
import type { OutgoingHttpHeaders } from 'node:http2';
import { encodeMetadata } from './metadata.ts';
import type { GrpcMetadataFields } from './metadata.ts';

export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcStatusCode = (typeof GrpcStatus)[keyof typeof GrpcStatus];

/** What the trailers of a call say. `metadata` names are lower case; values of names ending in `-bin` may be bytes. */
export interface GrpcStatusInfo {
  readonly code: GrpcStatusCode;
  readonly message?: string;
  readonly metadata?: GrpcMetadataFields;
}

/** Thrown by a method to end its call with this status. The client reads the message: say nothing it must not know. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: GrpcStatusCode;
  readonly metadata: GrpcMetadataFields;

  /** Throws TypeError when the metadata could not be sent, so that the mistake shows where it was made. */
  constructor(code: GrpcStatusCode, message: string, metadata: GrpcMetadataFields = {}) {
    super(message);
    encodeMetadata(metadata);
    this.code = code;
    this.metadata = metadata;
  }
}

const NEUTRAL_MESSAGE = 'Something went wrong on the server. It has been logged.';

/** Any thrown value as a GrpcError; one that is not ours becomes INTERNAL with a message that gives nothing away. */
export function toGrpcError(thrown: unknown): GrpcError {
  return thrown instanceof GrpcError ? thrown : new GrpcError(GrpcStatus.INTERNAL, NEUTRAL_MESSAGE);
}

/** Clients refuse long trailers (8 KiB of header list is common): a message is cut here, in UTF-16 units. */
const MAX_MESSAGE_LENGTH = 1024;

/** Status-Message: UTF-8 bytes outside of printable ASCII, and the percent sign, as %XX. */
export function encodeStatusMessage(message: string): string {
  const cut = message.length > MAX_MESSAGE_LENGTH ? message.slice(0, MAX_MESSAGE_LENGTH) : message;
  if (/^[ -$&-~]*$/.test(cut)) return cut;
  let encoded = '';
  for (const byte of Buffer.from(cut, 'utf8')) {
    if (byte >= 0x20 && byte <= 0x7e && byte !== 0x25) encoded += String.fromCharCode(byte);
    else encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The trailers of a status. Throws TypeError when its metadata cannot be sent. */
export function statusTrailers(status: GrpcStatusInfo): OutgoingHttpHeaders {
  const trailers: OutgoingHttpHeaders = status.metadata === undefined ? {} : encodeMetadata(status.metadata);
  trailers['grpc-status'] = String(status.code);
  if (status.message !== undefined && status.message !== '') {
    trailers['grpc-message'] = encodeStatusMessage(status.message);
  }
  return trailers;
}

/**
 * The message stream's own types and codecs: package `appootb.message` (seed 001, wire.md section 1), as compiled from `proto/`.
 */
import {
  Category,
  ConnectionsSchema,
  PackageSchema,
  PayloadType,
  PostSchema,
  PostmarkSchema,
  StreamSchema,
  Type,
  compileCodec,
} from '../../protobuf/index.ts';
import type { Connections, Int64, Package, Post, Postmark, Stream } from '../../protobuf/index.ts';

export { Category, PayloadType, Type };
export { DecodeError } from '../../protobuf/index.ts';
export type {
  ClientId,
  Connections,
  Failure,
  Int64,
  JsonOptions,
  Package,
  Post,
  Postmark,
  Receipts,
  Stream,
} from '../../protobuf/index.ts';

export const streamCodec = compileCodec<Stream>(StreamSchema);
export const postCodec = compileCodec<Post>(PostSchema);
export const postmarkCodec = compileCodec<Postmark>(PostmarkSchema);
export const packageCodec = compileCodec<Package>(PackageSchema);
export const connectionsCodec = compileCodec<Connections>(ConnectionsSchema);

/** google.protobuf.Empty in its two forms. */
export const EMPTY_BYTES = Buffer.alloc(0);
export const EMPTY_JSON = '{}';

/** A 64-bit id as one of ours; undefined when it is too large to be one. */
export function toSafeId(value: Int64 | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

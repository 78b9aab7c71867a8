/**
 * The messages of the stream interface in the protobuf JSON mapping, as tests write and read them whatever the carrier: proto field names, enums as
 * numbers, 64-bit integers as strings. The binary form is written and read by protobuf-es, which the server does not use for it.
 */
import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { DescMessage, JsonValue } from '@bufbuild/protobuf';
import { StreamSchema } from '../../../src/protobuf/gen/appootb/message/chat_pb.js';

export const Category = { PRIVATE: 1, GROUP: 2, CHANNEL: 3, ROOM: 4 } as const;
export const PayloadType = { SYNC: 1, MESSAGES: 2, RECEIPTS: 3 } as const;
export const Type = {
  TEXT: 1,
  AUDIO: 2,
  STICKER: 3,
  PHOTO: 4,
  VIDEO: 5,
  GIF: 6,
  FILE: 7,
  LOCATION: 8,
  CONTACT: 9,
  RECALL: 10,
  READ: 11,
} as const;

export interface PostmarkJson {
  readonly category: number;
  readonly sender: string;
  readonly receiver: string;
  readonly unique_id?: string;
  readonly expire?: string;
  readonly timestamp?: string;
}

export interface PostJson {
  readonly postmark: PostmarkJson;
  readonly type: number;
  readonly text?: { readonly content: string };
  readonly resource?: { readonly url: string; readonly thumbnail?: string };
  readonly caption?: string;
  readonly coordinate?: { readonly latitude: number; readonly longitude: number };
}

export interface ClientIdJson {
  readonly category: number;
  readonly last_id?: string;
}

export interface FailureJson {
  readonly index: number;
  readonly code: number;
  readonly message?: string;
  readonly retry_after?: string;
}

export interface StreamJson {
  readonly sn: string;
  readonly target?: string;
  readonly type: number;
  readonly local?: { readonly ids?: readonly ClientIdJson[] };
  readonly postbox?: { readonly posts?: readonly PostJson[] };
  readonly receipts?: { readonly local_ids?: readonly ClientIdJson[]; readonly postmarks?: readonly PostmarkJson[] };
  readonly cut?: boolean;
  readonly changed?: boolean;
  readonly errors?: readonly FailureJson[];
}

/** The binary form of a message given in JSON. */
export function encodeMessage(schema: DescMessage, json: object): Buffer {
  return Buffer.from(toBinary(schema, fromJson(schema, json as JsonValue)));
}

/** A message in its binary form as JSON. */
export function decodeMessage<T>(schema: DescMessage, bytes: Uint8Array): T {
  return toJson(schema, fromBinary(schema, bytes), { useProtoFieldName: true, enumAsInteger: true }) as T;
}

export function encodeStream(frame: StreamJson): Buffer {
  return encodeMessage(StreamSchema, frame);
}

export function decodeStream(bytes: Uint8Array): StreamJson {
  return decodeMessage<StreamJson>(StreamSchema, bytes);
}

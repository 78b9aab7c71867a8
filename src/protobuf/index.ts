/**
 * The protobuf room: message types of the published interface and a codec between them, their binary form and their JSON form.
 */
export { compileCodec } from './codec.ts';
export type { Codec, JsonOptions } from './codec.ts';
export { jsonSchemaOf } from './json-schema.ts';
export type { JsonSchema, ObjectSchema } from './json-schema.ts';
export { DecodeError, EncodeError } from './errors.ts';
export type { Duration, Int64, Timestamp } from './well-known.ts';

export {
  Category,
  Chat,
  ClientIdSchema,
  ClientIdsSchema,
  PayloadType,
  PostmarkSchema,
  PostSchema,
  ReceiptsSchema,
  StreamSchema,
  Type,
} from './gen/appootb/message/chat_pb.js';
export { Room } from './gen/appootb/message/room_pb.js';
export { ConnectionsSchema, InnerChat, PackageSchema, TagSchema } from './gen/appootb/message/inner_pb.js';
export {
  ChatUserChatRateLimitedService,
  ChatUserConnectedService,
  ChatUserDisconnectedService,
  PersonalChatPersonalChatSentService,
} from './gen/accelbyte/chat/chat/v1/chat_pb.js';
export {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthCheckResponseSchema,
} from './gen/grpc/health/v1/health_pb.js';
export {
  ServerReflection,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from './gen/grpc/reflection/v1/reflection_pb.js';
export { ServerReflection as ServerReflectionV1Alpha } from './gen/grpc/reflection/v1alpha/reflection_pb.js';
export type {
  ClientId,
  ClientIds,
  Connections,
  Failure,
  Location,
  Media,
  Package,
  Post,
  Postbox,
  Postmark,
  Receipts,
  Stream,
  Tag,
  Text,
} from './gen/plain.ts';
export { loadSchema } from './schema.ts';

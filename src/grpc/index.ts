/**
 * The gRPC room: a server for methods that speak in bytes, over node:http2 without TLS, and one port for it and HTTP/1.1.
 * `routeConnections` sorts sockets, `createGrpcServer` speaks gRPC on those that are HTTP/2.
 */
export { frameMessage } from './framing.ts';
export { registerHealth } from './health.ts';
export type { GrpcHealth, GrpcHealthStatus } from './health.ts';
export { DEFAULT_GRPC_LIMITS } from './limits.ts';
export type { GrpcLimits } from './limits.ts';
export type { GrpcMetadata, GrpcMetadataFields } from './metadata.ts';
export type {
  GrpcCall,
  GrpcCloseReason,
  GrpcMethod,
  GrpcStreamCall,
  GrpcStreamHandler,
  GrpcStreamMethod,
  GrpcUnaryMethod,
} from './method.ts';
export type { GrpcObservation, GrpcRefusal } from './observe.ts';
export { registerReflection } from './reflection.ts';
export type { GrpcReflection } from './reflection.ts';
export { createGrpcServer } from './server.ts';
export type { GrpcServer, GrpcServerOptions } from './server.ts';
export { routeConnections, takeErrors } from './sniff.ts';
export type { SharedPort, SharedPortOptions } from './sniff.ts';
export { GrpcError, GrpcStatus } from './status.ts';
export type { GrpcStatusCode, GrpcStatusInfo } from './status.ts';

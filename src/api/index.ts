/** The room's public surface: what doors build their part of `/api` from, and what composes the parts. */
export { Nothing } from './answers.ts';
export type { ErrorAnswer } from './answers.ts';
export { OWN, PREFIX, createApi } from './api.ts';
export type { Api, Part } from './api.ts';
export type { AsyncChannel, AsyncMessage } from './asyncapi.ts';
export {
  PUBLIC,
  actorFrom,
  anyone,
  callerOf,
  identityFrom,
  namespaceFor,
  serverFrom,
  serversOnly,
  someone,
  usersOnly,
} from './caller.ts';
export type { Caller, Rule } from './caller.ts';
export * from './codec.ts';
export * from './examples.ts';
export type { About, Operation, RouteDeps, Routes } from './operation.ts';
export {
  ID_PATTERN,
  NAMESPACE_PATTERN,
  ServerHeaders,
  count,
  createComponents,
  id,
  idInPath,
  limit,
  next,
  place,
  serverHeaders,
  time,
} from './schema.ts';
export { STATUS, toAnswer, toError, wordRefusal } from './status.ts';
export { allowedAt, collectPaths } from './unknown.ts';

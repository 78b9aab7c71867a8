/**
 * A door: an adapter between one published interface and the core. It parses, translates, calls `chat` and writes what comes back;
 * no rule of the product is in it.
 *
 * The smallest door there is:
 *
 *     export const createEchoDoor = (): Door => ({
 *       name: 'echo',
 *       attach: ({ http }) => http.get('/echo', (request) => request.query),
 *     });
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Api } from '../api/index.ts';
import type { ErrorCode } from '../core/index.ts';
import type { GrpcReflection, GrpcServer } from '../grpc/index.ts';

/** Takes over a socket that asked for an upgrade. Must not throw; it owns the socket from here. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What is refused before any route of a door has it: see `src/listener/refusals.ts`. */
export interface Refusal {
  /** Of HTTP. */
  readonly status: number;
  /** `timeout`: the request never became whole. */
  readonly code: ErrorCode | 'timeout';
  readonly message: string;
}

/** Words a refusal as the door does: a JSON text. */
export type RefusalForm = (refusal: Refusal) => string;

/** What a door is offered: the same port for all of them. */
export interface Carriers {
  /** HTTP/1.1 routes, but for those under `/api`. */
  readonly http: FastifyInstance;
  /** Operations under `/api`: a part of one document, with the admission and the refusals that all have in common. */
  readonly api: Pick<Api, 'register'>;
  /** gRPC methods; a service that is registered as well is seen by reflection and health clients. */
  readonly grpc: Pick<GrpcServer, 'register'> & GrpcReflection;
  /** Upgrades (WebSocket) of one exact path. */
  upgrade(path: string, handler: UpgradeHandler): void;
  /** What is refused under this path is worded by the door and counted as its. */
  refusals(prefix: string, door: string, form: RefusalForm): void;
}

export interface Door {
  readonly name: string;
  /** Registers its routes, upgrades and methods; called once, before the listener listens. */
  attach(carriers: Carriers): void | Promise<void>;
  /** Ends what it still holds: the core has ended all sessions by then. */
  close?(): void | Promise<void>;
}

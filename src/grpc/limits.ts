/** What one client may cost. Every number has the attack or the accident that it stops beside it. */

export interface GrpcLimits {
  /** Open calls on one connection; more are refused by HTTP/2 itself. A gateway that carries many users on one connection needs room. */
  readonly maxConcurrentStreams: number;
  /** Bytes of all headers of one call, as HTTP/2 counts them (32 more per header). Metadata carries a token and little else. */
  readonly maxHeaderListBytes: number;
  /** Headers of one call, so that thousands of empty ones are refused as well. */
  readonly maxHeaderPairs: number;
  /** Bytes of one request message, before and after decompression; read from its length prefix before anything is kept. */
  readonly maxMessageBytes: number;
  /** Bytes of requests of one connection that are not yet answered or not yet complete: all its calls may not add up to gigabytes. */
  readonly maxConnectionRequestBytes: number;
  /** Messages being decompressed at one time over all connections, each of which may need `maxMessageBytes`. As many as Node has threads for it. */
  readonly maxConcurrentInflations: number;
  /** Bytes that may wait for one call's client to read them; past it the call is cut off. At least the 64 KiB of a stream's own buffer. A client with a closed window would otherwise keep everything. */
  readonly maxBufferedBytes: number;
  /** The same over all calls of one connection, looked at once a second: a thousand calls that each stay just below their limit. */
  readonly maxConnectionBufferedBytes: number;
  /** What node:http2 itself may hold for one connection, in MiB; above `maxConnectionBufferedBytes`, which is part of it. */
  readonly maxSessionMemoryMiB: number;
  /** Calls that end by a reset, at once and per second, whoever sent the reset: "rapid reset" (CVE-2023-44487) and its server-sent twin (CVE-2025-8671). A full connection may cancel all of its calls. */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
  /** PING frames with no data from us in between, at once and per second. Clients measure the line with a ping per batch of data, so only idle pings count. */
  readonly pingBurst: number;
  readonly pingsPerSecond: number;
  /** SETTINGS frames, at once and per second: each must be answered. */
  readonly settingsBurst: number;
  readonly settingsPerSecond: number;
  /** Milliseconds to finish the HTTP/2 handshake: preface, SETTINGS and the acknowledgement of ours, without which our limits do not bind the client. */
  readonly handshakeTimeoutMs: number;
  /** Milliseconds to make the first call, complete headers included. */
  readonly firstRequestTimeoutMs: number;
  /** Milliseconds for a unary call's request to be complete. */
  readonly requestTimeoutMs: number;
  /** Milliseconds for the client to take the rest of a call that has been ended, status included. */
  readonly finishTimeoutMs: number;
  /** Milliseconds without an open call after which a connection is closed. */
  readonly idleTimeoutMs: number;
  /** Milliseconds between our own pings on a connection with open calls: finds dead peers and those stuck inside a frame. */
  readonly keepaliveIntervalMs: number;
  /** Milliseconds to answer such a ping. */
  readonly keepaliveTimeoutMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_GRPC_LIMITS: GrpcLimits = {
  maxConcurrentStreams: 1024,
  maxHeaderListBytes: 16 * KIB,
  maxHeaderPairs: 128,
  maxMessageBytes: 4 * MIB,
  maxConnectionRequestBytes: 16 * MIB,
  maxConcurrentInflations: 4,
  maxBufferedBytes: 1 * MIB,
  maxConnectionBufferedBytes: 16 * MIB,
  maxSessionMemoryMiB: 32,
  resetBurst: 2000,
  resetsPerSecond: 100,
  pingBurst: 100,
  pingsPerSecond: 1,
  settingsBurst: 50,
  settingsPerSecond: 1,
  handshakeTimeoutMs: 10_000,
  firstRequestTimeoutMs: 30_000,
  requestTimeoutMs: 30_000,
  finishTimeoutMs: 10_000,
  idleTimeoutMs: 300_000,
  keepaliveIntervalMs: 30_000,
  keepaliveTimeoutMs: 20_000,
};
